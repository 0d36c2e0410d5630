import AnnotationFormats
import AnnotationModel
import CountermarkNode
import LabelText
import PlainErrors

/// What the writing of one field of a label means, as people and programs put it.
package enum FieldWrite {
    /// A value as the command line has it.
    ///
    /// - Throws: ``NodeError`` for one that the field cannot have.
    package static func write(
        _ field: String, _ value: String
    ) throws -> AnnotationModel.Operation.Write {
        switch Field(name: field) {
        case .known(.className): return .className(value)
        case .known(.selector):
            return .selector(value.hasPrefix("{") ? try selector(value) : .box(try box(value)))
        case .known(.status): return .field(.known(.status), try status(value))
        case .known(.confidence):
            return .field(.known(.confidence), try confidence(Double(value)))
        case let field where ProcessingStage(field) != nil && value != "null":
            return try stage(field, value)
        case let field: return .field(field, Output.value(value))
        }
    }

    /// A value as the API's requests have it: the one that the label's document shows.
    ///
    /// - Throws: ``NodeError`` for one that the field cannot have.
    package static func write(
        _ field: String, _ value: JSONValue
    ) throws -> AnnotationModel.Operation.Write {
        switch Field(name: field) {
        case .known(.className):
            guard let name = value.string else { throw unusable("a class is a text") }
            return .className(name)
        case .known(.selector): return .selector(try selector(value))
        case .known(.status):
            if let number = value.integer, number == 0 || number == 1 {
                return .field(.known(.status), .integer(number))
            }
            return .field(.known(.status), try status(value.string ?? ""))
        case .known(.confidence):
            return .field(.known(.confidence), try confidence(value.double))
        case let field where ProcessingStage(field) != nil && value.string != nil:
            return try stage(field, value.string ?? "")
        case let known: return .field(known, try fieldValue(value, field))
        }
    }

    /// A field's value of a request.
    package static func fieldValue(_ value: JSONValue, _ field: String) throws -> FieldValue {
        guard let value = FieldValueJSON.value(value) else {
            throw unusable("\(field) cannot have this value")
        }
        return value
    }

    /// `x,y,width,height`.
    package static func box(_ text: String) throws -> Selector.Box {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
        let numbers = parts.compactMap { $0 }
        guard numbers.count == 4, parts.count == 4, numbers.allSatisfy(\.isFinite), numbers[2] >= 0,
            numbers[3] >= 0
        else { throw unusable("a box is four numbers: x,y,width,height (size 0 or more)") }
        return .init(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
    }

    /// A selector in the text of jsonl files.
    package static func selector(_ text: String) throws -> Selector {
        do {
            return try selector(try JSONValue(parsing: text))
        } catch let error as JSONError {
            throw unusable("the selector cannot be used: \(PlainError.line(error))")
        }
    }

    /// A selector as jsonl files have it.
    package static func selector(_ value: JSONValue) throws -> Selector {
        do {
            return try SelectorJSON.selector(value)
        } catch {
            throw unusable("the selector cannot be used: \(PlainError.line(error))")
        }
    }

    /// A confidence.
    package static func confidence(_ number: Double?) throws -> FieldValue {
        guard let number, (0...1).contains(number) else {
            throw unusable("a confidence lies in 0...1: 85 % is 0.85")
        }
        return .float(number)
    }

    private static func status(_ text: String) throws -> FieldValue {
        guard text == "active" || text == "retracted" else {
            throw unusable("status is active or retracted")
        }
        return .integer(text == "active" ? 0 : 1)
    }

    private static func stage(
        _ field: Field, _ value: String
    ) throws -> AnnotationModel.Operation.Write {
        guard let stage = ProcessingStage(field) else { return .field(field, .null) }
        return .field(field, try StageState(stage, value).value)
    }

    private static func unusable(_ message: String) -> NodeError {
        NodeError(.usage, message, hint: "")
    }
}
