import Signing
import Testing

@testable import TransparencyLog

@Suite("Two signed roots that contradict each other")
struct ContradictionTests {
    private let name = "tier.example/oem.example/boards"

    private func note(_ size: UInt64, _ root: Digest, _ key: SigningKey) throws -> [UInt8] {
        try SignedNote.sign(
            Checkpoint(origin: name, size: size, root: root).text, name: name, key: key)
    }

    private func made(lying: Bool = true) throws -> Contradiction {
        let key = try SigningKey.generate(.ed25519)
        let tree = SmallTree((0..<9).map { "entry \($0)" })
        let other = SHA256Hasher.hash([7])
        return Contradiction(
            log: try NoteVerifier(
                name: name, publicKey: try #require(key.verificationKey.ed25519Bytes)),
            root: tree.root(5),
            consistency: try MerkleProof.proveConsistency(old: 5, new: 9) { tree.hash($0) },
            first: try note(5, lying ? other : tree.root(5), key),
            second: try note(9, tree.root(9), key))
    }

    @Test("a file proves it by itself, and comes back whole")
    func roundTrip() throws {
        let contradiction = try made()
        let read = try Contradiction(file: contradiction.file)
        #expect(read == contradiction)
        let found = try read.verify()
        #expect(found.first.size == 5)
        #expect(found.second.size == 9)
    }

    @Test("checkpoints of one history accuse nobody")
    func innocent() throws {
        let contradiction = try made(lying: false)
        #expect(throws: TransparencyLogError.self) { try contradiction.verify() }
    }

    @Test("no flipped bit of a file proves anything else")
    func damage() throws {
        let contradiction = try made()
        let file = contradiction.file
        for index in file.indices {
            var changed = file
            changed[index] ^= 1
            guard let read = try? Contradiction(file: changed), (try? read.verify()) != nil else {
                continue
            }
            #expect(read == contradiction)
        }
        for count in stride(from: 0, to: file.count, by: 7) {
            #expect(throws: TransparencyLogError.self) {
                try Contradiction(file: Array(file.prefix(count)))
            }
        }
    }
}
