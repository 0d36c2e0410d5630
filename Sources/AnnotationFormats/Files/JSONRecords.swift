import LabelText

/// Walks files that hold one JSON record a line, or all records in one array.
enum JSONRecords {
    /// Calls back for each record with its place and its number from 1.
    static func forEach(
        _ file: InputFile,
        _ body: (_ json: JSONValue, _ place: String, _ number: Int) throws -> Void
    ) throws {
        try file.withText { text in
            try TextLines.refuseWideText(text, file: file.name)
            let first = text.first { !isSpace($0) }
            if first == UInt8(ascii: "["), try isOneArray(text) {
                try array(text, file, body)
            } else {
                try lines(text, file, body)
            }
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d
    }

    /// A line that is an array by itself, as a training pair is, is no array of records.
    private static func isOneArray(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
        guard let start = bytes.firstIndex(where: { !isSpace($0) }) else { return false }
        let next = bytes[(start + 1)...].first { !isSpace($0) }
        return next != UInt8(ascii: "\"")
    }

    private static func array(
        _ bytes: UnsafeRawBufferPointer, _ input: InputFile,
        _ body: (JSONValue, String, Int) throws -> Void
    ) throws {
        let file = input.name
        var index = 0
        do {
            var scanner = try JSONScanner(bytes)
            scanner.meter = input.meter
            try scanner.beginArray()
            while try scanner.nextElement() {
                let json = try JSONValue(reading: &scanner)
                try body(json, "\(file), [\(index)]", index + 1)
                index += 1
            }
            try scanner.finish()
        } catch let error as JSONError {
            throw FormatError.json(
                file: file, position: TextPosition(of: error.offset, in: bytes),
                path: "[\(index)]", reason: error.reason)
        }
    }

    private static func lines(
        _ bytes: UnsafeRawBufferPointer, _ input: InputFile,
        _ body: (JSONValue, String, Int) throws -> Void
    ) throws {
        let file = input.name
        var (start, line) = (0, 0)
        while start < bytes.count {
            input.meter?.note(start)
            let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
            let length = rest.firstIndex(of: 0x0a) ?? rest.count
            line += 1
            guard length <= JSONLinesFormat.lineBytesMax else {
                throw FormatError.text(
                    file: file, line: line,
                    why: "the line has \(length) bytes, the limit is "
                        + "\(JSONLinesFormat.lineBytesMax)")
            }
            let text = UnsafeRawBufferPointer(rebasing: rest[..<length])
            if !text.allSatisfy(isSpace) {
                let json: JSONValue
                do throws(JSONError) {
                    json = try JSONValue(parsing: text)
                } catch {
                    throw FormatError.json(
                        file: file,
                        position: TextPosition(
                            line: line, column: error.offset + 1, offset: start + error.offset),
                        path: "", reason: error.reason)
                }
                try body(json, "\(file), line \(line)", line)
            }
            start += length + 1
        }
    }
}
