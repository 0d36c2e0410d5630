/// A set of operations by their local keys, or of rows: one bit each.
package struct KeySet {
    private var blocks: [Int64: [UInt64]] = [:]

    package init() {}

    package mutating func insert(_ key: Int64) {
        blocks[key >> 12, default: Array(repeating: 0, count: 64)][Int(key & 0xfff) >> 6] |=
            1 << UInt64(key & 0x3f)
    }

    package func contains(_ key: Int64) -> Bool {
        guard let block = blocks[key >> 12] else { return false }
        return block[Int(key & 0xfff) >> 6] >> UInt64(key & 0x3f) & 1 == 1
    }
}
