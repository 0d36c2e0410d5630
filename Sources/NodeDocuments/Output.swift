import AnnotationFormats
import AnnotationModel
import CountermarkNode
import Foundation
import LabelDocuments
import LabelText
import Signing

/// Forms of output.
package enum Output {
    /// A time as people write it, in UTC.
    package static func time(_ seconds: Int64) -> String {
        guard ReadableTime.hasDate(seconds) else {
            return "\(ReadableTime.text(seconds)) (\(seconds))"
        }
        let formatter = ISO8601DateFormatter()
        return formatter.string(from: Date(timeIntervalSince1970: TimeInterval(seconds)))
    }

    /// A value from the command line: JSON's `true`, numbers and `null` as such, all else text.
    ///
    /// So `+0.1`, `007` and `0x2A` are text: a tolerance, a part number and a handle mean more than a number.
    package static func value(_ text: String) -> FieldValue {
        switch text {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .null
        default:
            // What is no JSON is text, so why it is none does not matter.
            switch try? JSONValue(parsing: text) {
            case .integer(let integer): return .integer(integer)
            case .double(let number) where number.isFinite: return .float(number)
            default: return .text(text)
            }
        }
    }
}

extension Output {
    /// A JSON text as a part of a document; null for one that is none.
    package static func parsed(_ text: String) -> JSONValue {
        // Who wrote it may be a partner; why it is none does not matter where it is shown.
        (try? JSONValue(parsing: text)) ?? .null
    }

    /// A selector as a part of a document.
    package static func selector(_ selector: Selector) -> JSONValue {
        parsed(SelectorJSON.text(selector))
    }

    /// A value of a field as people read and write it.
    package static func words(_ field: String, _ value: JSONValue) -> String {
        if field == Field.Known.status.name, let value = value.integer {
            return value == 0 ? "active" : "retracted"
        }
        return words(value)
    }

    /// A value as people read it: a text as it is, unless it looks like another value or like nothing.
    package static func words(_ value: JSONValue) -> String {
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
