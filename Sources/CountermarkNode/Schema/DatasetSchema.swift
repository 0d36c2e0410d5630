import AnnotationFormats
import AnnotationModel
import AnnotationStore
import LabelSchema

/// A dataset's schema as this program understands it, ready to judge labels and to name their classes.
///
/// What the steward signed may be of a later version, or no schema at all: then no label is judged, no
/// name is mapped, and nothing else changes.
public struct DatasetSchema: Sendable {
    /// The text in the steward's log.
    public let text: String
    /// The schema; nil where the text cannot be read.
    public let schema: LabelSchema?
    /// Why the text cannot be read.
    public let problem: SchemaError?
    /// Judges labels; nil where nothing is restricted or nothing could be read.
    public let judge: LabelJudge?
    /// The class that stands for each name that is mapped to one.
    public let mappings: [String: String]

    /// The schema with a text; an empty one restricts nothing.
    public init(text: String) {
        self.text = text
        do throws(SchemaError) {
            let schema = text.isEmpty ? LabelSchema() : try LabelSchema(parsing: text)
            self.schema = schema
            problem = nil
            judge = schema.isUnrestricted ? nil : LabelJudge(schema)
            mappings = schema.resolvedMappings
        } catch {
            (schema, problem, judge, mappings) = (nil, error, nil, [:])
        }
    }

    /// The class that stands for a name now.
    public func className(_ written: String) -> String { mappings[written] ?? written }

    /// All names under which labels of a class may have been written: its own first.
    public func writtenNames(of className: String) -> [String] {
        [className] + mappings.filter { $0.value == className }.map(\.key).sorted()
    }

    /// The words for a schema that cannot be read: what is wrong, and what follows.
    public var warning: String? {
        problem.map { "the schema cannot be read, so no label is judged: \($0)" }
    }
}

/// Judges labels of one dataset as they are listed.
public final class LabelJudging {
    /// The schema.
    public let schema: DatasetSchema
    private let node: Node
    private let dataset: DatasetID
    /// Media types of the last items.
    private var mediaTypes: ByteMap<String?> = [:]
    private static let mediaTypesMax = 4_096

    init(_ node: Node, _ dataset: DatasetID, _ schema: DatasetSchema) {
        (self.node, self.dataset, self.schema) = (node, dataset, schema)
    }

    /// In what a label does not fit the schema; nil where labels are not judged.
    public func problems(of label: LabelView) throws -> [SchemaProblem]? {
        guard let judge = schema.judge else { return schema.problem == nil ? [] : nil }
        return judge.check(
            className: label.className, kind: label.selector.kind, fields: label.fields,
            mediaType: judge.asksForMediaType ? try mediaType(of: label.item) : nil)
    }

    /// In what a label of a file does not fit the schema.
    func problems(of label: LabelRecord) throws -> [SchemaProblem] {
        guard let judge = schema.judge else { return [] }
        return judge.check(
            label, mediaType: judge.asksForMediaType ? try mediaType(of: label.item) : nil)
    }

    /// Notes an item that a file names and the dataset does not have yet.
    func note(_ item: ItemRecord) {
        guard schema.judge?.asksForMediaType == true,
            let type = item.fields[Field.Known.mediaType.name]?.textValue
        else { return }
        keep(type, of: item.key)
    }

    private func keep(_ type: String?, of key: String) {
        if mediaTypes.count >= Self.mediaTypesMax { mediaTypes.removeAll(keepingCapacity: true) }
        mediaTypes[key] = .some(type)
    }

    private func mediaType(of key: String) throws -> String? {
        if let known = mediaTypes[key] { return known }
        let item = try node.store.item(dataset, key: key)
        let type = item?.record.fields[Field.Known.mediaType.name]?.textValue
        keep(type, of: key)
        return type
    }
}
