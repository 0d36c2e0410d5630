import CanonicalCBOR

/// One operation as views into the payload; strings by their index in the table.
public enum OperationView {
    case addItem(item: Int, fields: FieldPairs)
    case addAnnotation(
        item: Int, className: Int, selector: UnsafeRawBufferPointer, fields: FieldPairs)
    case set(origin: Int, slot: Slot, fields: FieldPairs)
    case setItem(item: Int, fields: FieldPairs)
    case review(origin: Int, slot: Slot, verdict: Verdict, reason: UnsafeRawBufferPointer?)
    case comment(origin: Int, slot: Slot, text: UnsafeRawBufferPointer)
    case commentItem(item: Int, text: UnsafeRawBufferPointer)
    case governance(GovernanceAct)
}

/// The fields that one operation writes: pairs of a number and a value, ascending.
public struct FieldPairs {
    /// How many.
    public let count: Int
    var reader: CBORReader

    /// The encoded pairs.
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: reader.base[reader.offset..<reader.end])
    }

    /// Calls `body` with each field's number and encoded value.
    @inline(__always)
    public func forEach<E: Error>(
        _ body: (_ code: Int, _ value: UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        var reader = reader
        for _ in 0..<count {
            // The pairs passed the cursor's checks: reading them again cannot fail.
            guard let code = try? reader.unsigned(), let value = try? reader.item() else { return }
            try body(Int(code), value)
        }
    }
}

/// Walks the operations of a changeset, checking each.
public struct OperationCursor {
    private var reader: CBORReader
    private var remaining: Int
    private let stringCount: Int
    /// The position of the operation that ``next()`` returned last.
    public private(set) var position = -1
    /// Whether the changeset was checked before: what cannot be wrong is passed over.
    private let isChecked: Bool
    /// Governance acts come first, so that whoever folds them need not read all operations.
    private var isPastActs = false

    init(
        reader: CBORReader, remaining: Int, stringCount: Int, position: Int = 0,
        isChecked: Bool = false
    ) {
        self.reader = reader
        self.isChecked = isChecked
        self.remaining = remaining
        self.stringCount = stringCount
        self.position = position - 1
    }

    /// Where the next operation begins, in bytes from the payload's first.
    public var offset: Int { reader.offset }

    /// The next operation, or nil after the last.
    public mutating func next() throws(AnnotationModelError) -> OperationView? {
        if remaining == 0 { return nil }
        remaining -= 1
        position += 1
        do throws(CBORError) {
            let start = reader.offset
            let members = try reader.arrayHead()
            let code = try reader.unsigned(max: 255, "an unknown operation")
            if code >= 16 {
                guard !isPastActs else {
                    throw .outOfRange(
                        offset: start, what: "governance acts come before all other operations")
                }
                return .governance(try governance(code, members - 1, at: start))
            }
            isPastActs = true
            return try plain(code, members - 1, at: start)
        } catch {
            throw .encoding(error)
        }
    }

    /// Throws unless the last operation was the end of the payload.
    public func finish() throws(AnnotationModelError) {
        do { try reader.finish() } catch { throw .encoding(error) }
    }

    private mutating func plain(
        _ code: Int, _ members: Int, at start: Int
    ) throws(CBORError) -> OperationView {
        switch Operation.Code(rawValue: code) {
        case .addAnnotation:
            let item = try string()
            let className = try string()
            let selector = try selector()
            return .addAnnotation(
                item: item, className: className, selector: selector,
                fields: try pairs(members - 3, at: start, isBase: true))
        case .set:
            let origin = try string()
            let slot = try slot()
            let fields = try pairs(members - 2, at: start, isBase: false)
            if fields.count == 0 { throw .outOfRange(offset: start, what: "a set of no field") }
            return .set(origin: origin, slot: slot, fields: fields)
        case .addItem:
            let item = try string()
            return .addItem(item: item, fields: try pairs(members - 1, at: start, isBase: true))
        case .setItem:
            let item = try string()
            let fields = try pairs(members - 1, at: start, isBase: true)
            if fields.count == 0 { throw .outOfRange(offset: start, what: "a set of no field") }
            return .setItem(item: item, fields: fields)
        case .review: return try review(members, at: start)
        case .comment:
            try require(members == 3, at: start)
            return .comment(origin: try string(), slot: try slot(), text: try text())
        case .commentItem:
            try require(members == 2, at: start)
            return .commentItem(item: try string(), text: try text())
        case nil: throw .outOfRange(offset: start, what: "an unknown operation")
        }
    }

    private mutating func review(_ members: Int, at start: Int) throws(CBORError) -> OperationView {
        try require(members == 3 || members == 4, at: start)
        let origin = try string()
        let slot = try slot()
        let code = try reader.unsigned(max: 2, "a verdict is 0, 1 or 2")
        let reason = members == 4 ? try text() : nil
        guard let verdict = Verdict(rawValue: UInt8(code)) else {
            throw .outOfRange(offset: start, what: "a verdict is 0, 1 or 2")
        }
        return .review(origin: origin, slot: slot, verdict: verdict, reason: reason)
    }

    private mutating func governance(
        _ code: Int, _ members: Int, at start: Int
    ) throws(CBORError) -> GovernanceAct {
        var values: [CBORValue] = []
        for _ in 0..<max(0, members) {
            values.append(try CBORValue(reading: &reader, depthMax: 4))
        }
        guard let act = GovernanceAct(code: code, members: values) else {
            throw .outOfRange(offset: start, what: "an unknown or malformed governance act")
        }
        return act
    }

    private func require(_ condition: Bool, at start: Int) throws(CBORError) {
        if !condition { throw .outOfRange(offset: start, what: "an operation with other members") }
    }

    @inline(__always)
    private mutating func string() throws(CBORError) -> Int {
        try reader.unsigned(max: stringCount - 1, "a string beyond the table")
    }

    @inline(__always)
    private mutating func slot() throws(CBORError) -> Slot {
        let start = reader.offset
        let slot = Slot(packed: try reader.unsigned())
        guard slot.entry < Slot.entryLimit else {
            throw .outOfRange(offset: start, what: "an entry index beyond 2^36")
        }
        return slot
    }

    private mutating func text() throws(CBORError) -> UnsafeRawBufferPointer {
        let start = reader.offset
        let text = try reader.utf8()
        guard text.count <= Changeset.textBytesMax else {
            throw .outOfRange(offset: start, what: "a text is too long")
        }
        return text
    }

    @inline(__always)
    private mutating func selector() throws(CBORError) -> UnsafeRawBufferPointer {
        let start = reader.offset
        if isChecked { return try reader.item() }
        do throws(AnnotationModelError) {
            return try Selector.check(&reader)
        } catch {
            guard case .encoding(let cause) = error else {
                throw .outOfRange(offset: start, what: error.description)
            }
            throw cause
        }
    }

    @inline(__always)
    private mutating func pairs(
        _ members: Int, at start: Int, isBase: Bool
    ) throws(CBORError) -> FieldPairs {
        guard members >= 0, members % 2 == 0, members / 2 <= Changeset.fieldsMax else {
            throw .outOfRange(offset: start, what: "an operation with other members")
        }
        let from = reader.offset
        if isChecked {
            for _ in 0..<members { try reader.skip() }
        } else if members > 0 {
            try checkPairs(members / 2, isBase: isBase)
        }
        return FieldPairs(
            count: members / 2, reader: CBORReader(reader.base, from: from, to: reader.offset))
    }

    private mutating func checkPairs(_ count: Int, isBase: Bool) throws(CBORError) {
        var last = -1
        for _ in 0..<count {
            let start = reader.offset
            let code = try reader.unsigned(
                max: Field.attributeBase + stringCount - 1, "an unknown field")
            guard code > last else {
                throw .outOfRange(offset: start, what: "fields must ascend and not repeat")
            }
            last = code
            switch code {
            case 0 where !isBase: _ = try string()
            case 1 where !isBase: _ = try selector()
            case 0, 1, 27..<Field.attributeBase:
                throw .outOfRange(offset: start, what: "a field that cannot stand here")
            case Field.Known.status.rawValue:
                _ = try reader.unsigned(max: 1, "a status is 0 or 1")
            case Field.Known.confidence.rawValue: try checkConfidence()
            default: try checkValue()
            }
        }
    }

    private mutating func checkConfidence() throws(CBORError) {
        let start = reader.offset
        if try reader.peek() == .null { return try reader.null() }
        let value = try reader.number()
        guard (0...1).contains(value) else {
            throw .outOfRange(offset: start, what: "a confidence lies in 0...1")
        }
    }

    private mutating func checkValue() throws(CBORError) {
        let start = reader.offset
        do throws(AnnotationModelError) {
            _ = try FieldValue.check(&reader)
        } catch {
            guard case .encoding(let cause) = error else {
                throw .outOfRange(offset: start, what: error.description)
            }
            throw cause
        }
    }
}
