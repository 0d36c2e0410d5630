import Foundation
import Signing
import Testing
import TransparencyLog

/// The vectors of RFC 9162 proofs, of generated trees, and a published log.
@Suite("Tree vectors", .enabled(if: SharedVectors.arePresent))
struct TreeVectorTests {
    struct InclusionCase: Decodable {
        let id: String
        let leafIdx: UInt64
        let treeSize: UInt64
        let root: Data?
        let leafHash: Data?
        let proof: [Data]?
        let wantErr: Bool
    }

    struct ConsistencyCase: Decodable {
        let id: String
        let size1: UInt64
        let size2: UInt64
        let root1: Data?
        let root2: Data?
        let proof: [Data]?
        let wantErr: Bool
    }

    struct Trees: Decodable {
        struct Root: Decodable {
            let size: UInt64
            let root: String
        }
        struct Inclusion: Decodable {
            let index: UInt64
            let size: UInt64
            let proof: [String]
        }
        struct Consistency: Decodable {
            let old: UInt64
            let new: UInt64
            let proof: [String]
        }
        struct Tiles: Decodable {
            let size: UInt64
            let complete: Bool
            let resources: [[String]]
        }
        struct PathCase: Decodable {
            let index: UInt64
            let path: String
            init(from decoder: any Decoder) throws {
                var values = try decoder.unkeyedContainer()
                index = try values.decode(UInt64.self)
                path = try values.decode(String.self)
            }
        }
        struct Malformed: Decodable {
            let description: String
            let hex: String
        }
        struct Bundle: Decodable {
            enum Entry: Decodable {
                case bytes([UInt8])
                struct Repeat: Decodable {
                    let byte: String
                    let count: Int
                    enum Keys: String, CodingKey { case `repeat` }
                    init(from decoder: any Decoder) throws {
                        var values = try decoder.container(keyedBy: Keys.self)
                            .nestedUnkeyedContainer(forKey: .repeat)
                        byte = try values.decode(String.self)
                        count = try values.decode(Int.self)
                    }
                }
                init(from decoder: any Decoder) throws {
                    let value = try decoder.singleValueContainer()
                    if let hex = try? value.decode(String.self) {
                        self = .bytes(Hex.decode(hex) ?? [])
                    } else {
                        let repeated = try value.decode(Repeat.self)
                        let unit = Hex.decode(repeated.byte) ?? []
                        self = .bytes(Array((0..<repeated.count).map { _ in unit }.joined()))
                    }
                }
            }
            let entries: [Entry]
            let leafHashes: [String]
            let sha256: String?
            let root: String?
        }
        let roots: [Root]
        let inclusion: [Inclusion]
        let consistency: [Consistency]
        let tiles: [Tiles]
        let tilePaths: [PathCase]
        let bundle: Bundle
        let malformedBundles: [Malformed]
    }

    static func digest(_ data: Data?) -> Digest? { Digest(Array(data ?? Data())) }

    static func digests(_ hashes: [Data]?) -> [Digest]? {
        let found = (hashes ?? []).compactMap { digest($0) }
        return found.count == (hashes ?? []).count ? found : nil
    }

    @Test("inclusion proofs are accepted and refused as the published cases say")
    func inclusion() throws {
        let cases = try SharedVectors.decode(
            [InclusionCase].self, from: "merkle-proofs/inclusion.json")
        #expect(cases.count > 50)
        for test in cases {
            var isValid = false
            // A hash of another length than 32 bytes cannot even be put into the proof.
            if let root = Self.digest(test.root), let leaf = Self.digest(test.leafHash),
                let proof = Self.digests(test.proof)
            {
                do throws(TransparencyLogError) {
                    try MerkleProof.verifyInclusion(
                        proof, index: test.leafIdx, size: test.treeSize, leaf: leaf, root: root)
                    isValid = true
                } catch {
                    isValid = false
                }
            }
            #expect(isValid == !test.wantErr, "\(test.id)")
        }
    }

    @Test("consistency proofs are accepted and refused as the published cases say")
    func consistency() throws {
        let cases = try SharedVectors.decode(
            [ConsistencyCase].self, from: "merkle-proofs/consistency.json")
        #expect(cases.count > 50)
        for test in cases {
            guard let old = Self.digest(test.root1), let new = Self.digest(test.root2) else {
                // One accepted case has roots of 12 bytes; here a root is 32 bytes, always.
                #expect(test.wantErr || test.root1?.count == 12, "\(test.id)")
                continue
            }
            var isValid = false
            if let proof = Self.digests(test.proof) {
                do throws(TransparencyLogError) {
                    try MerkleProof.verifyConsistency(
                        proof, old: test.size1, new: test.size2, oldRoot: old, newRoot: new)
                    isValid = true
                } catch {
                    isValid = false
                }
            }
            #expect(isValid == !test.wantErr, "\(test.id)")
        }
    }

    /// The hashes of all levels of the generated tree, 70,000 leaves.
    static let levels: [[Digest]] = {
        var hasher = TreeHasher()
        var levels = [
            (0..<70_000).map { index in
                Array("alpha entry \(index)".utf8).withUnsafeBytes { hasher.leaf($0) }
            }
        ]
        while let last = levels.last, last.count >= 256 {
            levels.append(
                stride(from: 0, to: last.count - last.count % 256, by: 256).map { start in
                    hasher.root(last[start..<start + 256])
                })
        }
        return levels
    }()

    static func hash(_ range: Range<UInt64>) -> Digest {
        var hasher = TreeHasher()
        return hasher.root(levels[0][Int(range.lowerBound)..<Int(range.upperBound)])
    }

    @Test("roots, proofs, tiles and bundles of generated trees are made exactly")
    func trees() throws {
        let trees = try SharedVectors.decode(Trees.self, from: "tlog-tree/tree.json")
        for test in trees.roots {
            #expect(Self.hash(0..<test.size).base64 == test.root, "size \(test.size)")
        }
        for test in trees.inclusion {
            let proof = try MerkleProof.proveInclusion(
                index: test.index, size: test.size, hash: Self.hash)
            #expect(proof.map(\.base64) == test.proof)
            try MerkleProof.verifyInclusion(
                proof, index: test.index, size: test.size,
                leaf: Self.levels[0][Int(test.index)], root: Self.hash(0..<test.size))
        }
        for test in trees.consistency {
            let proof = try MerkleProof.proveConsistency(
                old: test.old, new: test.new, hash: Self.hash)
            #expect(proof.map(\.base64) == test.proof)
        }
        for test in trees.tiles {
            let tiles = Tile.tiles(from: 0, size: test.size)
            if test.complete {
                #expect(Set(tiles.map(\.path)) == Set(test.resources.map { $0[0] }))
            }
            for resource in test.resources {
                let tile = try Tile(path: resource[0])
                #expect(tiles.contains(tile), "\(resource[0]) of \(test.size)")
                #expect(SHA256Hasher.hash(Self.body(tile)).hex == resource[1], "\(resource[0])")
            }
        }
        for test in trees.tilePaths { #expect(Tile.indexPath(test.index) == test.path) }
    }

    static func body(_ tile: Tile) -> [UInt8] {
        let range = Int(tile.index) * 256..<Int(tile.index) * 256 + tile.width
        switch tile.kind {
        case .hashes(let level): return levels[level][range].flatMap(\.bytes)
        case .entries:
            var bundle: [UInt8] = []
            for index in range {
                let entry = Array("alpha entry \(index)".utf8)
                bundle += [UInt8(entry.count >> 8), UInt8(entry.count & 255)] + entry
            }
            return bundle
        }
    }

    @Test("bundles hold entries of all lengths, and malformed ones are refused")
    func bundles() throws {
        let trees = try SharedVectors.decode(Trees.self, from: "tlog-tree/tree.json")
        var bundle: [UInt8] = []
        var hasher = TreeHasher()
        for case .bytes(let entry) in trees.bundle.entries {
            try entry.withUnsafeBytes { try EntryBundle.append($0, to: &bundle) }
        }
        var leaves: [Digest] = []
        try bundle.withUnsafeBytes { bytes in
            try EntryBundle.forEachEntry(bytes, count: trees.bundle.entries.count) { _, entry in
                leaves.append(hasher.leaf(entry))
            }
        }
        let expected = trees.bundle.leafHashes
        #expect(leaves.map(\.hex) == expected || leaves.map(\.base64) == expected)
        for test in trees.malformedBundles {
            let bytes = try #require(Hex.decode(test.hex))
            #expect(throws: TransparencyLogError.self, "\(test.description)") {
                try bytes.withUnsafeBytes { try EntryBundle.forEachEntry($0) { _, _ in } }
            }
        }
    }

    @Test("a published log of 15 entries verifies in every part")
    func publishedLog() throws {
        let verifier = try NoteVerifier(
            vkey: "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
        var hasher = TreeHasher()
        var leaves: [Digest] = []
        for size in 0...15 {
            let note = try SharedVectors.bytes("tlog-tessera/log/checkpoint.\(size)")
            let checkpoint = try Checkpoint.open(
                note, verifier: verifier, origin: "example.com/log/testdata")
            #expect(checkpoint.size == UInt64(size))
            #expect(try SignedNote(note).text == Array(checkpoint.text.utf8))
            if size > 0 {
                leaves = []
                let bundle = try SharedVectors.bytes("tlog-tessera/log/tile/entries/000.p/\(size)")
                try bundle.withUnsafeBytes { bytes in
                    try EntryBundle.forEachEntry(bytes, count: size) { _, entry in
                        leaves.append(hasher.leaf(entry))
                    }
                }
                let tile = try SharedVectors.bytes("tlog-tessera/log/tile/0/000.p/\(size)")
                #expect(leaves.flatMap(\.bytes) == tile)
            }
            #expect(hasher.root(leaves) == checkpoint.root)
            for position in note.indices {
                var changed = note
                changed[position] ^= 1
                #expect(throws: TransparencyLogError.self) {
                    try Checkpoint.open(
                        changed, verifier: verifier, origin: "example.com/log/testdata")
                }
            }
        }
    }
}
