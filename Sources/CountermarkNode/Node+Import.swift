import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Foundation
import Provenance

/// What an import did.
public struct ImportReport: Sendable {
    /// Labels added.
    public var added = 0
    /// Labels changed.
    public var changed = 0
    /// The number of retracted labels.
    public var retracted = 0
    /// Labels that were there already.
    public var unchanged = 0
    /// Changesets written.
    public var changesets = 0
    /// Records not taken, with the reason.
    public var skipped: [(where: String, why: String)] = []

    /// A report of nothing yet.
    public init() {}
}

/// How to import.
public struct ImportOptions: Sendable {
    /// The author's local id; 0 for none.
    public var author: String?
    /// The source's local id; 0 for none.
    public var source: String?
    /// Retracts labels of this organisation that the files no longer hold.
    public var prune = false
    /// Refuses labels of items that the dataset does not have.
    public var knownItemsOnly = false

    /// The defaults.
    public init() {}
}

extension Node {
    /// Imports label files; the same files a second time change nothing.
    ///
    /// The files are read twice: once to find what is wrong before anything is signed, once to write.
    public func importLabels(
        _ dataset: DatasetID, _ paths: [String], format: any AnnotationFormat,
        options: ImportOptions
    ) throws -> ImportReport {
        try require(dataset)
        let files = paths.map { InputFile(path: $0) }
        try catchUp(dataset)
        let context = ReadContext { [store] key in
            try store.item(dataset, key: key)?.record.fields
        }
        try format.read(files, context: context) { _ in }
        let plan = try ImportPlan(self, dataset, options)
        let changesets = try write(
            dataset, author: options.author,
            message:
                "import \(paths.map(FileSystem.lastComponent).joined(separator: ", ").prefix(200))",
            source: options.source ?? "import"
        ) { append in
            try format.read(files, context: context) { event in
                for operation in try plan.operations(for: event) { _ = try append(operation) }
            }
            for operation in plan.leftovers() { _ = try append(operation) }
        }
        var report = plan.report
        report.changesets = changesets
        return report
    }
}

/// Decides what each record of a file means for a dataset as it stands: the smallest set of operations.
private final class ImportPlan {
    private let node: Node
    private let dataset: DatasetID
    private let options: ImportOptions
    private let logs: [Int: Origin]
    private var items: Set<String> = []
    /// This organisation's labels by item, as far as no record has been matched with them.
    private var open: [String: [LabelView]] = [:]
    private let hasLabels: Bool
    private(set) var report = ImportReport()

    init(_ node: Node, _ dataset: DatasetID, _ options: ImportOptions) throws {
        (self.node, self.dataset, self.options) = (node, dataset, options)
        logs = try node.logNames(dataset)
        var filter = LabelFilter()
        filter.org = node.home.origin
        hasLabels = try !node.store.labels(logs, filter: filter, limit: 1).isEmpty
        var keys: Set<String> = []
        try node.store.forEachItem(dataset) { keys.insert($0.key) }
        items = keys
    }

    func operations(for event: FormatEvent) throws -> [Operation] {
        switch event {
        case .labelClass, .note: return []
        case .skipped(let place, let why):
            report.skipped.append((place, why))
            return []
        case .item(let record):
            if options.knownItemsOnly || !items.insert(record.key).inserted { return [] }
            return [.addItem(key: record.key, fields: Self.fields(record.fields))]
        case .annotation(let record): return try operations(for: record)
        }
    }

    private static func fields(_ named: [String: FieldValue]) -> [Field: FieldValue] {
        [Field: FieldValue](
            named.map { (Field(name: $0.key), $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    private func operations(for record: LabelRecord) throws -> [Operation] {
        if options.knownItemsOnly, !items.contains(record.item) {
            report.skipped.append(
                ("item \(record.item)", "the dataset does not have it (--known-items-only)"))
            return []
        }
        do {
            try record.selector.validate()
        } catch {
            report.skipped.append(("item \(record.item)", "\(error)"))
            return []
        }
        if let existing = try match(record) { return changes(existing, record) }
        report.added += 1
        return [
            .addAnnotation(
                item: record.item, className: record.className.isEmpty ? "-" : record.className,
                selector: record.selector, fields: fields(of: record))
        ]
    }

    private func fields(of record: LabelRecord) -> [Field: FieldValue] {
        var fields: [Field: FieldValue] = [:]
        for (name, value) in record.attributes { fields[.attribute(name)] = value }
        if let confidence = record.confidence { fields[.known(.confidence)] = .float(confidence) }
        if let id = record.externalID { fields[.known(.externalID)] = .text(id) }
        if let author = record.author, author != options.author {
            fields[.known(.author)] = .text(author)
        }
        if let source = record.source, source != options.source {
            fields[.known(.source)] = .text(source)
        }
        if record.isRetracted {
            fields[.known(.status)] = .integer(AnnotationStatus.retracted.rawValue)
        }
        return fields
    }

    /// Finds the label that a record speaks of: by its external id, else by what it says.
    private func match(_ record: LabelRecord) throws -> LabelView? {
        guard hasLabels else { return nil }
        if open[record.item] == nil {
            var filter = LabelFilter()
            filter.item = record.item
            filter.org = node.home.origin
            open[record.item] = try node.store.labels(logs, filter: filter, limit: .max)
        }
        let candidates = open[record.item] ?? []
        let index =
            candidates.firstIndex {
                record.externalID != nil && $0.fields["externalID"]?.textValue == record.externalID
            }
            ?? candidates.firstIndex {
                $0.className == record.className && $0.selector == record.selector
                    && (record.externalID == nil || $0.fields["externalID"] == nil)
            }
        guard let index else { return nil }
        return open[record.item]?.remove(at: index)
    }

    private func changes(_ existing: LabelView, _ record: LabelRecord) -> [Operation] {
        var writes: [Operation.Write] = []
        if existing.className != record.className, !record.className.isEmpty {
            writes.append(.className(record.className))
        }
        if existing.selector != record.selector { writes.append(.selector(record.selector)) }
        let wanted = fields(of: record)
        for (field, value) in wanted where field != .known(.status) {
            if existing.fields[field.name] != value { writes.append(.field(field, value)) }
        }
        if existing.isRetracted != record.isRetracted {
            writes.append(.field(.known(.status), .integer(record.isRetracted ? 1 : 0)))
        }
        if writes.isEmpty {
            report.unchanged += 1
            return []
        }
        report.changed += 1
        return [.set(existing.id, writes)]
    }

    /// The retraction of labels that the files no longer hold, if asked for; only items that the files
    /// speak of are concerned.
    func leftovers() -> [Operation] {
        guard options.prune else { return [] }
        let gone = open.values.joined().filter { !$0.isRetracted }.sorted { $0.key < $1.key }
        report.retracted = gone.count
        return gone.map { .set($0.id, [.field(.known(.status), .integer(1))]) }
    }
}

extension Node {
    /// Which labels to export.
    public enum ExportView: Equatable, Sendable {
        /// The resolved label set without what is retracted.
        case resolved
        /// Everything, retracted labels too.
        case union
        /// What one organisation added.
        case org(Origin)
    }

    /// Writes a dataset's labels in a format.
    ///
    /// - Returns: The report, and how many of the labels are contested.
    public func export(
        _ dataset: DatasetID, format: any AnnotationFormat, view: ExportView,
        to output: any FormatOutput, options: WriteOptions = WriteOptions()
    ) throws -> (report: ConversionReport, contested: Int) {
        try require(dataset)
        try catchUp(dataset)
        let logs = try logNames(dataset)
        var filter = LabelFilter()
        if case .org(let origin) = view { filter.org = origin }
        let store = store
        var contested = 0
        let source = LabelSource(
            forEachItem: { try store.forEachItem(dataset, $0) },
            forEachAnnotation: { body in
                contested = 0
                var after: OperationKey?
                while true {
                    let page = try store.labels(logs, filter: filter, after: after, limit: 1_000)
                    for label in page where view == .union || !label.isRetracted {
                        if label.flags.isConflict { contested += 1 }
                        try body(Self.record(label))
                    }
                    guard page.count == 1_000, let last = page.last else { return }
                    after = last.key
                }
            })
        let report = try format.write(source, to: output, options: options)
        return (report, contested)
    }

    static func record(_ label: LabelView) -> LabelRecord {
        var attributes: [String: FieldValue] = [:]
        for (name, value) in label.fields {
            if case .attribute(let attribute) = Field(name: name) { attributes[attribute] = value }
        }
        return LabelRecord(
            item: label.item, className: label.className, selector: label.selector,
            attributes: attributes, confidence: label.fields["confidence"]?.numberValue,
            externalID: label.fields["externalID"]?.textValue,
            author: label.fields["author"]?.textValue ?? label.author,
            source: label.fields["source"]?.textValue ?? label.source,
            isRetracted: label.isRetracted,
            provenance: .init(
                id: label.id.description, org: label.id.origin.description,
                isContested: label.flags.isConflict))
    }
}
