import Glibc

/// Numbers for very many names, whose bytes lie in one piece of memory.
///
/// Names are told apart by their bytes. A name costs its length and some twelve bytes, and no allocation.
package struct NamePool {
    private var bytes: [UInt8] = []
    /// Where each name ends.
    private var ends: [Int] = []
    /// By hash: a name's number, or -1; a power of two of them, at most half of them taken.
    private var slots: [Int32] = []

    /// How many names there are.
    var count: Int { ends.count }

    private func range(_ number: Int) -> Range<Int> {
        (number == 0 ? 0 : ends[number - 1])..<ends[number]
    }

    /// Calls `body` with the bytes of a name.
    func withBytes<R>(_ number: Int, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        let range = range(number)
        return try bytes.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// A name.
    package subscript(number: Int) -> String {
        withBytes(number) { String(decoding: $0, as: UTF8.self) }
    }

    /// A name's number; nil for one that is not there.
    ///
    /// - Parameter guess: The number that it probably has, which is looked at first: files name items in an order.
    func number(of name: UnsafeRawBufferPointer, guess: Int32 = -1) -> Int32? {
        if slots.isEmpty { return nil }
        if (0..<Int32(count)).contains(guess), isSame(Int(guess), name) { return guess }
        let found = slots[slot(of: name)]
        return found < 0 ? nil : found
    }

    /// A name's number, which it is given if it is new.
    mutating func add(_ name: UnsafeRawBufferPointer) -> Int32 {
        if slots.count < 2 * (count + 1) { grow() }
        let slot = slot(of: name)
        if slots[slot] >= 0 { return slots[slot] }
        let number = Int32(count)
        slots[slot] = number
        bytes.append(contentsOf: name)
        ends.append(bytes.count)
        return number
    }

    /// A name's number, which it is given if it is new.
    mutating func add(_ name: String) -> Int32 {
        var name = name
        return name.withUTF8 { add(UnsafeRawBufferPointer($0)) }
    }

    /// The names in the order of their bytes, and the place there of each one; nil if they are in it already.
    func sorted() -> (names: NamePool, places: [Int32])? {
        func precedes(_ one: Int, _ other: Int) -> Bool {
            withBytes(one) { one in withBytes(other) { one.lexicographicallyPrecedes($0) } }
        }
        if (1..<max(1, count)).allSatisfy({ precedes($0 - 1, $0) }) { return nil }
        var places = [Int32](repeating: 0, count: count)
        var names = NamePool()
        for (place, number) in (0..<count).sorted(by: precedes).enumerated() {
            places[number] = Int32(place)
            withBytes(number) { _ = names.add($0) }
        }
        return (names, places)
    }

    /// Where a name stands, or would.
    private func slot(of name: UnsafeRawBufferPointer) -> Int {
        // Seeded anew by each process: nobody can choose names that fall together.
        var hasher = Hasher()
        hasher.combine(bytes: name)
        var slot = hasher.finalize() & (slots.count - 1)
        while slots[slot] >= 0 {
            if isSame(Int(slots[slot]), name) { break }
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private func isSame(_ number: Int, _ name: UnsafeRawBufferPointer) -> Bool {
        let range = range(number)
        guard range.count == name.count, let start = name.baseAddress else {
            return range.count == name.count
        }
        return bytes.withUnsafeBytes { all in
            all.baseAddress.map { memcmp($0 + range.lowerBound, start, range.count) == 0 } ?? false
        }
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: max(64, 2 * slots.count))
        for number in 0..<count {
            let slot = withBytes(number) { self.slot(of: $0) }
            slots[slot] = Int32(number)
        }
    }
}
