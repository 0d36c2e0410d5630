/// Walks a table of RFC 4180 row by row.
///
/// Lines end in LF or CRLF. Whether a cell was quoted is kept, since that is how an empty text (`""`)
/// and no value differ.
package struct CSVScanner {
    /// The largest row in bytes.
    package static let rowBytesMax = 1 << 24
    /// The most cells in a row.
    package static let cellsMax = 1_024

    package struct Cell: Hashable {
        package var text: String
        package var isQuoted: Bool
    }

    /// Why a table is malformed, and on which line.
    package struct Problem: Error {
        package var line: Int
        package var why: String
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    /// The line that the next row begins on.
    private var nextLine = 1
    /// The line that the row last read begins on.
    package private(set) var line = 0
    /// The quoted cell being read, with its doubled quotes made one; kept for its room.
    private var content: [UInt8] = []
    private var cache = TextCache()
    /// True if the table began with a byte order mark, which was passed over.
    package let hasByteOrderMark: Bool
    /// Hears which part has been read.
    package var meter: ReadMeter?

    package init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        hasByteOrderMark =
            bytes.count >= 3 && bytes[0] == 0xef && bytes[1] == 0xbb && bytes[2] == 0xbf
        if hasByteOrderMark { position = 3 }
    }

    /// Reads the next row into `cells`, passing over blank lines, and returns false at the end.
    package mutating func nextRow(_ cells: inout [Cell]) throws(Problem) -> Bool {
        while position < bytes.count {
            cells.removeAll(keepingCapacity: true)
            line = nextLine
            let start = position
            meter?.note(position)
            var isLast = false
            while !isLast {
                cells.append(try cell(rowStart: start, isLast: &isLast))
                if cells.count > Self.cellsMax {
                    throw Problem(line: line, why: "more than \(Self.cellsMax) cells in one row")
                }
            }
            if cells.count > 1 || cells[0].isQuoted || !cells[0].text.isEmpty { return true }
        }
        return false
    }

    private mutating func cell(rowStart: Int, isLast: inout Bool) throws(Problem) -> Cell {
        let isQuoted = position < bytes.count && bytes[position] == UInt8(ascii: "\"")
        let text = isQuoted ? try quoted(rowStart: rowStart) : try plain(rowStart: rowStart)
        isLast = true
        guard position < bytes.count else { return Cell(text: text, isQuoted: isQuoted) }
        switch bytes[position] {
        case UInt8(ascii: ","):
            position += 1
            isLast = false
        case UInt8(ascii: "\n"): newline(1)
        case UInt8(ascii: "\r") where position + 1 < bytes.count && bytes[position + 1] == 0x0a:
            newline(2)
        case UInt8(ascii: "\r") where position + 1 == bytes.count: newline(1)
        default:
            throw Problem(
                line: nextLine,
                why: "text follows a closing quote; double the quotes inside a quoted cell")
        }
        return Cell(text: text, isQuoted: isQuoted)
    }

    private mutating func newline(_ length: Int) {
        position += length
        nextLine += 1
    }

    private mutating func plain(rowStart: Int) throws(Problem) -> String {
        let start = position
        scan: while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: ","), UInt8(ascii: "\n"): break scan
            case UInt8(ascii: "\r"):
                let isEnd = position + 1 == bytes.count || bytes[position + 1] == UInt8(ascii: "\n")
                if isEnd { break scan }
                throw Problem(line: nextLine, why: "a lone carriage return; quote the cell")
            case UInt8(ascii: "\""):
                throw Problem(
                    line: nextLine, why: "a quote inside a cell that is not quoted; quote the cell")
            default: position += 1
            }
        }
        try checkSize(rowStart)
        return try Self.text(
            UnsafeRawBufferPointer(rebasing: bytes[start..<position]), line: nextLine, &cache)
    }

    private mutating func quoted(rowStart: Int) throws(Problem) -> String {
        let firstLine = nextLine
        position += 1
        content.removeAll(keepingCapacity: true)
        while true {
            guard position < bytes.count else {
                throw Problem(
                    line: firstLine, why: "a quoted cell is not closed; the file may be cut")
            }
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") {
                guard position < bytes.count, bytes[position] == byte else { break }
                position += 1
            }
            if byte == UInt8(ascii: "\n") { nextLine += 1 }
            content.append(byte)
            try checkSize(rowStart)
        }
        let (bytes, line) = (content, nextLine)
        let result: Result<String, Problem> = bytes.withUnsafeBytes { buffer in
            do throws(Problem) {
                return .success(try Self.text(buffer, line: line, &cache))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    @inline(__always)
    private func checkSize(_ rowStart: Int) throws(Problem) {
        guard position - rowStart <= Self.rowBytesMax else {
            throw Problem(line: line, why: "a row is longer than \(Self.rowBytesMax) bytes")
        }
    }

    private static func text(
        _ bytes: UnsafeRawBufferPointer, line: Int, _ cache: inout TextCache
    ) throws(Problem) -> String {
        try cache.text(bytes) { bytes throws(Problem) in
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw Problem(line: line, why: "the text is not UTF-8; save the table as UTF-8")
            }
            return text
        }
    }
}

/// Writes rows of RFC 4180, ending in LF.
package struct CSVWriter {
    package private(set) var bytes: [UInt8] = []
    private var isFirst = true

    package init() {}

    package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// Writes a cell; nil is an empty one, an empty text is a pair of quotes.
    package mutating func cell(_ text: String?) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        guard let text = text.map(SpreadsheetText.neutral) else { return }
        let needsQuotes =
            text.isEmpty
            || text.utf8.contains { $0 == 0x22 || $0 == 0x2c || $0 == 0x0a || $0 == 0x0d }
        guard needsQuotes else { return bytes.append(contentsOf: text.utf8) }
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    package mutating func endRow() {
        bytes.append(UInt8(ascii: "\n"))
        isFirst = true
    }
}
