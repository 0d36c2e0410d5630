import LabelText

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
        do throws(TextFault) {
            try TextFault.refuseWideText(bytes, file: file)
        } catch {
            throw FormatError(error)
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
