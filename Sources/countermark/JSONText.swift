import AnnotationFormats
import AnnotationModel
import CountermarkNode
import Foundation
import LabelText

/// A document as JSON text: on one line, keys ascending, and values of different types different.
///
/// Foundation writes 1.0 as 1, which is another value here.
struct JSONText {
    private var writer = JSONWriter()

    /// The text of a document or a value.
    static func text(_ value: Any) -> String {
        var text = JSONText()
        text.write(value)
        return String(decoding: text.writer.bytes, as: UTF8.self)
    }

    private mutating func write(_ value: Any) {
        switch value {
        case let value as JSONValue: writer.value(value)
        case let value as String: writer.string(value)
        case let value as Bool: writer.bool(value)
        case let value as any BinaryInteger: writer.integer(value)
        case let value as Double: writer.double(value)
        case let value as FieldValue: write(Output.json(value))
        case is NSNull: writer.null()
        case let members as [String: Any]:
            writer.beginObject()
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                writer.key(name: name)
                write(member)
            }
            writer.endObject()
        case let elements as [Any]:
            writer.beginArray()
            for element in elements { write(element) }
            writer.endArray()
        default: writer.string("\(value)")
        }
    }
}

extension Output {
    /// A JSON document on one line, keys sorted.
    static func text(_ document: [String: Any]) -> String {
        InertText.json(JSONText.text(document))
    }

    /// A JSON text as a part of a document; null for one that is none.
    static func parsed(_ text: String) -> Any {
        // Who wrote it may be a partner; why it is none does not matter where it is shown.
        (try? JSONValue(parsing: text)).map { $0 as Any } ?? NSNull()
    }

    /// A selector as a part of a document.
    static func selector(_ selector: Selector) -> Any { parsed(SelectorJSON.text(selector)) }

    /// A value of a field as JSON.
    ///
    /// Bytes, which JSON lacks, and maps that look like them are written as in jsonl files.
    static func json(_ value: FieldValue?) -> Any {
        switch value {
        case .none, .null: return NSNull()
        case .bool(let value): return value
        case .integer(let value): return value
        case .float(let value): return value
        case .text(let value): return value
        case .bytes(let value):
            return ["$bytes": value.map { String(format: "%02x", $0) }.joined()]
        case .array(let items): return items.map { json($0) }
        case .map(let pairs):
            let members = pairs.mapValues { json($0) }
            let looksLikeBytes = pairs.count == 1 && (pairs["$bytes"] ?? pairs["$map"]) != nil
            let wrapped: [String: Any] = ["$map": members]
            return looksLikeBytes ? wrapped : members
        }
    }

    /// A value as people read it: a text as it is, unless it looks like another value or like nothing.
    static func words(_ value: Any) -> String {
        guard let string = value as? String else { return JSONText.text(value) }
        let looksLikeOther: Bool
        if case .text = Output.value(string) {
            looksLikeOther = false
        } else {
            looksLikeOther = true
        }
        let ends = [string.first, string.last]
        let isMarked = ends[0].map { "\"[{ ".contains($0) } ?? true
        return looksLikeOther || isMarked || ends[1] == " " ? JSONText.text(string) : string
    }
}
