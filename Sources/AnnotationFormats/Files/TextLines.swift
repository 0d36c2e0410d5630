/// Walks the lines of a text file, which end in LF or CRLF.
struct TextLines {
    /// The longest line in bytes where a format asks for no other limit.
    static let lineBytesMax = 1 << 20
    private let bytes: UnsafeRawBufferPointer
    private let limit: Int
    private var position = 0
    let file: String
    /// The number of the line last read, from 1.
    private(set) var line = 0
    /// True where a byte order mark was passed over.
    let hasByteOrderMark: Bool
    /// Hears which part has been read.
    var meter: ReadMeter?

    init(
        _ bytes: UnsafeRawBufferPointer, file: String, limit: Int = lineBytesMax
    ) throws(FormatError) {
        try Self.refuseWideText(bytes, file: file)
        (self.bytes, self.file, self.limit) = (bytes, file, limit)
        hasByteOrderMark = bytes.starts(with: [0xef, 0xbb, 0xbf])
        if hasByteOrderMark { position = 3 }
    }

    /// Where the line last read stands.
    var place: String { "\(file), line \(line)" }

    /// The next line without its end, or nil after the last one.
    mutating func next() throws(FormatError) -> String? {
        guard position < bytes.count else { return nil }
        line += 1
        let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
        let searched = UnsafeRawBufferPointer(rebasing: rest.prefix(limit + 1))
        guard let length = searched.firstIndex(of: 0x0a) ?? (rest.count <= limit ? rest.count : nil)
        else { throw .text(file: file, line: line, why: "the line is longer than \(limit) bytes") }
        position += length + 1
        meter?.note(position)
        var slice = rest[..<length]
        if slice.last == 0x0d { slice = slice.dropLast() }
        let text = String(validating: UnsafeRawBufferPointer(rebasing: slice), as: UTF8.self)
        guard let text else {
            throw .encoding(
                file: file, line: line, why: "the text is not UTF-8; convert the file to UTF-8")
        }
        return text
    }

    /// Refuses UTF-16 and UTF-32, which would otherwise look like garbage in some line.
    static func refuseWideText(
        _ bytes: UnsafeRawBufferPointer, file: String
    ) throws(FormatError) {
        let isWide =
            bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff])
            || bytes.prefix(4).contains(0)
        if isWide {
            throw .encoding(
                file: file, line: 1, why: "the file is UTF-16 or binary; save it as UTF-8 text")
        }
    }
}

extension InputFile {
    /// Calls back for each line.
    func forEachLine(
        limit: Int = TextLines.lineBytesMax, _ body: (String, _ lines: TextLines) throws -> Void
    ) throws {
        try withBytes { bytes in
            var lines = try TextLines(bytes, file: name, limit: limit)
            lines.meter = meter
            while let line = try lines.next() { try body(line, lines) }
        }
    }

    /// The whole text of a file that must be small, without a byte order mark.
    func smallText(bytesMax: Int = 1 << 24) throws -> String {
        try withBytes { bytes in
            guard bytes.count <= bytesMax else {
                throw FormatError.structure(
                    file: name, path: "",
                    why: "\(bytes.count) bytes, the limit is \(bytesMax); split the file")
            }
            try TextLines.refuseWideText(bytes, file: name)
            let rest = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...]
            guard
                let text = String(
                    validating: UnsafeRawBufferPointer(rebasing: rest), as: UTF8.self)
            else {
                throw FormatError.encoding(
                    file: name, line: 1, why: "the text is not UTF-8; convert the file to UTF-8")
            }
            return text
        }
    }
}

/// Numbers of text formats: decimal, finite, no hexadecimal, no names.
enum TextNumber {
    private static let bytesMax = 64

    static func double(_ text: some StringProtocol) -> Double? {
        let bytes = text.utf8
        guard (1...bytesMax).contains(bytes.count), bytes.allSatisfy(isNumberByte),
            let value = Double(text), value.isFinite
        else { return nil }
        return value
    }

    static func whole(_ text: some StringProtocol) -> Int64? {
        if let value = Int64(text) { return value }
        guard let value = double(text), value.magnitude < 0x1p53 else { return nil }
        return Int64(exactly: value)
    }

    /// The shortest text that reads back as the same double; whole numbers go without point.
    static func text(_ value: Double) -> String {
        if value.magnitude < 1e15, let whole = Int64(exactly: value) { return String(whole) }
        return value.description
    }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }
}
