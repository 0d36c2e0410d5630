import Replication
import Signing
import Testing
import TransparencyLog

@Suite("A partner's tree by its tiles")
struct TileTreeTests {
    /// All tiles of a tree over some leaves.
    private func tiles(_ leaves: [Digest]) -> [Tile: [UInt8]] {
        var found: [Tile: [UInt8]] = [:]
        var hasher = TreeHasher()
        var hashes = leaves
        for level in 0..<3 where !hashes.isEmpty {
            for (index, start) in stride(from: 0, to: hashes.count, by: 256).enumerated() {
                let part = hashes[start..<min(hashes.count, start + 256)]
                found[Tile(.hashes(level: level), index: UInt64(index), width: part.count)] =
                    part.flatMap(\.bytes)
            }
            hashes = stride(from: 0, to: hashes.count / 256 * 256, by: 256).map {
                hasher.root(hashes[$0..<$0 + 256])
            }
        }
        return found
    }

    private func leaves(_ count: Int, changing: Set<Int> = []) -> [Digest] {
        var hasher = TreeHasher()
        return (0..<count).map { index in
            Array("\(changing.contains(index) ? "other" : "entry") \(index)".utf8)
                .withUnsafeBytes { hasher.leaf($0) }
        }
    }

    /// Asks again and again, fetching what is missing; returns the answer and the tiles fetched.
    private func asking<R>(
        _ tree: inout TileTree, _ source: [Tile: [UInt8]], _ question: (TileTree) throws -> R
    ) throws -> R {
        while true {
            do {
                return try question(tree)
            } catch let missing as TileTree.Missing {
                try tree.add(missing.tile, try #require(source[missing.tile]))
            }
        }
    }

    @Test(
        "the first difference and the proofs need a few tiles of a large tree, and every size works"
    )
    func search() throws {
        let size = 140_000
        let ours = leaves(size)
        let own = tiles(ours)
        for fork in [0, 1, 255, 256, 65_535, 65_536, 100_001, size - 1] {
            for theirSize in [fork + 1, size].sorted() {
                let theirs = tiles(leaves(theirSize, changing: [fork]))
                var one = TileTree(size: UInt64(size))
                var other = TileTree(size: UInt64(theirSize))
                let found = try asking(&other, theirs) { other in
                    let index = try MerkleProof.firstDifference(
                        UInt64(size), { range in try asking(&one, own) { try $0.subtree(range) } },
                        other.size, other.subtree)
                    if let index {
                        _ = try MerkleProof.proveInclusion(
                            index: index, size: other.size, hash: other.subtree)
                    }
                    return index
                }
                #expect(found == UInt64(fork))
                #expect(other.count <= 8, "\(other.count) tiles for \(fork) of \(theirSize)")
            }
        }
    }

    @Test("a tile of another length is refused, and no search fetches without end")
    func limits() throws {
        var tree = TileTree(size: 1 << 40)
        let tile = Tile(.hashes(level: 0), index: 0, width: 256)
        for count in [0, 31, 32 * 255, 32 * 256 + 1] {
            #expect(throws: TileTree.Refusal.length(tile: tile.path, bytes: count)) {
                try tree.add(tile, [UInt8](repeating: 0, count: count))
            }
        }
        for index in 0..<TileTree.tilesMax {
            try tree.add(
                Tile(.hashes(level: 0), index: UInt64(index)),
                [UInt8](repeating: 0, count: 32 * 256))
        }
        #expect(throws: TileTree.Refusal.tooMany) {
            try tree.add(
                Tile(.hashes(level: 1), index: 0), [UInt8](repeating: 0, count: 32 * 256))
        }
        #expect(throws: TransparencyLogError.self) { try tree.subtree(0..<(1 << 40) + 1) }
    }
}
