/// Texts that come again and again in a table: items, classes, organisations.
///
/// A text that was met is handed out again without being allocated or checked. Each slot holds the last text
/// that fell to it, so the cache never grows.
package struct TextCache {
    private static let slotCount = 256
    private var slots = [String](repeating: "", count: Self.slotCount)

    package init() {}

    /// The text of these bytes, made by `make` where it was not the last one of its slot.
    @inline(__always)
    package mutating func text<Failure: Error>(
        _ bytes: UnsafeRawBufferPointer,
        make: (UnsafeRawBufferPointer) throws(Failure) -> String
    ) throws(Failure) -> String {
        let slot = Self.slot(bytes)
        if Self.holds(slots[slot], bytes) { return slots[slot] }
        let text = try make(bytes)
        slots[slot] = text
        return text
    }

    /// A few bytes tell texts of one column apart: the length, the first and the last ones.
    @inline(__always)
    private static func slot(_ bytes: UnsafeRawBufferPointer) -> Int {
        var hash = UInt64(truncatingIfNeeded: bytes.count)
        if bytes.count >= 8 {
            hash ^= bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self)
            hash ^= bytes.loadUnaligned(as: UInt64.self) << 1
        } else {
            for byte in bytes { hash = hash << 8 ^ UInt64(byte) }
        }
        hash &*= 0x9e37_79b9_7f4a_7c15
        return Int(hash >> 56)
    }

    @inline(__always)
    private static func holds(_ text: String, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let utf8 = text.utf8
        guard utf8.count == bytes.count else { return false }
        return utf8.withContiguousStorageIfAvailable { bytes.elementsEqual($0) }
            ?? bytes.elementsEqual(utf8)
    }
}
