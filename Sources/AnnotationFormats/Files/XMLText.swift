import Glibc

extension InputFile {
    /// The largest file in another encoding than UTF-8 that is converted in memory.
    static let convertedBytesMax = 1 << 26

    /// Calls `body` with an XML text as UTF-8: one whose declaration names another encoding is converted.
    ///
    /// UTF-16 is left as it is, for the scanner to refuse.
    func withXML<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        try withBytes { bytes in
            guard let name = XMLText.encoding(bytes), !XMLText.isUTF8(name) else {
                return try FormatError.of { try body(bytes) }
            }
            guard bytes.count <= Self.convertedBytesMax,
                let text = TextEncoding(name: name)?.utf8(Array(bytes))
            else {
                throw FormatError.encoding(
                    file: self.name, line: 1,
                    why: "the encoding \(name.prefix(40)) is not read; convert the file to UTF-8")
            }
            // The lines stay; the declaration no longer holds.
            let rest = text.firstIndex(of: UInt8(ascii: ">")).map { text[($0 + 1)...] } ?? text[...]
            return try Array(rest).withUnsafeBytes { rest in
                try FormatError.of { try body(rest) }
            }
        }
    }
}

/// What the declaration of an XML text says.
enum XMLText {
    static func isUTF8(_ name: String) -> Bool {
        ["utf-8", "utf8", "us-ascii", "ascii"].contains(name.lowercased())
    }

    /// The encoding that the declaration names; nil where there is none.
    static func encoding(_ bytes: UnsafeRawBufferPointer) -> String? {
        let start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        guard bytes.dropFirst(start).starts(with: Array("<?xml".utf8)) else { return nil }
        let head = String(decoding: bytes[start...].prefix(200), as: UTF8.self)
        guard let end = head.firstRange(of: "?>"),
            let mark = head[..<end.lowerBound].firstRange(of: "encoding")
        else { return nil }
        let value = head[mark.upperBound..<end.lowerBound].drop { " \t\r\n=".contains($0) }
        guard let quote = value.first, quote == "\"" || quote == "'" else { return nil }
        return String(value.dropFirst().prefix { $0 != quote })
    }
}

/// An encoding of the system's library, which has those of all code pages.
struct TextEncoding {
    let name: String

    /// An encoding by its name; nil where the system does not have it.
    init?(name: String) {
        guard !name.isEmpty, name.utf8.count <= 40,
            name.utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20)
                    || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            }), let handle = Self.open(name)
        else { return nil }
        iconv_close(handle)
        self.name = name
    }

    private static func open(_ name: String) -> iconv_t? {
        let handle = iconv_open("UTF-8", name)
        return Int(bitPattern: handle) == -1 ? nil : handle
    }

    /// The bytes in UTF-8; nil where they are no text of the encoding.
    func utf8(_ bytes: [UInt8]) -> [UInt8]? {
        guard let handle = Self.open(name) else { return nil }
        defer { iconv_close(handle) }
        if bytes.isEmpty { return [] }
        // No encoding needs more than four bytes of UTF-8 for one of its own.
        var output = [UInt8](repeating: 0, count: 4 * bytes.count + 16)
        var input = bytes
        let capacity = output.count
        let written: Int? = input.withUnsafeMutableBytes { from in
            output.withUnsafeMutableBytes { to in
                var source = from.baseAddress?.assumingMemoryBound(to: CChar.self)
                var target = to.baseAddress?.assumingMemoryBound(to: CChar.self)
                var (left, room) = (from.count, capacity)
                let result = iconv(handle, &source, &left, &target, &room)
                return result == Int.max || left != 0 || Int(bitPattern: UInt(result)) < 0
                    ? nil : capacity - room
            }
        }
        return written.map { Array(output[..<$0]) }
    }
}
