import CanonicalCBOR

/// A changeset's payload read in place: nothing is copied, and operations come one by one as views
/// into the bytes.
///
/// The caller keeps the bytes alive and unchanged while the view is in use. A view exists only for a
/// payload whose table, heads and metadata hold; ``check()`` walks the operations too and must have
/// passed before the changeset is stored.
public struct ChangesetView {
    /// The payload.
    public let payload: UnsafeRawBufferPointer
    /// The number of operations.
    public let operationCount: Int
    /// The number of strings in the table.
    public var stringCount: Int { strings.count }
    /// The heads that moved.
    public let heads: [Head]
    /// The author, if the organisation itself is not.
    public let author: Int?
    /// The source of all labels that do not say otherwise, as a string's index.
    public let source: Int?

    private let strings: [StringRange]
    private let messageRange: StringRange?
    private let operationsOffset: Int

    struct StringRange {
        let offset: UInt32
        let count: UInt32
    }

    /// Reads the table, the heads and the metadata.
    ///
    /// - Throws: ``AnnotationModelError`` for another encoding or something beyond a limit.
    public init(_ payload: UnsafeRawBufferPointer) throws(AnnotationModelError) {
        guard payload.count <= Changeset.payloadBytesMax else {
            throw .limit(
                what: "the size of the changeset in bytes", value: payload.count,
                max: Changeset.payloadBytesMax)
        }
        self.payload = payload
        var reader = CBORReader(payload)
        do throws(CBORError) {
            try reader.arrayHead(count: 5)
            let version = try reader.unsigned()
            guard version == Changeset.version else {
                throw .outOfRange(
                    offset: 1,
                    what:
                        "version \(version) of changesets, this program reads \(Changeset.version)")
            }
            strings = try Self.readStrings(&reader)
            heads = try Self.readHeads(&reader, payload, strings)
            (author, messageRange, source) = try Self.readMeta(&reader, strings.count)
            let start = reader.offset
            let count = try reader.arrayHead()
            guard (1...Changeset.operationsMax).contains(count) else {
                throw .outOfRange(
                    offset: start,
                    what: "a changeset holds 1 to \(Changeset.operationsMax) operations")
            }
            operationCount = count
            operationsOffset = reader.offset
        } catch {
            throw .encoding(error)
        }
    }

    private static func readStrings(
        _ reader: inout CBORReader
    ) throws(CBORError) -> [StringRange] {
        let start = reader.offset
        let count = try reader.arrayHead()
        guard count <= Changeset.stringsMax else {
            throw .outOfRange(offset: start, what: "more than \(Changeset.stringsMax) strings")
        }
        var strings: [StringRange] = []
        strings.reserveCapacity(count)
        for _ in 0..<count {
            let at = reader.offset
            let utf8 = try reader.utf8()
            guard (1...Changeset.stringBytesMax).contains(utf8.count), !hasControl(utf8) else {
                throw .outOfRange(
                    offset: at,
                    what: "a name has 1 to \(Changeset.stringBytesMax) bytes, none a control")
            }
            strings.append(
                StringRange(
                    offset: UInt32(reader.offset - utf8.count), count: UInt32(utf8.count)))
        }
        return strings
    }

    private static func hasControl(_ utf8: UnsafeRawBufferPointer) -> Bool {
        for byte in utf8 where byte < 0x20 || byte == 0x7f { return true }
        return false
    }

    private static func readHeads(
        _ reader: inout CBORReader, _ payload: UnsafeRawBufferPointer, _ strings: [StringRange]
    ) throws(CBORError) -> [Head] {
        let start = reader.offset
        let count = try reader.arrayHead()
        guard count <= Changeset.headsMax else {
            throw .outOfRange(offset: start, what: "more than \(Changeset.headsMax) heads")
        }
        var heads: [Head] = []
        for _ in 0..<count {
            let at = reader.offset
            try reader.arrayHead(count: 5)
            let index = try reader.unsigned(max: strings.count - 1, "a string beyond the table")
            let merged = try reader.unsigned()
            let size = try reader.unsigned()
            let root = try reader.byteString(count: 32)
            let signature = try reader.byteString(count: 64)
            let range = strings[index]
            let name = String(
                decoding: payload[Int(range.offset)..<Int(range.offset + range.count)],
                as: UTF8.self)
            guard let origin = try? Origin(name), merged > 0, merged <= size,
                size <= Slot.entryLimit
            else {
                throw .outOfRange(
                    offset: at, what: "a head needs an origin and 1 <= merged <= size <= 2^36")
            }
            if let last = heads.last, last.origin >= origin {
                throw .outOfRange(offset: at, what: "heads must ascend by origin")
            }
            heads.append(
                Head(
                    origin: origin, merged: merged, size: size, root: Array(root),
                    signature: Array(signature)))
        }
        return heads
    }

    private static func readMeta(
        _ reader: inout CBORReader, _ stringCount: Int
    ) throws(CBORError) -> (Int?, StringRange?, Int?) {
        var author: Int?
        var message: StringRange?
        var source: Int?
        var order = MapKeyOrder()
        for _ in 0..<(try reader.mapHead()) {
            let start = reader.offset
            let key = try reader.unsigned()
            try order.check(reader, keyFrom: start)
            switch key {
            case 0: author = try reader.unsigned(max: stringCount - 1, "a string beyond the table")
            case 1:
                let text = try reader.utf8()
                guard text.count <= Changeset.textBytesMax else {
                    throw .outOfRange(offset: start, what: "the message is too long")
                }
                message = StringRange(
                    offset: UInt32(reader.offset - text.count), count: UInt32(text.count))
            case 2: source = try reader.unsigned(max: stringCount - 1, "a string beyond the table")
            default: throw .outOfRange(offset: start, what: "unknown metadata")
            }
        }
        return (author, message, source)
    }

    /// The UTF-8 bytes of a string of the table; the index comes from a checked operation.
    @inline(__always)
    public func utf8(_ index: Int) -> UnsafeRawBufferPointer {
        let range = strings[index]
        return UnsafeRawBufferPointer(
            rebasing: payload[Int(range.offset)..<Int(range.offset + range.count)])
    }

    /// A string of the table.
    public func string(_ index: Int) -> String { String(decoding: utf8(index), as: UTF8.self) }

    /// The word about the changeset.
    public var message: String? {
        guard let range = messageRange else { return nil }
        return String(
            decoding: payload[Int(range.offset)..<Int(range.offset + range.count)], as: UTF8.self)
    }

    /// The operations from the first one on.
    public var operations: OperationCursor {
        OperationCursor(
            reader: CBORReader(payload, from: operationsOffset, to: payload.count),
            remaining: operationCount, stringCount: strings.count)
    }

    /// The operations of a changeset that passed ``check()`` before it was stored: what cannot be wrong is not looked
    /// at again.
    public var checkedOperations: OperationCursor {
        operations(from: 0, at: operationsOffset)
    }

    /// The operations from one on whose place is known from an earlier walk over a checked changeset.
    ///
    /// - Parameter offset: What ``OperationCursor/offset`` was before it.
    public func operations(from position: Int, at offset: Int) -> OperationCursor {
        OperationCursor(
            reader: CBORReader(payload, from: offset, to: payload.count),
            remaining: operationCount - position, stringCount: strings.count, position: position,
            isChecked: true)
    }

    /// The governance acts with their positions; they come before all other operations.
    public func acts() throws(AnnotationModelError) -> [(position: Int, act: GovernanceAct)] {
        var acts: [(position: Int, act: GovernanceAct)] = []
        var cursor = operations
        while case .governance(let act)? = try cursor.next() { acts.append((cursor.position, act)) }
        return acts
    }

    /// Checks what the merge relies on beyond what ``init(_:)`` reads: all operations hold, nothing follows them, and
    /// no string stands twice, so that an index is as good as the text.
    public func check() throws(AnnotationModelError) {
        try checkStrings()
        var cursor = operations
        while try cursor.next() != nil {}
        try cursor.finish()
    }

    private func checkStrings() throws(AnnotationModelError) {
        var seen = Set<StringBytes>(minimumCapacity: strings.count)
        for index in strings.indices {
            guard seen.insert(StringBytes(utf8: utf8(index))).inserted else {
                throw .encoding(
                    .outOfRange(
                        offset: Int(strings[index].offset), what: "a string stands twice"))
            }
        }
    }

    /// A string by its bytes: Unicode's equivalences must not make two names one.
    private struct StringBytes: Hashable {
        let utf8: UnsafeRawBufferPointer

        static func == (left: Self, right: Self) -> Bool {
            left.utf8.elementsEqual(right.utf8)
        }

        func hash(into hasher: inout Hasher) { hasher.combine(bytes: utf8) }
    }

    /// The field with a number of the wire.
    public func field(_ code: Int) -> Field? {
        if code >= Field.attributeBase { return .attribute(string(code - Field.attributeBase)) }
        return Field.Known(rawValue: code).map { .known($0) }
    }
}
