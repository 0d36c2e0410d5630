import Signing

/// Rows as PostgreSQL's binary COPY takes them, which go in the order of their keys.
///
/// PostgreSQL's text holds no U+0000, which an attribute of a partner may: U+FFFD takes its place, so that nobody's
/// label keeps all others from the table.
package struct CopyRows: Sendable {
    /// Rows of one item that were made one after another: they are in order already.
    private struct Run {
        let hash: Int64
        let first: Int64
        let start: Int
    }

    /// Where the rows are; what lies behind ``byteCount`` is left from earlier ones.
    private var bytes: [UInt8] = []
    private var runs: [Run] = []
    private var last: Int64 = .min
    private let columns: Int16

    /// How many rows there are.
    package private(set) var count = 0
    /// How many bytes they are.
    package private(set) var byteCount = 0
    /// Whether there are none.
    package var isEmpty: Bool { count == 0 }

    /// The format's name for itself, no flags, no extension.
    private static let head: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0x00] + [UInt8](repeating: 0, count: 8)
    private static let tail: [UInt8] = [0xff, 0xff]
    private static let replacement: [UInt8] = [0xef, 0xbf, 0xbd]

    /// No rows yet, of so many columns.
    package init(columns: Int16) { self.columns = columns }

    /// Forgets the rows, and keeps the memory for the next ones.
    package mutating func removeAll() {
        runs.removeAll(keepingCapacity: true)
        (count, byteCount, last) = (0, 0, .min)
    }

    // MARK: Making

    /// Begins a row; its columns follow.
    ///
    /// - Parameters:
    ///   - hash: What rows are sorted by first, and
    ///   - key: what they are sorted by then.
    package mutating func begin(hash: Int64, key: Int64) {
        if runs.last?.hash != hash || key < last {
            runs.append(Run(hash: hash, first: key, start: byteCount))
        }
        last = key
        count += 1
        let columns = columns.bigEndian
        append(2) { $0.storeBytes(of: columns, as: Int16.self) }
    }

    /// Appends bytes that `body` writes, all of them.
    @inline(__always)
    private mutating func append(
        _ count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        let (start, end) = (byteCount, byteCount + count)
        if end > bytes.count {
            bytes.append(contentsOf: repeatElement(0, count: max(bytes.count, 1 << 16, count)))
        }
        bytes.withUnsafeMutableBytes {
            body(UnsafeMutableRawBufferPointer(rebasing: $0[start..<end]))
        }
        byteCount = end
    }

    /// A column of eight bytes.
    @inline(__always)
    private mutating func add(bits: UInt64) {
        append(12) { place in
            place.storeBytes(of: Int32(8).bigEndian, as: Int32.self)
            place.storeBytes(of: bits.bigEndian, toByteOffset: 4, as: UInt64.self)
        }
    }

    /// A `bigint`.
    package mutating func add(_ value: Int64) { add(bits: UInt64(bitPattern: value)) }

    /// A `bigint`.
    package mutating func add(_ value: Int64?) {
        guard let value else { return addNulls(1) }
        add(value)
    }

    /// A `float8`; what is not a number is NULL.
    package mutating func add(_ value: Double?) {
        guard let value, value.isFinite else { return addNulls(1) }
        add(bits: value.bitPattern)
    }

    /// A `text`.
    package mutating func add(_ value: String?) {
        guard var value else { return addNulls(1) }
        value.withUTF8 { add(utf8: UnsafeRawBufferPointer($0)) }
    }

    /// A `text`, from its UTF-8.
    package mutating func add(utf8 text: UnsafeRawBufferPointer) {
        if text.contains(0) {
            let clean = text.flatMap { $0 == 0 ? Self.replacement : [$0] }
            return clean.withUnsafeBytes { add(plain: $0) }
        }
        add(plain: text)
    }

    private mutating func add(plain text: UnsafeRawBufferPointer) {
        append(4 + text.count) { place in
            place.storeBytes(of: Int32(text.count).bigEndian, as: Int32.self)
            UnsafeMutableRawBufferPointer(rebasing: place[4...]).copyMemory(from: text)
        }
    }

    /// A `jsonb`, from JSON text.
    package mutating func add(json text: UnsafeRawBufferPointer) {
        // The version of the binary form.
        var clean: [UInt8] = [1]
        var rest = text[...]
        // Nothing but an escape sequence says U+0000 in JSON.
        while let place = Self.zeroEscape(rest) {
            clean.append(contentsOf: rest[..<place])
            clean.append(contentsOf: "\\ufffd".utf8)
            rest = rest[(place + 6)...]
        }
        clean.append(contentsOf: rest)
        clean.withUnsafeBytes { add(plain: $0) }
    }

    /// Where a `\u0000` begins that is no escaped backslash with letters behind it.
    private static func zeroEscape(_ text: Slice<UnsafeRawBufferPointer>) -> Int? {
        var index = text.startIndex
        while index < text.endIndex {
            guard text[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            if text[index...].starts(with: "\\u0000".utf8) { return index }
            index += 2
        }
        return nil
    }

    /// Columns that are NULL.
    package mutating func addNulls(_ count: Int) {
        append(4 * count) { place in
            for index in 0..<place.count { place[index] = 0xff }
        }
    }

    // MARK: Sending

    /// The rows in the order of their keys, as one COPY each takes them: PostgreSQL then goes once through its index.
    ///
    /// - Parameter bytesMax: What one COPY is at most, but for a single item's rows; a slow server takes that many in
    ///   the time that a statement has.
    /// - Returns: Where the rows of each are; none where there are no rows.
    package func copies(bytesMax: Int = 1 << 22) -> [[Range<Int>]] {
        let ends = runs.dropFirst().map(\.start) + [byteCount]
        let order = runs.indices.sorted {
            (runs[$0].hash, runs[$0].first) < (runs[$1].hash, runs[$1].first)
        }
        var copies: [[Range<Int>]] = []
        var room = 0
        for index in order {
            let range = runs[index].start..<ends[index]
            if range.count > room {
                copies.append([])
                room = bytesMax
            }
            copies[copies.count - 1].append(range)
            room -= range.count
        }
        return copies
    }

    /// Sends one of the ``copies(bytesMax:)``.
    package func send(
        _ ranges: [Range<Int>], _ send: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        var piece = Self.head
        piece.reserveCapacity(Self.pieceBytes + 1 << 12)
        for range in ranges {
            piece.append(contentsOf: bytes[range])
            if piece.count >= Self.pieceBytes {
                try piece.withUnsafeBytes(send)
                piece.removeAll(keepingCapacity: true)
            }
        }
        piece.append(contentsOf: Self.tail)
        try piece.withUnsafeBytes(send)
    }

    /// What goes to the server at once.
    private static let pieceBytes = 1 << 16

    /// What rows of an item are found and spread by: the first eight bytes of the SHA-256 of its key.
    package static func hash(ofItem key: String) -> Int64 { hash(Array(key.utf8)) }

    /// The first eight bytes of the SHA-256 of some bytes.
    package static func hash(_ bytes: [UInt8]) -> Int64 {
        SHA256Hasher.hash(bytes).bytes.prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    }
}
