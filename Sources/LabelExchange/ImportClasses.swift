import AnnotationFormats
import AnnotationModel
import AnnotationStore
import DatasetReading
import LabelSchema

/// A class of label files that a dataset's schema does not have.
public struct UnfitClass: Sendable, Equatable {
    /// The name in the files, or the one that a mapping gave it.
    public let name: String
    /// How many labels carry it.
    public internal(set) var labels: Int
    /// The class that is probably meant.
    public internal(set) var suggestion: String?
}

/// What an import makes of the records' classes: renames them as asked, tells which do not fit the
/// schema, and compares names as what stands for them now.
///
/// One look-up a label; where there is neither a schema nor a mapping there is no such object.
package final class ImportClasses {
    private struct Class {
        /// What the mapping makes of it.
        let name: String
        let fits: Bool
        var labels = 0
    }

    package let schema: DatasetSchema
    private let renames: [String: String?]
    /// The names that fit; nil where all do.
    private let known: Set<String>?
    /// Only where labels outside the schema are refused.
    private let judging: LabelJudging?
    private var classes: [Class] = []
    private var indices: ByteMap<Int> = [:]
    /// The number of labels whose class was renamed.
    package private(set) var renamed = 0
    /// True if the files have more classes than are told apart.
    private(set) var hasMore = false
    private static let classesMax = 10_000
    /// Each is compared with all classes of the schema.
    private static let suggestionsMax = 1_000

    /// Nil where there is nothing to do.
    package init?(_ dataset: MergedDataset, _ schema: DatasetSchema, _ options: ImportOptions) {
        if schema.judge == nil, schema.mappings.isEmpty, options.classMapping == nil { return nil }
        self.schema = schema
        renames = options.classMapping?.names ?? [:]
        known = schema.schema?.classes.map { Set($0.map(\.name) + schema.mappings.keys) }
        judging = options.strictSchema ? LabelJudging(dataset, schema) : nil
    }

    /// Notes an item that the files name.
    package func note(_ item: ItemRecord) { judging?.note(item) }

    /// Renames a record's class, counts it, and tells why the label is not to be taken; nil if it is.
    package func take(_ record: inout LabelRecord) throws -> String? {
        let name = record.className.isEmpty ? ImportPlan.noClass : record.className
        let new: String
        if let index = indices[name] ?? meet(name) {
            classes[index].labels += 1
            new = classes[index].name
        } else {
            new = newName(name)
        }
        if new != name {
            record.className = new
            renamed += 1
        }
        guard let judging else { return nil }
        let problems = try judging.problems(of: record)
        if problems.isEmpty { return nil }
        return "outside the schema: " + problems.map(\.description).joined(separator: "; ")
    }

    private func newName(_ name: String) -> String { (renames[name] ?? nil) ?? name }

    /// The index of a class that was not met before; nil if there are too many.
    private func meet(_ name: String) -> Int? {
        guard classes.count < Self.classesMax else {
            hasMore = true
            return nil
        }
        let new = newName(name)
        classes.append(Class(name: new, fits: known?.contains(new) ?? true))
        indices[name] = classes.count - 1
        return classes.count - 1
    }

    /// The classes that do not fit, by name.
    package var unfit: [UnfitClass] {
        var unfit: [String: UnfitClass] = [:]
        for entry in classes where !entry.fits {
            unfit[entry.name, default: UnfitClass(name: entry.name, labels: 0)].labels +=
                entry.labels
        }
        var found = unfit.values.sorted { $0.name < $1.name }
        if found.isEmpty { return found }
        let finder = schema.schema.map(ClassFinder.init)
        for index in found.indices.prefix(Self.suggestionsMax) {
            found[index].suggestion = finder?.suggestion(for: found[index].name)
        }
        return found
    }

    // MARK: Comparing

    /// A record under the class that stands for its own now.
    func canonical(_ record: LabelRecord) -> LabelRecord {
        guard let name = schema.mappings[record.className] else { return record }
        var record = record
        record.className = name
        return record
    }

    /// Records, and what was exported of them, under the classes that stand for theirs now.
    func canonical(_ records: [ImportPlan.Pending]) -> [ImportPlan.Pending] {
        if schema.mappings.isEmpty { return records }
        return records.map { (canonical($0.record), $0.exported.map(canonical)) }
    }

    /// A label under the class that stands for its own now.
    func canonical(_ label: LabelView) -> LabelView {
        schema.mappings[label.className].map(label.withClass) ?? label
    }

    /// Labels under the classes that stand for theirs now.
    func canonical(_ labels: [LabelView]) -> [LabelView] {
        schema.mappings.isEmpty ? labels : labels.map(canonical)
    }

    /// The class that stands for a name now.
    func canonical(_ name: String) -> String { schema.className(name) }
}
