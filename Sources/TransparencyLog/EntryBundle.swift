/// Entries one after another, each with its length in sixteen bits in front (tlog-tiles, "Log entries").
public enum EntryBundle {
    /// The largest entry in bytes: what sixteen bits can count.
    public static let entryBytesMax = 65_535
    /// The largest bundle in bytes: 256 of the largest entries with their lengths.
    public static let bytesMax = Tile.fullWidth * (2 + entryBytesMax)

    /// Calls `body` with each entry of a bundle, as a slice of it.
    ///
    /// - Throws: ``TransparencyLogError/badBundle(entry:why:)`` unless the bundle holds exactly `count`
    ///   entries (any number if nil) and nothing else.
    public static func forEachEntry(
        _ bundle: UnsafeRawBufferPointer, count: Int? = nil,
        _ body: (_ position: Int, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var offset = 0
        var position = 0
        while offset < bundle.count {
            if position == count {
                throw TransparencyLogError.badBundle(entry: position, why: "bytes are left over")
            }
            let entry = try entry(in: bundle, at: offset, position: position)
            try body(position, entry)
            offset += 2 + entry.count
            position += 1
        }
        if let count, position != count {
            throw TransparencyLogError.badBundle(
                entry: position, why: "the bundle ends after \(position) of \(count) entries")
        }
    }

    /// The entry whose length stands at `offset`.
    private static func entry(
        in bundle: UnsafeRawBufferPointer, at offset: Int, position: Int
    ) throws(TransparencyLogError) -> UnsafeRawBufferPointer {
        guard offset + 2 <= bundle.count else {
            throw .badBundle(entry: position, why: "its length is cut")
        }
        let length = Int(bundle[offset]) << 8 | Int(bundle[offset + 1])
        guard offset + 2 + length <= bundle.count else {
            throw .badBundle(entry: position, why: "it is cut")
        }
        return UnsafeRawBufferPointer(rebasing: bundle[offset + 2..<offset + 2 + length])
    }

    /// The number of bytes that the first `count` entries of a bundle take; what follows them is not
    /// looked at.
    ///
    /// - Throws: ``TransparencyLogError/badBundle(entry:why:)`` if there are fewer.
    public static func byteCount(
        ofFirst count: Int, in bundle: UnsafeRawBufferPointer
    ) throws(TransparencyLogError) -> Int {
        var offset = 0
        for position in 0..<count {
            offset += 2 + (try entry(in: bundle, at: offset, position: position)).count
        }
        return offset
    }

    /// Appends an entry with its length.
    ///
    /// - Throws: ``TransparencyLogError/entryTooLarge(bytes:max:)``.
    public static func append(
        _ entry: UnsafeRawBufferPointer, to bundle: inout [UInt8]
    ) throws(TransparencyLogError) {
        guard entry.count <= entryBytesMax else {
            throw .entryTooLarge(bytes: entry.count, max: entryBytesMax)
        }
        bundle.append(UInt8(entry.count >> 8))
        bundle.append(UInt8(entry.count & 0xff))
        bundle.append(contentsOf: entry)
    }
}
