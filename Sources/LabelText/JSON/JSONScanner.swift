/// Walks a JSON text value by value without building a tree.
///
/// The text may be a mapped file of any size: the scanner holds a position and a few bits for each level
/// of nesting, nothing else. It is strict, because the text comes from somebody else: RFC 8259 to the
/// letter, UTF-8 checked, no byte order mark, no lone surrogates, no number that a double or 64 bits
/// cannot hold, limited nesting. Duplicate keys are for the caller to refuse, who knows which keys it
/// reads; ``JSONValue`` does so for all.
///
/// The caller consumes exactly one value after ``nextKey()`` or ``nextElement()`` returned true.
public struct JSONScanner {
    /// The deepest nesting.
    public static let depthMax = 64
    /// The longest number in bytes; the exact decimal of any double is about 1,100 bytes long.
    public static let numberBytesMax = 1_200

    @usableFromInline package let bytes: UnsafeRawBufferPointer
    @usableFromInline package var position = 0
    /// True if a tree holds whole numbers beyond 64 bits as their digits: programs write identifiers so.
    public var keepsLargeIntegers = false
    @usableFromInline var depth = 0
    /// One bit a level: nothing was read on this level yet.
    @usableFromInline var isFirst: UInt64 = 0
    @usableFromInline var keyStart = 0
    @usableFromInline var keyEnd = 0
    /// The key's bytes where it was written with escapes.
    @usableFromInline var unescapedKey: [UInt8]?
    /// Hears which part has been read, at the elements of the outer arrays.
    @usableFromInline package var meter: ReadMeter?

    /// A scanner at the start of a text, which must stay valid while the scanner is used.
    ///
    /// - Throws: ``JSONError`` for a byte order mark.
    public init(_ bytes: UnsafeRawBufferPointer) throws(JSONError) {
        self.bytes = bytes
        if bytes.count >= 3, bytes[0] == 0xef, bytes[1] == 0xbb, bytes[2] == 0xbf {
            throw JSONError(.byteOrderMark, at: 0)
        }
        if bytes.count >= 2,
            (bytes[0] == 0xff && bytes[1] == 0xfe) || (bytes[0] == 0xfe && bytes[1] == 0xff)
        {
            throw JSONError(.byteOrderMark, at: 0)
        }
    }

    /// The offset of the next byte to be read.
    public var offset: Int { position }

    /// A scanner of the same text that stands at the start of a value met earlier.
    ///
    /// Lets a reader come back to a long array after it has seen what stands behind it.
    package func resumed(at offset: Int) -> JSONScanner {
        var other = self
        other.position = offset
        other.depth = 0
        other.isFirst = 0
        return other
    }

    // MARK: Structure

    /// The kind of the next value.
    @inlinable @inline(__always)
    public mutating func peek() throws(JSONError) -> JSONKind {
        switch try nextByte() {
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "N"), UInt8(ascii: "I"): throw JSONError(.notFinite, at: position)
        case let byte: throw JSONError(.unexpectedByte(byte, expected: "a value"), at: position)
        }
    }

    /// Enters an object.
    @inlinable @inline(__always)
    public mutating func beginObject() throws(JSONError) {
        try expect(.object, UInt8(ascii: "{"))
        try descend()
    }

    /// Enters an array.
    @inlinable @inline(__always)
    public mutating func beginArray() throws(JSONError) {
        try expect(.array, UInt8(ascii: "["))
        try descend()
    }

    /// Reads the next key of the object, or leaves the object and returns false.
    @inlinable @inline(__always)
    public mutating func nextKey() throws(JSONError) -> Bool {
        var byte = try nextByte()
        if byte == UInt8(ascii: "}") {
            leave()
            return false
        }
        if isFirst & 1 == 1 {
            isFirst &= ~1
        } else {
            guard byte == UInt8(ascii: ",") else {
                throw JSONError(.unexpectedByte(byte, expected: "',' or '}'"), at: position)
            }
            position += 1
            byte = try nextByte()
        }
        guard byte == UInt8(ascii: "\"") else {
            throw JSONError(.unexpectedByte(byte, expected: "a key in quotes"), at: position)
        }
        let raw = try rawString()
        (keyStart, keyEnd) = (raw.start, raw.end)
        if raw.isEscaped {
            unescapedKey = try unescape(raw)
        } else if unescapedKey != nil {
            unescapedKey = nil
        }
        byte = try nextByte()
        guard byte == UInt8(ascii: ":") else {
            throw JSONError(.unexpectedByte(byte, expected: "':'"), at: position)
        }
        position += 1
        return true
    }

    /// Steps to the next element of the array, or leaves the array and returns false.
    @inlinable @inline(__always)
    public mutating func nextElement() throws(JSONError) -> Bool {
        if depth <= 2, let meter { meter.note(position) }
        let byte = try nextByte()
        if byte == UInt8(ascii: "]") {
            leave()
            return false
        }
        if isFirst & 1 == 1 {
            isFirst &= ~1
            return true
        }
        guard byte == UInt8(ascii: ",") else {
            throw JSONError(.unexpectedByte(byte, expected: "',' or ']'"), at: position)
        }
        position += 1
        if try nextByte() == UInt8(ascii: "]") {
            throw JSONError(.unexpectedByte(byte, expected: "a value after ','"), at: position)
        }
        return true
    }

    /// The key that ``nextKey()`` read.
    public var key: String {
        if let unescapedKey { return String(decoding: unescapedKey, as: UTF8.self) }
        return String(
            decoding: UnsafeRawBufferPointer(rebasing: bytes[keyStart..<keyEnd]), as: UTF8.self)
    }

    /// Whether the key that ``nextKey()`` read is this one; builds no string.
    @inlinable @inline(__always)
    public func keyIs(_ name: StaticString) -> Bool {
        if let unescapedKey {
            return unescapedKey.elementsEqual(
                UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        }
        let count = name.utf8CodeUnitCount
        guard keyEnd - keyStart == count else { return false }
        let text = name.utf8Start
        for index in 0..<count where bytes[keyStart &+ index] != text[index] { return false }
        return true
    }

    /// Where the key that ``nextKey()`` read begins.
    public var keyOffset: Int { keyStart }

    /// Checks that nothing but white space follows.
    public mutating func finish() throws(JSONError) {
        skipSpace()
        if position < bytes.count { throw JSONError(.trailingData, at: position) }
    }

    // MARK: Values

    /// Reads `true` or `false`.
    public mutating func bool() throws(JSONError) -> Bool {
        let kind = try peek()
        guard kind == .bool else {
            throw try misfit("true or false")
        }
        if bytes[position] == UInt8(ascii: "t") {
            try literal("true")
            return true
        }
        try literal("false")
        return false
    }

    /// Reads `null`.
    public mutating func null() throws(JSONError) {
        let kind = try peek()
        guard kind == .null else {
            throw try misfit("null")
        }
        try literal("null")
    }

    /// Passes over one value of any kind and checks all of it but the uniqueness of its keys.
    public mutating func skipValue() throws(JSONError) {
        switch try peek() {
        case .object:
            try beginObject()
            while try nextKey() { try skipValue() }
        case .array:
            try beginArray()
            while try nextElement() { try skipValue() }
        case .string:
            let raw = try rawString()
            if raw.isEscaped { _ = try unescape(raw) }
        case .number: try checkNumber()
        case .bool: _ = try bool()
        case .null: try null()
        }
    }

    // MARK: Bytes

    /// The next byte that is no white space; the position is left on it.
    @inlinable @inline(__always)
    package mutating func nextByte() throws(JSONError) -> UInt8 {
        skipSpace()
        guard position < bytes.count else { throw JSONError(.unexpectedEnd, at: position) }
        return bytes[position]
    }

    @inlinable @inline(__always)
    mutating func skipSpace() {
        while position < bytes.count {
            let byte = bytes[position]
            if byte > 0x20 { return }
            guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return }
            position &+= 1
        }
    }

    @inlinable @inline(__always)
    mutating func expect(_ wanted: JSONKind, _ opening: UInt8) throws(JSONError) {
        guard try nextByte() == opening else {
            throw try misfit("an \(wanted.rawValue)")
        }
    }

    /// What is wrong where another value stands than the one that is asked for.
    ///
    /// A text that is no JSON may begin like a word of JSON: only the whole word is a value.
    @usableFromInline @inline(never)
    mutating func misfit(_ expected: String) throws(JSONError) -> JSONError {
        let kind = try peek()
        if kind == .null || kind == .bool {
            var ahead = self
            var isWord = (try? ahead.skipValue()) != nil
            if isWord, ahead.position < bytes.count {
                isWord = !(0x61...0x7a).contains(bytes[ahead.position] | 0x20)
            }
            guard isWord else {
                return JSONError(
                    .unexpectedByte(bytes[position], expected: expected), at: position)
            }
        }
        return JSONError(.wrongKind(expected: expected, found: kind), at: position)
    }

    @inlinable @inline(__always)
    mutating func descend() throws(JSONError) {
        guard depth < Self.depthMax else {
            throw JSONError(.tooDeep(limit: Self.depthMax), at: position)
        }
        position += 1
        depth += 1
        isFirst = isFirst << 1 | 1
    }

    @inlinable @inline(__always)
    mutating func leave() {
        position += 1
        depth -= 1
        isFirst >>= 1
    }

    private mutating func literal(_ text: StaticString) throws(JSONError) {
        for index in 0..<text.utf8CodeUnitCount {
            guard position + index < bytes.count else {
                throw JSONError(.unexpectedEnd, at: position + index)
            }
            guard bytes[position + index] == text.utf8Start[index] else {
                throw JSONError(
                    .unexpectedByte(bytes[position + index], expected: "\"\(text)\""),
                    at: position + index)
            }
        }
        position += text.utf8CodeUnitCount
    }
}
