import Signing

/// Rows as PostgreSQL's binary COPY takes them, which go in the order of their keys.
///
/// PostgreSQL's text holds no U+0000, which an attribute of a partner may: U+FFFD takes its place, so that nobody's
/// label keeps all others from the table.
package struct CopyRows: Sendable {
    private struct Place {
        let hash: Int64
        let operation: Int64
        let start: Int
    }

    private var bytes: [UInt8] = []
    private var places: [Place] = []
    private let columns: Int16

    /// The format's name for itself, no flags, no extension.
    private static let head: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0x00] + [UInt8](repeating: 0, count: 8)
    private static let tail: [UInt8] = [0xff, 0xff]
    private static let replacement: [UInt8] = [0xef, 0xbf, 0xbd]

    /// No rows yet, of so many columns.
    package init(columns: Int16) { self.columns = columns }

    /// How many rows there are.
    package var count: Int { places.count }
    /// Whether there are none.
    package var isEmpty: Bool { places.isEmpty }

    /// Forgets the rows, and keeps the memory for the next ones.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
    }

    /// Begins a row; its columns follow.
    ///
    /// - Parameters:
    ///   - hash: What rows are sorted by first, and
    ///   - operation: what they are sorted by then.
    package mutating func begin(hash: Int64, operation: Int64) {
        places.append(Place(hash: hash, operation: operation, start: bytes.count))
        append(columns)
    }

    private mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// A `bigint`.
    package mutating func add(_ value: Int64?) {
        guard let value else { return addNull() }
        append(Int32(8))
        append(value)
    }

    /// A `float8`; what is not a number is NULL.
    package mutating func add(_ value: Double?) {
        guard let value, value.isFinite else { return addNull() }
        append(Int32(8))
        append(value.bitPattern)
    }

    /// A `boolean`.
    package mutating func add(_ value: Bool) {
        append(Int32(1))
        bytes.append(value ? 1 : 0)
    }

    /// A `text`.
    package mutating func add(_ value: String?) {
        guard var value else { return addNull() }
        addText { bytes in value.withUTF8 { bytes.append(contentsOf: $0) } }
    }

    /// A `jsonb`, from JSON text.
    package mutating func add(json value: String) {
        var value = value
        addText { bytes in
            // The version of the binary form.
            bytes.append(1)
            value.withUTF8 { utf8 in
                var rest = utf8[...]
                // Nothing but an escape sequence says U+0000 in JSON.
                while let place = Self.zeroEscape(rest) {
                    bytes.append(contentsOf: rest[..<place])
                    bytes.append(contentsOf: "\\ufffd".utf8)
                    rest = rest[(place + 6)...]
                }
                bytes.append(contentsOf: rest)
            }
        }
    }

    /// Where a `\u0000` begins that is no escaped backslash with letters behind it.
    private static func zeroEscape(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
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

    private mutating func addText(_ body: (inout [UInt8]) -> Void) {
        let lengthAt = bytes.count
        append(Int32(0))
        let start = bytes.count
        body(&bytes)
        if bytes[start...].contains(0) {
            let clean = bytes[start...].flatMap { $0 == 0 ? Self.replacement : [$0] }
            bytes.replaceSubrange(start..., with: clean)
        }
        withUnsafeBytes(of: Int32(bytes.count - start).bigEndian) { length in
            for (offset, byte) in length.enumerated() { bytes[lengthAt + offset] = byte }
        }
    }

    private mutating func addNull() { append(Int32(-1)) }

    /// Sends all rows in the order of their keys: PostgreSQL then goes once through its index.
    func send(_ send: ([UInt8]) throws -> Void) rethrows {
        let order = places.indices.sorted {
            (places[$0].hash, places[$0].operation) < (places[$1].hash, places[$1].operation)
        }
        var piece = Self.head
        for index in order {
            let end = index + 1 < places.count ? places[index + 1].start : bytes.count
            piece.append(contentsOf: bytes[places[index].start..<end])
            if piece.count >= Self.pieceBytes {
                try send(piece)
                piece.removeAll(keepingCapacity: true)
            }
        }
        try send(piece + Self.tail)
    }

    private static let pieceBytes = 1 << 18

    /// What rows of an item are found and spread by: the first eight bytes of the SHA-256 of its key.
    package static func hash(ofItem key: String) -> Int64 {
        SHA256Hasher.hash(Array(key.utf8)).bytes.prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    }
}
