import Testing

@testable import SharedStore

/// The rows as PostgreSQL's binary COPY takes them.
@Suite("Rows that are copied")
struct CopyRowsTests {
    private static func sent(_ rows: CopyRows) -> [UInt8] {
        var bytes: [UInt8] = []
        rows.send { bytes += $0 }
        return bytes
    }

    private static let head: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0] + [0, 0, 0, 0, 0, 0, 0, 0]

    @Test("have the bytes that PostgreSQL's documentation says")
    func bytes() {
        var rows = CopyRows(columns: 6)
        rows.begin(hash: 1, operation: 1)
        rows.add(Int64(258))
        rows.add(1.0)
        rows.add(true)
        rows.add("é")
        rows.add(nil as String?)
        rows.add(json: "{}")
        let row: [UInt8] =
            [0, 6, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 1, 2] + [0, 0, 0, 8, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]
            + [0, 0, 0, 1, 1] + [0, 0, 0, 2, 0xc3, 0xa9] + [0xff, 0xff, 0xff, 0xff]
            + [0, 0, 0, 3, 1, 0x7b, 0x7d]
        #expect(Self.sent(rows) == Self.head + row + [0xff, 0xff])
    }

    @Test("come in the order of their keys, whatever order they were made in")
    func order() {
        var rows = CopyRows(columns: 1)
        let keys: [(Int64, Int64)] = [(5, 1), (-3, 9), (5, 0), (.min, 4)]
        for (index, key) in keys.enumerated() {
            rows.begin(hash: key.0, operation: key.1)
            rows.add(Int64(index))
        }
        let found = stride(from: Self.head.count, to: Self.sent(rows).count - 2, by: 14).map {
            Self.sent(rows)[$0 + 13]
        }
        #expect(found == [3, 1, 2, 0])
        rows.removeAll()
        #expect(Self.sent(rows) == Self.head + [0xff, 0xff])
    }

    @Test("hold no U+0000, which PostgreSQL's text does not know")
    func zero() {
        func text(_ body: (inout CopyRows) -> Void) -> String {
            var rows = CopyRows(columns: 1)
            rows.begin(hash: 0, operation: 0)
            body(&rows)
            let bytes = Self.sent(rows).dropFirst(Self.head.count + 2).dropLast(2)
            #expect(bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) } == bytes.count - 4)
            return String(decoding: bytes.dropFirst(4), as: UTF8.self)
        }
        #expect(text { $0.add("a\0b\0") } == "a\u{fffd}b\u{fffd}")
        #expect(
            text { $0.add(json: #"{"a\u0000":"\u0000"}"#) } == "\u{1}" + #"{"a\ufffd":"\ufffd"}"#)
        // A backslash and letters behind it are none.
        #expect(text { $0.add(json: #""\\u0000\\\u0000""#) } == "\u{1}" + #""\\u0000\\\ufffd""#)
    }

    @Test("are spread by what is known of SHA-256")
    func hash() {
        // The first eight bytes of the SHA-256 of nothing (FIPS 180-4) are e3b0c44298fc1c14.
        #expect(CopyRows.hash(ofItem: "") == Int64(bitPattern: 0xe3b0_c442_98fc_1c14))
    }
}
