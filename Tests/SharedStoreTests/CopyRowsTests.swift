import Testing

@testable import SharedStore

/// The rows as PostgreSQL's binary COPY takes them.
@Suite("Rows that are copied")
struct CopyRowsTests {
    private static func sent(_ rows: CopyRows) -> [UInt8] {
        var bytes: [UInt8] = []
        for copy in rows.copies() { rows.send(copy) { bytes += $0 } }
        return bytes
    }

    private static func add(_ json: String, to rows: inout CopyRows) {
        Array(json.utf8).withUnsafeBytes { rows.add(json: $0) }
    }

    private static let head: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0] + [0, 0, 0, 0, 0, 0, 0, 0]

    @Test("have the bytes that PostgreSQL's documentation says")
    func bytes() {
        var rows = CopyRows(columns: 5)
        rows.begin(hash: 1, key: 1)
        rows.add(Int64(258))
        rows.add(1.0)
        rows.add("é")
        rows.add(nil as String?)
        Self.add("{}", to: &rows)
        let row: [UInt8] =
            [0, 5, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 1, 2] + [0, 0, 0, 8, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]
            + [0, 0, 0, 2, 0xc3, 0xa9] + [0xff, 0xff, 0xff, 0xff]
            + [0, 0, 0, 3, 1, 0x7b, 0x7d]
        #expect(Self.sent(rows) == Self.head + row + [0xff, 0xff])
    }

    @Test("come in the order of their keys, whatever order they were made in")
    func order() {
        var rows = CopyRows(columns: 1)
        let keys: [(Int64, Int64)] = [(5, 1), (-3, 9), (5, 0), (.min, 4)]
        for (index, key) in keys.enumerated() {
            rows.begin(hash: key.0, key: key.1)
            rows.add(Int64(index))
        }
        let found = stride(from: Self.head.count, to: Self.sent(rows).count - 2, by: 14).map {
            Self.sent(rows)[$0 + 13]
        }
        #expect(found == [3, 1, 2, 0])
        rows.removeAll()
        #expect(Self.sent(rows).isEmpty && rows.isEmpty)
        // What was there before is not what comes now.
        rows.begin(hash: 1, key: 1)
        rows.addNulls(1)
        #expect(
            Self.sent(rows) == Self.head + [0, 1, 0xff, 0xff, 0xff, 0xff] + [0xff, 0xff])
    }

    @Test("go in several COPYs, each whole and of no more bytes than are asked for")
    func pieces() {
        var rows = CopyRows(columns: 1)
        for index in 0..<100 {
            // Two of an item follow each other, and stay beside each other.
            rows.begin(hash: Int64(index / 2 * 7 % 50), key: Int64(index))
            rows.add(Int64(index))
        }
        #expect(rows.count == 100 && rows.byteCount == 1_400)
        let copies = rows.copies(bytesMax: 200)
        #expect(copies.count == 8)
        var found: [UInt8] = []
        for copy in copies {
            var bytes: [UInt8] = []
            rows.send(copy) { bytes += $0 }
            #expect(bytes.starts(with: Self.head) && bytes.suffix(2) == [0xff, 0xff])
            let body = bytes.dropFirst(Self.head.count).dropLast(2)
            #expect(body.count <= 200 && body.count % 14 == 0)
            found += stride(from: body.startIndex, to: body.endIndex, by: 14).map { body[$0 + 13] }
        }
        let order = (0..<100).sorted { ($0 / 2 * 7 % 50, $0) < ($1 / 2 * 7 % 50, $1) }
        #expect(found == order.map { UInt8($0) })
        // One item's rows may be more than that.
        #expect(rows.copies(bytesMax: 10).count == 50)
    }

    @Test("words that differ in one column, or stand in other rows, have other ids")
    func words() {
        var words = LabelWords(
            className: "a", classAsWritten: "b", selectorKind: "box", status: "active", org: "o")
        var ids = [words.id(in: 1), words.id(in: 2)]
        words.author = "o"
        ids.append(words.id(in: 1))
        (words.author, words.source) = (nil, "o")
        ids.append(words.id(in: 1))
        words.source = ""
        ids.append(words.id(in: 1))
        words.isContested = true
        ids.append(words.id(in: 1))
        // The same letter, in one code point and in two.
        words.stageMark = "\u{e9}"
        ids.append(words.id(in: 1))
        words.stageMark = "e\u{301}"
        ids.append(words.id(in: 1))
        #expect(Set(ids).count == ids.count)
        #expect(words.columns.count == LabelWords.textColumns)
    }

    @Test("hold no U+0000, which PostgreSQL's text does not know")
    func zero() {
        func text(_ body: (inout CopyRows) -> Void) -> String {
            var rows = CopyRows(columns: 1)
            rows.begin(hash: 0, key: 0)
            body(&rows)
            let bytes = Self.sent(rows).dropFirst(Self.head.count + 2).dropLast(2)
            #expect(bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) } == bytes.count - 4)
            return String(decoding: bytes.dropFirst(4), as: UTF8.self)
        }
        #expect(text { $0.add("a\0b\0") } == "a\u{fffd}b\u{fffd}")
        #expect(
            text { Self.add(#"{"a\u0000":"\u0000"}"#, to: &$0) } == "\u{1}"
                + #"{"a\ufffd":"\ufffd"}"#)
        // A backslash and letters behind it are none.
        #expect(
            text { Self.add(#""\\u0000\\\u0000""#, to: &$0) } == "\u{1}" + #""\\u0000\\\ufffd""#)
    }

    @Test("are spread by what is known of SHA-256")
    func hash() {
        // The first eight bytes of the SHA-256 of nothing (FIPS 180-4) are e3b0c44298fc1c14.
        #expect(CopyRows.hash(ofItem: "") == Int64(bitPattern: 0xe3b0_c442_98fc_1c14))
    }
}
