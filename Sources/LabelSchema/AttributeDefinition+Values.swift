import AnnotationModel
import LabelText

extension AttributeDefinition {
    /// What is wrong with a value; nil if it fits, and for one that was cleared.
    public func problem(with value: FieldValue) -> SchemaProblem.Kind? {
        if value == .null { return nil }
        guard isOfType(value) else { return .wrongType(expected: type.rawValue) }
        if let minimum, Self.precedes(value, minimum) { return .outOfRange }
        if let maximum, Self.precedes(maximum, value) { return .outOfRange }
        if let permitted, !permitted.contains(where: { Self.isEqual($0, value) }) {
            return .notPermitted
        }
        return nil
    }

    /// True for a value of the type: nothing is converted but whole numbers to floats.
    package func isOfType(_ value: FieldValue) -> Bool {
        switch (type, value) {
        case (.bool, .bool), (.integer, .integer), (.float, .float), (.float, .integer),
            (.text, .text):
            true
        default: false
        }
    }

    private static func precedes(_ left: FieldValue, _ right: FieldValue) -> Bool {
        if case .integer(let left) = left, case .integer(let right) = right { return left < right }
        guard let left = left.numberValue, let right = right.numberValue else { return false }
        return left < right
    }

    private static func isEqual(_ left: FieldValue, _ right: FieldValue) -> Bool {
        if left == right { return true }
        guard let left = left.numberValue, let right = right.numberValue else { return false }
        return left == right
    }

    /// The first thing in which the definition contradicts itself.
    package func inconsistency(_ path: String) -> LabelSchema.Inconsistency? {
        let isNumeric = type == .integer || type == .float
        for (member, value) in [("minimum", minimum), ("maximum", maximum)] {
            guard let value else { continue }
            let path = "\(path).\(member)"
            if !isNumeric { return (.notForType(member: member, type: type.rawValue), path) }
            if !isOfType(value) { return (.badValue(value.schemaText, why: mistyped), path) }
        }
        if !isNumeric, !unit.isEmpty {
            return (.notForType(member: "unit", type: type.rawValue), path + ".unit")
        }
        if let minimum, let maximum, Self.precedes(maximum, minimum) {
            return (
                .emptyRange(minimum: minimum.schemaText, maximum: maximum.schemaText),
                path + ".minimum"
            )
        }
        return problem(ofPermitted: path + ".enum")
    }

    private var mistyped: String { "is no value of the type \(type.rawValue)" }

    private func problem(ofPermitted path: String) -> LabelSchema.Inconsistency? {
        guard let permitted else { return nil }
        if type == .bool { return (.notForType(member: "enum", type: type.rawValue), path) }
        if permitted.isEmpty {
            return (.badValue("[]", why: "permits nothing; leave it out"), path)
        }
        for (index, value) in permitted.enumerated() {
            let path = "\(path)[\(index)]"
            if !isOfType(value) { return (.badValue(value.schemaText, why: mistyped), path) }
            if problem(with: value) == .outOfRange {
                return (.badValue(value.schemaText, why: "lies outside the range"), path)
            }
            if permitted[..<index].contains(where: { Self.isEqual($0, value) }) {
                return (.duplicate(what: "permitted value", name: value.schemaText), path)
            }
        }
        return nil
    }
}

extension FieldValue {
    /// The value as a schema writes it.
    package var schemaText: String {
        var writer = JSONWriter()
        FieldValueJSON.write(self, to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
