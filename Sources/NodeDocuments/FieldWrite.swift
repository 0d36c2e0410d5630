import AnnotationFormats
import AnnotationModel
import CountermarkNode
import LabelText
import PlainErrors
import Signing

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
        case .known(let known) where texts.contains(known) && value != "null":
            return .field(.known(known), try fitting(.text(value), .known(known)))
        case let field: return .field(field, try fitting(Output.value(value), field))
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
        case let known: return .field(known, try fitting(try fieldValue(value, field), known))
        }
    }

    /// Known fields whose values are texts, whatever they look like.
    private static let texts: Set<Field.Known> = [
        .mediaType, .sameAs, .author, .source, .externalID,
    ]

    /// A value as a field keeps it.
    ///
    /// - Throws: ``NodeError`` for one of another type than all that read the field expect.
    private static func fitting(_ value: FieldValue, _ field: Field) throws -> FieldValue {
        if value == .null { return value }
        switch field {
        case .attribute(let name) where name.hasPrefix("stage."):
            throw unusable(
                "there is no \(name): the stages are "
                    + ProcessingStage.allCases.map(\.rawValue).joined(separator: ", "))
        case .known(.sha256):
            if case .bytes(let bytes) = value, bytes.count == 32 { return value }
            if let bytes = value.textValue.flatMap({ Hex.decode($0) }), bytes.count == 32 {
                return .bytes(bytes)
            }
            throw unusable("sha256 is 64 hexadecimal digits")
        case .known(.mediaType):
            guard value.textValue?.contains("/") == true else {
                throw unusable("mediaType is like image/png")
            }
        case .known(.bytes), .known(.width), .known(.height), .known(.channels):
            guard case .integer(0...) = value else {
                throw unusable("\(field.name) is a whole number, 0 or more")
            }
        case .known(.duration), .known(.frameRate):
            guard let number = value.numberValue, number >= 0, number.isFinite else {
                throw unusable("\(field.name) is a number, 0 or more")
            }
        case .known(.examined):
            guard case .bool = value else { throw unusable("examined is true or false") }
        case .known(let known) where texts.contains(known):
            guard value.textValue != nil else { throw unusable("\(field.name) is a text") }
        case let field:
            guard let stage = ProcessingStage(field), StageState(of: stage, value) == nil else {
                break
            }
            throw unusable(
                "the stage \(stage.rawValue) is one of " + stage.states.joined(separator: ", "))
        }
        return value
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
