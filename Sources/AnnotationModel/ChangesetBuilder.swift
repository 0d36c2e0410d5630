import CanonicalCBOR

/// Collects operations into the payload of one changeset, and says when it is full.
///
/// Operations are encoded as they come, into one buffer; nothing is encoded twice.
public struct ChangesetBuilder: Sendable {
    /// Who labelled: a person or a tool; the organisation if nil.
    public let author: String?
    /// A word about the changeset.
    public let message: String?
    /// Where the labels come from, for all that do not say otherwise.
    public let source: String?
    /// The number of operations so far.
    public private(set) var count = 0

    private var strings: [ByteKey: Int] = [:]
    private var table = CBOREncoder(capacity: 16_384)
    private var body = CBOREncoder(capacity: 65_536)
    private var one = CBOREncoder(capacity: 1_024)
    private var fixedBytes: Int
    /// True once an operation was added that is no governance act.
    private var holdsPlain = false

    /// An empty changeset.
    ///
    /// - Parameter heads: What will be added when it is closed: room is kept for them.
    /// - Throws: ``AnnotationModelError`` for an author, a message or a source that is too long.
    public init(
        author: String? = nil, message: String? = nil, source: String? = nil, heads: [Head] = []
    ) throws(AnnotationModelError) {
        self.author = author
        self.message = message
        self.source = source
        fixedBytes = 32 + (message?.utf8.count ?? 0) + 8
        for head in heads { fixedBytes += Changeset.bytesMax(of: head) }
        if let message, message.utf8.count > Changeset.textBytesMax {
            throw .limit(
                what: "the length of the message in bytes", value: message.utf8.count,
                max: Changeset.textBytesMax)
        }
        if let author { _ = try intern(author) }
        if let source { _ = try intern(source) }
    }

    /// Adds one operation.
    ///
    /// - Returns: False, with nothing added, if it no longer fits: close this changeset and begin
    ///   another.
    /// - Throws: ``AnnotationModelError`` if the operation fits no changeset.
    public mutating func append(_ operation: Operation) throws(AnnotationModelError) -> Bool {
        guard count < Changeset.operationsMax else { return false }
        let stringsBefore = strings.count
        let tableBefore = table.bytes.count
        one.removeAll()
        try encode(operation)
        let total = fixedBytes + table.bytes.count + body.bytes.count + one.bytes.count
        if total <= Changeset.payloadBytesMax, strings.count <= Changeset.stringsMax {
            body.encoded(one.bytes)
            count += 1
            if case .governance = operation {} else { holdsPlain = true }
            return true
        }
        strings = strings.filter { $0.value < stringsBefore }
        table.truncate(to: tableBefore)
        guard count > 0 else {
            throw .limit(
                what: "the size of one operation in bytes", value: total,
                max: Changeset.payloadBytesMax)
        }
        return false
    }

    /// The payload, with the heads that moved since the log's previous changeset.
    public consuming func payload(heads: [Head] = []) throws(AnnotationModelError) -> [UInt8] {
        guard heads.count <= Changeset.headsMax else {
            throw .limit(what: "the number of heads", value: heads.count, max: Changeset.headsMax)
        }
        var headPart = CBOREncoder()
        headPart.arrayHead(heads.count)
        for head in heads.sorted(by: { $0.origin < $1.origin }) {
            headPart.arrayHead(5)
            headPart.integer(try intern(head.origin.description))
            headPart.unsigned(head.merged)
            headPart.unsigned(head.size)
            headPart.byteString(head.root)
            headPart.byteString(head.signature)
        }
        var payload = CBOREncoder(capacity: body.bytes.count + table.bytes.count + 1024)
        payload.arrayHead(5)
        payload.unsigned(Changeset.version)
        payload.arrayHead(strings.count)
        payload.encoded(table.bytes)
        payload.encoded(headPart.bytes)
        encodeMeta(&payload)
        payload.arrayHead(count)
        payload.encoded(body.bytes)
        guard payload.bytes.count <= Changeset.payloadBytesMax else {
            throw .limit(
                what: "the size of the changeset in bytes", value: payload.bytes.count,
                max: Changeset.payloadBytesMax)
        }
        return payload.bytes
    }

    private func encodeMeta(_ encoder: inout CBOREncoder) {
        encoder.mapHead([author, message, source].count { $0 != nil })
        if let author, let index = strings[ByteKey(author)] {
            encoder.unsigned(0)
            encoder.integer(index)
        }
        if let message {
            encoder.unsigned(1)
            encoder.text(message)
        }
        if let source, let index = strings[ByteKey(source)] {
            encoder.unsigned(2)
            encoder.integer(index)
        }
    }

    private mutating func intern(_ text: String) throws(AnnotationModelError) -> Int {
        let exact = ByteKey(text)
        if let index = strings[exact] { return index }
        try Self.checkName(text)
        let index = strings.count
        strings[exact] = index
        table.text(text)
        return index
    }

    /// Throws for a text that no string table may hold.
    public static func checkName(_ text: String) throws(AnnotationModelError) {
        let utf8 = text.utf8
        guard utf8.count <= Changeset.stringBytesMax else {
            throw .limit(
                what: "the length of \"\(text.prefix(40))…\" in bytes", value: utf8.count,
                max: Changeset.stringBytesMax)
        }
        guard utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }), !utf8.isEmpty else {
            throw .badIdentifier(
                kind: "name", text: String(text.prefix(40)),
                rule: "it must not be empty and must not hold control characters")
        }
    }

    private mutating func start(_ code: Operation.Code, _ members: Int, fields: Int) {
        one.arrayHead(1 + members + 2 * fields)
        one.integer(code.rawValue)
    }

    private mutating func encode(_ operation: Operation) throws(AnnotationModelError) {
        switch operation {
        case .addItem(let key, let fields):
            start(.addItem, 1, fields: fields.count)
            one.integer(try intern(key))
            try encode(fields)
        case .setItem(let key, let fields):
            start(.setItem, 1, fields: fields.count)
            one.integer(try intern(key))
            try encode(fields)
        case .addAnnotation(let item, let className, let selector, let fields):
            start(.addAnnotation, 3, fields: fields.count)
            one.integer(try intern(item))
            one.integer(try intern(className))
            selector.encode(into: &one)
            try encode(fields)
        case .set(let target, let writes):
            start(.set, 2, fields: writes.count)
            try encode(target)
            try encode(writes)
        case .review(let target, let verdict, let reason):
            start(.review, reason == nil ? 3 : 4, fields: 0)
            try encode(target)
            one.unsigned(UInt64(verdict.rawValue))
            if let reason { try encode(text: reason) }
        case .comment(let target, let text):
            start(.comment, 3, fields: 0)
            try encode(target)
            try encode(text: text)
        case .commentItem(let key, let text):
            start(.commentItem, 2, fields: 0)
            one.integer(try intern(key))
            try encode(text: text)
        case .governance(let act):
            guard !holdsPlain else {
                throw .badOperation(
                    position: count, why: "governance acts come before all other operations")
            }
            let members = act.members
            guard GovernanceAct(code: act.code, members: members) == act else {
                throw .badOperation(position: count, why: "a governance act beyond its limits")
            }
            one.arrayHead(1 + members.count)
            one.integer(act.code)
            for member in members { member.encode(into: &one) }
        }
    }

    private mutating func encode(_ target: OperationID) throws(AnnotationModelError) {
        one.integer(try intern(target.origin.description))
        one.unsigned(target.slot.packed)
    }

    private mutating func encode(text: String) throws(AnnotationModelError) {
        guard text.utf8.count <= Changeset.textBytesMax else {
            throw .limit(
                what: "the length of a text in bytes", value: text.utf8.count,
                max: Changeset.textBytesMax)
        }
        one.text(text)
    }

    private mutating func encode(_ fields: [Field: FieldValue]) throws(AnnotationModelError) {
        if fields.isEmpty { return }
        if fields.count == 1 { return try encode(fields.map { .field($0.key, $0.value) }) }
        // In the order of their names: so whoever makes the same changeset elsewhere gets the same table of strings.
        func name(_ field: Field) -> String {
            if case .attribute(let name) = field { return name }
            return field.name
        }
        let inOrder = fields.sorted {
            name($0.key).utf8.lexicographicallyPrecedes(name($1.key).utf8)
        }
        try encode(inOrder.map { .field($0.key, $0.value) })
    }

    private mutating func encode(_ writes: [Operation.Write]) throws(AnnotationModelError) {
        guard writes.count <= Changeset.fieldsMax else {
            throw .limit(
                what: "the number of fields", value: writes.count, max: Changeset.fieldsMax)
        }
        var coded: [(code: Int, write: Operation.Write)] = []
        for write in writes { coded.append((try code(write), write)) }
        coded.sort { $0.code < $1.code }
        for index in coded.indices.dropFirst() where coded[index - 1].code == coded[index].code {
            throw .badOperation(position: count, why: "one field is written twice")
        }
        for (code, write) in coded {
            one.integer(code)
            switch write {
            case .className(let name): one.integer(try intern(name))
            case .selector(let selector): selector.encode(into: &one)
            case .field(let field, let value):
                if field == .known(.confidence) { try checkConfidence(value) }
                let before = one.bytes.count
                value.encode(into: &one)
                guard one.bytes.count - before <= FieldValue.bytesMax else {
                    throw .limit(
                        what: "the size of a field's value in bytes",
                        value: one.bytes.count - before, max: FieldValue.bytesMax)
                }
            }
        }
    }

    private func checkConfidence(_ value: FieldValue) throws(AnnotationModelError) {
        let isInRange =
            switch value {
            case .float(let number): (0...1).contains(number)
            case .integer(let number): (0...1).contains(number)
            // Cleared.
            case .null: true
            default: false
            }
        guard isInRange else {
            throw .badOperation(
                position: count, why: "a confidence lies in 0...1, and this one is \(value)")
        }
    }

    private mutating func code(_ write: Operation.Write) throws(AnnotationModelError) -> Int {
        switch write {
        case .className: return Field.Known.className.rawValue
        case .selector: return Field.Known.selector.rawValue
        case .field(.attribute(let name), _): return Field.attributeBase + (try intern(name))
        case .field(.known(let known), _):
            guard known != .className, known != .selector else {
                throw .badOperation(
                    position: count, why: "class and selector are written by their own types")
            }
            return known.rawValue
        }
    }
}
