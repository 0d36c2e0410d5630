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
