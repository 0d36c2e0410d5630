import Glibc

/// A text as a key: compared, ordered and hashed by its UTF-8 bytes.
///
/// Swift takes two texts for equal that look equal (canonical equivalence): `é` as one character and
/// as two, the Kelvin sign and the letter K. In the logs they are different names. So whatever is
/// looked up by a name out of a log or a file is looked up by this type, or by ``ByteMap`` and ``ByteSet``. All
/// three are inlined across modules: readers look up names for every record.
public struct ByteKey: Sendable {
    /// The text.
    public let text: String

    /// The key of a text.
    @inlinable
    public init(_ text: String) {
        var text = text
        text.makeContiguousUTF8()
        self.text = text
    }

    @inlinable
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        // Contiguous since it was made, so the copy is never taken.
        text.utf8.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
            ?? Array(text.utf8).withUnsafeBytes(body)
    }
}

/// True if two stretches of the same length hold the same bytes.
@usableFromInline
func hasSameBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard let leftStart = left.baseAddress, let rightStart = right.baseAddress else { return true }
    return memcmp(leftStart, rightStart, left.count) == 0
}

extension ByteKey: Hashable, Comparable {
    /// True for the same bytes.
    @inlinable
    public static func == (left: ByteKey, right: ByteKey) -> Bool {
        left.text.utf8.count == right.text.utf8.count
            && left.withBytes { left in right.withBytes { hasSameBytes(left, $0) } }
    }

    /// The order of the bytes.
    @inlinable
    public static func < (left: ByteKey, right: ByteKey) -> Bool {
        left.withBytes { left in right.withBytes { left.lexicographicallyPrecedes($0) } }
    }

    /// Hashes the bytes.
    @inlinable
    public func hash(into hasher: inout Hasher) {
        withBytes { hasher.combine(bytes: $0) }
        hasher.combine(UInt8(0xff))
    }
}

extension String {
    /// True if the other text has the same bytes; `==` is also true for what only looks the same.
    @inlinable
    public func hasSameBytes(as other: String) -> Bool { ByteKey(self) == ByteKey(other) }
}

extension Sequence where Element == String {
    /// In the order of their bytes, in which no two different texts are equal.
    public func sortedByBytes() -> [String] { map(ByteKey.init).sorted().map(\.text) }
}

/// A dictionary by the bytes of names, see ``ByteKey``.
public struct ByteMap<Value> {
    @usableFromInline var storage: [ByteKey: Value]

    /// Nothing yet.
    @inlinable
    public init() { storage = [:] }

    /// Pairs, of which two may have one name.
    @inlinable
    public init(
        _ pairs: some Sequence<(String, Value)>, uniquingKeysWith combine: (Value, Value) -> Value
    ) {
        storage = Dictionary(
            pairs.map { (ByteKey($0.0), $0.1) }, uniquingKeysWith: combine)
    }

    @usableFromInline
    init(storage: [ByteKey: Value]) { self.storage = storage }

    /// The value of a name.
    @inlinable
    public subscript(name: String) -> Value? {
        get { storage[ByteKey(name)] }
        _modify { yield &storage[ByteKey(name)] }
    }

    /// The value of a name, which it gets where it has none.
    @inlinable
    public subscript(name: String, default value: @autoclosure () -> Value) -> Value {
        get { storage[ByteKey(name), default: value()] }
        _modify { yield &storage[ByteKey(name), default: value()] }
    }

    /// The number of names.
    @inlinable
    public var count: Int { storage.count }
    /// True if there are none.
    @inlinable
    public var isEmpty: Bool { storage.isEmpty }
    /// The names.
    @inlinable
    public var keys: [String] { storage.keys.map(\.text) }
    /// The values.
    @inlinable
    public var values: Dictionary<ByteKey, Value>.Values { storage.values }

    /// Takes a name out.
    @inlinable
    @discardableResult
    public mutating func removeValue(forKey name: String) -> Value? {
        storage.removeValue(forKey: ByteKey(name))
    }

    /// Sets a value, and returns the one before.
    @inlinable
    @discardableResult
    public mutating func updateValue(_ value: Value, forKey name: String) -> Value? {
        storage.updateValue(value, forKey: ByteKey(name))
    }

    /// Takes all out.
    @inlinable
    public mutating func removeAll(keepingCapacity: Bool = false) {
        storage.removeAll(keepingCapacity: keepingCapacity)
    }

    /// Other values of the same names.
    @inlinable
    public func mapValues<Other>(
        _ transform: (Value) throws -> Other
    ) rethrows -> ByteMap<Other> {
        ByteMap<Other>(storage: try storage.mapValues(transform))
    }

    /// Other values of those names that have one.
    @inlinable
    public func compactMapValues<Other>(
        _ transform: (Value) throws -> Other?
    ) rethrows -> ByteMap<Other> {
        ByteMap<Other>(storage: try storage.compactMapValues(transform))
    }

    /// With the values of another map, which win.
    @inlinable
    public func merging(_ other: ByteMap) -> ByteMap {
        ByteMap(storage: storage.merging(other.storage) { _, new in new })
    }

    /// The pairs in the order of the names' bytes.
    @inlinable
    public func sortedByKey() -> [(key: String, value: Value)] {
        storage.sorted { $0.key < $1.key }.map { (key: $0.key.text, value: $0.value) }
    }
}

extension ByteMap: Sequence, ExpressibleByDictionaryLiteral {
    /// Pairs; of two with one name the later counts.
    @inlinable
    public init(dictionaryLiteral pairs: (String, Value)...) {
        storage = [:]
        for (name, value) in pairs { storage[ByteKey(name)] = value }
    }

    /// The pairs in any order.
    @inlinable
    public func makeIterator() -> AnyIterator<(key: String, value: Value)> {
        var rest = storage.makeIterator()
        return AnyIterator { rest.next().map { (key: $0.key.text, value: $0.value) } }
    }
}

extension ByteMap: Equatable where Value: Equatable {}
extension ByteMap: Hashable where Value: Hashable {}
extension ByteMap: Sendable where Value: Sendable {}

/// A set of names by their bytes, see ``ByteKey``.
public struct ByteSet: Hashable, Sendable {
    @usableFromInline var storage: Set<ByteKey>

    /// Nothing yet.
    @inlinable
    public init() { storage = [] }

    /// The names of a sequence.
    @inlinable
    public init(_ names: some Sequence<String>) { storage = Set(names.map(ByteKey.init)) }

    /// The number of names.
    @inlinable
    public var count: Int { storage.count }
    /// True if there are none.
    @inlinable
    public var isEmpty: Bool { storage.isEmpty }

    /// True for a name that is in it.
    @inlinable
    public func contains(_ name: String) -> Bool { storage.contains(ByteKey(name)) }

    /// Puts a name in, and says whether it was not there.
    @inlinable
    @discardableResult
    public mutating func insert(_ name: String) -> (inserted: Bool, memberAfterInsert: String) {
        let (inserted, member) = storage.insert(ByteKey(name))
        return (inserted, member.text)
    }

    /// Puts names in.
    @inlinable
    public mutating func formUnion(_ names: some Sequence<String>) {
        for name in names { insert(name) }
    }

    /// Takes a name out.
    @inlinable
    public mutating func remove(_ name: String) { storage.remove(ByteKey(name)) }

    /// Takes all out.
    @inlinable
    public mutating func removeAll(keepingCapacity: Bool = false) {
        storage.removeAll(keepingCapacity: keepingCapacity)
    }

    /// True if all of the names are in it.
    @inlinable
    public func isSuperset(of names: some Sequence<String>) -> Bool { names.allSatisfy(contains) }
}

extension ByteSet: Sequence, ExpressibleByArrayLiteral {
    /// Some names.
    @inlinable
    public init(arrayLiteral names: String...) { self.init(names) }

    /// The names in any order.
    @inlinable
    public func makeIterator() -> AnyIterator<String> {
        var rest = storage.makeIterator()
        return AnyIterator { rest.next()?.text }
    }
}
