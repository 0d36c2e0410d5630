import AnnotationFormats
import AnnotationModel
import CountermarkNode
import LabelDocuments
import LabelText

extension Output {
    /// A JSON text as a part of a document; null for one that is none.
    static func parsed(_ text: String) -> JSONValue {
        // Who wrote it may be a partner; why it is none does not matter where it is shown.
        (try? JSONValue(parsing: text)) ?? .null
    }

    /// A selector as a part of a document.
    static func selector(_ selector: Selector) -> JSONValue { parsed(SelectorJSON.text(selector)) }

    /// A value as people read it: a text as it is, unless it looks like another value or like nothing.
    static func words(_ value: JSONValue) -> String {
        guard case .string(let string) = value else { return value.text }
        let looksLikeOther: Bool
        if case .text = Output.value(string) {
            looksLikeOther = false
        } else {
            looksLikeOther = true
        }
        let ends = [string.first, string.last]
        let isMarked = ends[0].map { "\"[{ ".contains($0) } ?? true
        return looksLikeOther || isMarked || ends[1] == " " ? value.text : string
    }
}
