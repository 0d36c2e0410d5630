import AnnotationModel
import AnnotationStore
import LabelDocuments
import LabelText

extension SuggestionStory {
    /// A change that waits for acceptance, or was decided.
    package init(_ suggestion: SuggestionView) {
        self.init(
            op: suggestion.operation.description, org: suggestion.operation.origin.description,
            state: "\(suggestion.state)",
            fields: Dictionary(
                uniqueKeysWithValues: suggestion.fields.map { name, value in
                    (name, Self.value(name, value))
                }))
    }

    /// A suggested value as the field shows it: the label table keeps a selector as it was encoded.
    private static func value(_ field: String, _ value: FieldValue) -> JSONValue {
        guard field == "selector", let selector = try? Selector(decoding: value.encoded) else {
            return JSONValue(value)
        }
        return Output.selector(selector)
    }

    /// It in one line.
    package var line: String {
        let changes = fields.sorted { $0.key < $1.key }.map { name, value in
            "\(name) = \(Output.words(name, value))"
        }
        return "  suggestion \(op) by \(org): " + changes.joined(separator: ", ")
            + "  (\(state))"
    }
}
