import AnnotationModel

/// Appends JSON to a growing buffer, which the caller empties as it likes.
///
/// Numbers are written in the shortest form that reads back as the same double. JSON has no NaN and no
/// infinity: such a number is written as `null` and ``hasNotFinite`` becomes true, which a format
/// looks at after each record.
public struct JSONWriter {
    /// What has been written since the buffer was last emptied.
    public private(set) var bytes: [UInt8] = []
    /// True once a number that is not finite was to be written.
    public private(set) var hasNotFinite = false
    /// True where a comma belongs before the next key or element.
    private var needsComma = false

    /// An empty writer.
    public init() {}

    /// Forgets the bytes and keeps the place in the structure.
    public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// Begins an object.
    public mutating func beginObject() { open(UInt8(ascii: "{")) }

    /// Ends an object.
    public mutating func endObject() { close(UInt8(ascii: "}")) }

    /// Begins an array.
    public mutating func beginArray() { open(UInt8(ascii: "[")) }

    /// Ends an array.
    public mutating func endArray() { close(UInt8(ascii: "]")) }

    /// Writes a key that needs no escapes.
    public mutating func key(_ name: StaticString) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(
            contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a key.
    public mutating func key(name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a string.
    public mutating func string(_ text: String) {
        comma()
        var text = text
        text.withUTF8 { quoted($0) }
    }

    /// Writes a whole number.
    public mutating func integer(_ value: some BinaryInteger) {
        comma()
        if let small = Int64(exactly: value), (0..<1_000_000).contains(small) {
            digits(Int(small))
        } else {
            bytes.append(contentsOf: String(value).utf8)
        }
    }

    /// Writes a double with a point or an exponent, so that it reads back as a double.
    public mutating func double(_ value: Double) {
        comma()
        guard value.isFinite else { return notFinite() }
        bytes.append(contentsOf: value.description.utf8)
    }

    /// Writes a double where the reader knows that it is one: whole numbers go without point.
    public mutating func coordinate(_ value: Double) {
        guard value.magnitude < 1e15, let whole = Int64(exactly: value) else {
            return double(value)
        }
        integer(whole)
    }

    /// Writes a list of coordinates.
    public mutating func coordinates(_ values: [Double]) {
        beginArray()
        for value in values { coordinate(value) }
        endArray()
    }

    /// Writes `true` or `false`.
    public mutating func bool(_ value: Bool) {
        comma()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// Writes `null`.
    public mutating func null() {
        comma()
        bytes.append(contentsOf: "null".utf8)
    }

    /// Writes a tree, keys in ascending order.
    public mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .integer(let value): integer(value)
        case .double(let value): double(value)
        case .string(let value): string(value)
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .object(let members):
            beginObject()
            for (name, member) in members.sortedByKey() {
                key(name: name)
                self.value(member)
            }
            endObject()
        }
    }

    /// Ends a line of a file that holds one value a line.
    public mutating func newline() {
        bytes.append(UInt8(ascii: "\n"))
        needsComma = false
    }

    /// Breaks the line inside an array or object.
    public mutating func lineBreak() {
        comma()
        bytes.append(UInt8(ascii: "\n"))
        needsComma = false
    }

    @inline(__always)
    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func open(_ byte: UInt8) {
        comma()
        bytes.append(byte)
        needsComma = false
    }

    private mutating func close(_ byte: UInt8) {
        bytes.append(byte)
        needsComma = true
    }

    private mutating func notFinite() {
        hasNotFinite = true
        bytes.append(contentsOf: "null".utf8)
    }

    private mutating func digits(_ value: Int) {
        if value >= 10 { digits(value / 10) }
        bytes.append(0x30 + UInt8(value % 10))
    }

    private mutating func quoted(_ text: UnsafeBufferPointer<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        if text.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5c }) {
            bytes.append(contentsOf: text)
        } else {
            for byte in text { escaped(byte) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escaped(_ byte: UInt8) {
        switch byte {
        case 0x22: bytes.append(contentsOf: [0x5c, 0x22])
        case 0x5c: bytes.append(contentsOf: [0x5c, 0x5c])
        case 0x0a: bytes.append(contentsOf: [0x5c, 0x6e])
        case 0x0d: bytes.append(contentsOf: [0x5c, 0x72])
        case 0x09: bytes.append(contentsOf: [0x5c, 0x74])
        case 0..<0x20:
            bytes.append(contentsOf: "\\u00".utf8)
            bytes.append(Self.hexDigits[Int(byte >> 4)])
            bytes.append(Self.hexDigits[Int(byte & 15)])
        default: bytes.append(byte)
        }
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)
}
