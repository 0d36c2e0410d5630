/// The limits of a changeset: up to 4,096 operations signed together by one signer, exactly one entry
/// of a log.
///
/// The payload is one CBOR array of five members, self-contained:
///
///     [2, strings, heads, meta, operations]
///
/// `strings` is the table that item keys, class and attribute names and origins are referred to by
/// index. `heads` are the heads of other logs that moved since the log's previous changeset,
/// `[origin, merged, size, root, signature]`. `meta` maps 0 to the author (a string), 1 to a message, 2 to the source.
/// Operations are arrays that begin with their code; `Docs/Protocol.md` lists them.
public enum Changeset {
    /// The version of the payload.
    public static let version: UInt64 = 2
    /// The most operations of one changeset: a position has twelve bits.
    public static let operationsMax = 4_096
    /// The largest entry in bytes: tlog-tiles counts entries' bytes in sixteen bits.
    public static let entryBytesMax = 65_535
    /// What the signature's envelope may take of an entry: header, claims, thumbprint, signature.
    public static let envelopeBytesMax = 1_024
    /// The largest payload in bytes.
    public static let payloadBytesMax = entryBytesMax - envelopeBytesMax
    /// The most strings of one table: each operation may bring an item, plus names.
    public static let stringsMax = 8_192
    /// The longest string of a table in bytes.
    public static let stringBytesMax = 1_024
    /// What one head may take of a changeset in bytes: numbers, root, signature, lengths, and its origin in the table.
    static func bytesMax(of head: Head) -> Int { 128 + head.origin.description.utf8.count }
    /// What the heads of one changeset may take in bytes, so that operations have room beside them.
    static let headsBytesMax = payloadBytesMax / 4 * 3
    /// The most heads that move in one changeset.
    public static let headsMax = 512
    /// The longest free text (message, comment, reason) in bytes.
    public static let textBytesMax = 16_384
    /// The most fields that one operation writes.
    public static let fieldsMax = 256
    /// The content type in the signature's protected header.
    public static let contentType = "application/vnd.countermark.changeset+cbor"
}

extension Changeset {
    /// The first of some heads, as many as one changeset holds with room for operations beside them, and the rest.
    public static func split(_ heads: [Head]) -> (fitting: [Head], rest: [Head]) {
        var room = headsBytesMax
        let fitting = heads.prefix(headsMax).prefix { head in
            room -= bytesMax(of: head)
            return room >= 0
        }
        return (Array(fitting), Array(heads[fitting.endIndex...]))
    }
}

/// One operation as a value: what the command line and imports make, and what is shown of a log.
public enum Operation: Hashable, Sendable {
    case addItem(key: String, fields: [Field: FieldValue])
    case addAnnotation(
        item: String, className: String, selector: Selector, fields: [Field: FieldValue])
    /// Writes fields of an annotation; the class and the selector go by their own types.
    case set(OperationID, [Write])
    case setItem(key: String, fields: [Field: FieldValue])
    case review(OperationID, Verdict, reason: String?)
    case comment(OperationID, text: String)
    case commentItem(key: String, text: String)
    case governance(GovernanceAct)

    /// The writing of one field.
    public enum Write: Hashable, Sendable {
        case className(String)
        case selector(Selector)
        case field(Field, FieldValue)
    }

    /// The operation of which it speaks; nil for what needs none.
    public var target: OperationID? {
        switch self {
        case .set(let id, _), .review(let id, _, _), .comment(let id, _): id
        case .addItem, .addAnnotation, .setItem, .commentItem, .governance: nil
        }
    }

    enum Code: Int {
        case addItem = 0
        case addAnnotation = 1
        case set = 2
        case setItem = 3
        case review = 4
        case comment = 5
        case commentItem = 6
    }
}
