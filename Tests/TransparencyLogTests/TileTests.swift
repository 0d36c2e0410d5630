import Testing
import TransparencyLog

@Suite("Tiles and names")
struct TileTests {
    @Test("the path of every kind, index and width is read back")
    func paths() throws {
        for kind in [Tile.Kind.entries, .hashes(level: 0), .hashes(level: 7), .hashes(level: 63)] {
            for index: UInt64 in [0, 1, 999, 1_000, 123_456, 1_234_067, 1 << 53] {
                for width in [1, 15, 255, 256] {
                    let tile = Tile(kind, index: index, width: width)
                    #expect(try Tile(path: tile.path) == tile)
                }
            }
        }
        #expect(
            Tile(.hashes(level: 2), index: 1_234_067, width: 9).path == "tile/2/x001/x234/067.p/9")
    }

    @Test(
        "other paths are refused",
        arguments: [
            "", "tile", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000",
            "tile/64/000", "tile/-1/000", "tile/0/x000", "tile/0/x000/001", "tile/0/001/002",
            "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/1/2", "/tile/0/000", "tile//000", "tile/0/../000", "tile/0/000/",
            "tile/0/+00", "tile/entries/000.p/-1", "Tile/0/000", "tile/entry/000", "tile/0/0a0",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
            // What these would cover no 64-bit number counts.
            "tile/entries/x009/x007/x199/x254/x740/x991/999",
            "tile/0/x036/x028/x797/x018/x963/968", "tile/0/x1/000", "tile/0/00٣",
        ])
    func malformedPaths(_ path: String) {
        #expect(throws: TransparencyLogError.self) { try Tile(path: path) }
    }

    @Test("a partial tile is never hashed upward, and an empty tile does not exist")
    func tilesOfSizes() {
        #expect(Tile.tiles(from: 0, size: 0).isEmpty)
        #expect(
            Tile.tiles(from: 0, size: 256).map(\.path) == [
                "tile/entries/000", "tile/0/000", "tile/1/000.p/1",
            ])
        #expect(
            Tile.tiles(from: 255, size: 257).map(\.path) == [
                "tile/entries/000", "tile/entries/001.p/1", "tile/0/000", "tile/0/001.p/1",
                "tile/1/000.p/1",
            ])
        #expect(Tile.tiles(from: 5, size: 5).isEmpty)
        let large = Tile.tiles(from: 0, size: 70_000)
        #expect(large.count == 274 + 274 + 2 + 1)
        #expect(large.last?.path == "tile/2/000.p/1")
    }

    @Test("an entry of 65,535 bytes fits a bundle and one of 65,536 does not")
    func entryLimit() throws {
        var bundle: [UInt8] = []
        let entry = [UInt8](repeating: 7, count: 65_536)
        try entry.withUnsafeBytes { bytes in
            try EntryBundle.append(UnsafeRawBufferPointer(rebasing: bytes.dropLast()), to: &bundle)
            #expect(throws: TransparencyLogError.entryTooLarge(bytes: 65_536, max: 65_535)) {
                try EntryBundle.append(bytes, to: &bundle)
            }
        }
        #expect(bundle.count == 65_537)
    }

    @Test("a bundle of another number of entries is refused at the entry that tells")
    func bundleCounts() throws {
        let bundle: [UInt8] = [0, 1, 65, 0, 0, 0, 2, 66, 67]
        try bundle.withUnsafeBytes { bytes in
            var lengths: [Int] = []
            try EntryBundle.forEachEntry(bytes, count: 3) { _, entry in lengths.append(entry.count)
            }
            #expect(lengths == [1, 0, 2])
            #expect(throws: TransparencyLogError.badBundle(entry: 2, why: "bytes are left over")) {
                try EntryBundle.forEachEntry(bytes, count: 2) { _, _ in }
            }
            #expect(throws: TransparencyLogError.self) {
                try EntryBundle.forEachEntry(bytes, count: 4) { _, _ in }
            }
            #expect(try EntryBundle.byteCount(ofFirst: 2, in: bytes) == 5)
            #expect(throws: TransparencyLogError.self) {
                try EntryBundle.byteCount(ofFirst: 4, in: bytes)
            }
        }
    }

    @Test(
        "names that are no log are refused",
        arguments: [
            "", "a", "a/b", "a/b/", "a/b/c/d", "/b/c", "a//c", "A.example/b/c", "a/b/C", "a/b/..",
            "a/b/.c", "../b/c", "a..b/c/d", "-a/b/c", "a_b/c/d", "a/b/c d", "a/b/ü", "a/b/\u{212a}",
            "a/b/\(String(repeating: "c", count: 65))", "\(String(repeating: "a", count: 64))/b/c",
        ])
    func badOrigins(_ name: String) {
        #expect(throws: TransparencyLogError.self) { try LogOrigin(name) }
    }

    @Test("a log's name has its member and its dataset")
    func origins() throws {
        let origin = try LogOrigin("tier1.example/oem.example/boards_2.1-a")
        #expect(origin.member == "tier1.example")
        #expect(origin.dataset == "oem.example/boards_2.1-a")
    }
}
