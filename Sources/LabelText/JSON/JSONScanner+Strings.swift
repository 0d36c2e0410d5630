extension JSONScanner {
    /// The bytes between the quotes of a string, and whether escapes stand among them.
    @usableFromInline
    package struct RawString {
        @usableFromInline package var start: Int
        @usableFromInline package var end: Int
        @usableFromInline package var isEscaped: Bool
    }

    /// Reads a string.
    @inline(__always)
    public mutating func string() throws(JSONError) -> String {
        let kind = try peek()
        guard kind == .string else {
            throw try misfit("a string")
        }
        let raw = try rawString()
        if raw.isEscaped { return String(decoding: try unescape(raw), as: UTF8.self) }
        return String(
            decoding: UnsafeRawBufferPointer(rebasing: bytes[raw.start..<raw.end]), as: UTF8.self)
    }

    /// Reads a string that may have been met before.
    @inline(__always)
    package mutating func string(_ cache: inout TextCache) throws(JSONError) -> String {
        let kind = try peek()
        guard kind == .string else {
            throw try misfit("a string")
        }
        let raw = try rawString()
        if raw.isEscaped { return String(decoding: try unescape(raw), as: UTF8.self) }
        return cache.text(UnsafeRawBufferPointer(rebasing: bytes[raw.start..<raw.end])) {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// Reads a string and tells whether it is this one, written without escapes.
    @inline(__always)
    package mutating func stringIs(_ text: StaticString) throws(JSONError) -> Bool {
        guard try peek() == .string else { return false }
        let raw = try rawString()
        guard raw.end - raw.start == text.utf8CodeUnitCount else { return false }
        for index in 0..<text.utf8CodeUnitCount
        where bytes[raw.start &+ index] != text.utf8Start[index] { return false }
        return true
    }

    /// Reads a string as bytes without copying them, where it has no escapes.
    package mutating func withStringBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        let kind = try peek()
        guard kind == .string else {
            throw try misfit("a string")
        }
        let raw = try rawString()
        if raw.isEscaped { return try unescape(raw).withUnsafeBytes(body) }
        return try body(UnsafeRawBufferPointer(rebasing: bytes[raw.start..<raw.end]))
    }

    /// Passes over a string that begins at the position, checking its bytes.
    @usableFromInline
    package mutating func rawString() throws(JSONError) -> RawString {
        let start = position + 1
        var index = start
        var isEscaped = false
        while true {
            index = skipPlain(from: index)
            guard index < bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: "\\") {
                isEscaped = true
                // What follows is judged when the string is unescaped; here only a quote matters.
                index += 2
            } else if byte < 0x20 {
                throw JSONError(.controlCharacter(byte), at: index)
            } else {
                index += try sequenceLength(at: index)
            }
        }
        position = index + 1
        return RawString(start: start, end: index, isEscaped: isEscaped)
    }

    /// The first byte from `index` on that is a quote, a backslash, a control character or not ASCII.
    @inline(__always)
    private func skipPlain(from start: Int) -> Int {
        var index = start
        // Eight bytes at a time: a byte minus 0x20 borrows for control characters, and a byte that
        // equals a quote or a backslash becomes zero after the exclusive or.
        while index &+ 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let ones: UInt64 = 0x0101_0101_0101_0101
            let quotes = word ^ (ones &* 0x22)
            let slashes = word ^ (ones &* 0x5c)
            let marks =
                (word &- ones &* 0x20) | (quotes &- ones) | (slashes &- ones) | word
            if marks & (ones &* 0x80) != 0 { break }
            index &+= 8
        }
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5c { break }
            index &+= 1
        }
        return index
    }

    /// The length of the UTF-8 sequence at `index`, whose first byte is not ASCII (RFC 3629 §4).
    private func sequenceLength(at index: Int) throws(JSONError) -> Int {
        func follower(_ distance: Int, _ range: ClosedRange<UInt8> = 0x80...0xbf) -> Bool {
            index + distance < bytes.count && range.contains(bytes[index + distance])
        }
        let isValid: Bool
        let length: Int
        switch bytes[index] {
        case 0xc2...0xdf: (length, isValid) = (2, follower(1))
        case 0xe0: (length, isValid) = (3, follower(1, 0xa0...0xbf) && follower(2))
        case 0xed: (length, isValid) = (3, follower(1, 0x80...0x9f) && follower(2))
        case 0xe1...0xef: (length, isValid) = (3, follower(1) && follower(2))
        case 0xf0: (length, isValid) = (4, follower(1, 0x90...0xbf) && follower(2) && follower(3))
        case 0xf1...0xf3: (length, isValid) = (4, follower(1) && follower(2) && follower(3))
        case 0xf4: (length, isValid) = (4, follower(1, 0x80...0x8f) && follower(2) && follower(3))
        default: (length, isValid) = (1, false)
        }
        guard isValid else { throw JSONError(.invalidUTF8, at: index) }
        return length
    }

    /// The bytes of a string with its escapes resolved.
    @usableFromInline
    package func unescape(_ raw: RawString) throws(JSONError) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(raw.end - raw.start)
        var index = raw.start
        while index < raw.end {
            let byte = bytes[index]
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                index += 1
                continue
            }
            guard index + 1 < raw.end else { throw JSONError(.badEscape, at: index) }
            switch bytes[index + 1] {
            case UInt8(ascii: "\""): result.append(0x22)
            case UInt8(ascii: "\\"): result.append(0x5c)
            case UInt8(ascii: "/"): result.append(0x2f)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0c)
            case UInt8(ascii: "n"): result.append(0x0a)
            case UInt8(ascii: "r"): result.append(0x0d)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                let (scalar, length) = try escapedScalar(at: index, end: raw.end)
                result.append(contentsOf: Array(String(Character(scalar)).utf8))
                index += length
                continue
            default: throw JSONError(.badEscape, at: index)
            }
            index += 2
        }
        return result
    }

    /// The character that `\uXXXX`, or a pair of them, stands for, and its length in the text.
    private func escapedScalar(
        at index: Int, end: Int
    ) throws(JSONError) -> (Unicode.Scalar, Int) {
        let first = try hexadecimal(at: index, end: end)
        if let scalar = Unicode.Scalar(first) { return (scalar, 6) }
        guard (0xd800...0xdbff).contains(first), index + 7 < end,
            bytes[index + 6] == UInt8(ascii: "\\"), bytes[index + 7] == UInt8(ascii: "u")
        else { throw JSONError(.loneSurrogate, at: index) }
        let second = try hexadecimal(at: index + 6, end: end)
        guard (0xdc00...0xdfff).contains(second),
            let scalar = Unicode.Scalar(0x1_0000 + (first - 0xd800) << 10 + (second - 0xdc00))
        else { throw JSONError(.loneSurrogate, at: index) }
        return (scalar, 12)
    }

    private func hexadecimal(at index: Int, end: Int) throws(JSONError) -> UInt32 {
        guard index + 6 <= end else { throw JSONError(.badEscape, at: index) }
        var value: UInt32 = 0
        for offset in 2..<6 {
            switch bytes[index + offset] {
            case let digit where (0x30...0x39).contains(digit):
                value = value << 4 | UInt32(digit - 0x30)
            case let digit where (0x41...0x46).contains(digit):
                value = value << 4 | UInt32(digit - 0x37)
            case let digit where (0x61...0x66).contains(digit):
                value = value << 4 | UInt32(digit - 0x57)
            default: throw JSONError(.badEscape, at: index)
            }
        }
        return value
    }
}
