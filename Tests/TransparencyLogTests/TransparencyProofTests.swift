import Foundation
import Signing
import Testing
import TransparencyLog

@Suite("Proof files")
struct TransparencyProofTests {
    struct ProofCase: Decodable {
        let id: String
        let expect: String
        let vkey: String
        let witnesses: [String]
        let quorum: Int
        let entry: Data
        let proof: Data
    }

    static func verify(_ test: ProofCase) throws {
        let log = try NoteVerifier(vkey: test.vkey)
        let witnesses = try test.witnesses.map { try NoteVerifier(vkey: $0) }
        let policy = try WitnessPolicy(witnesses: witnesses, threshold: test.quorum)
        try TransparencyProof(file: Array(test.proof)).verify(
            entry: Array(test.entry), log: log, origin: log.name, policy: policy)
    }

    @Test(
        "proof files are accepted and refused as the vectors say",
        .enabled(if: SharedVectors.arePresent))
    func vectors() throws {
        let cases = try SharedVectors.decode([ProofCase].self, from: "tlog-proofs/proofs.json")
        #expect(cases.count > 60)
        for test in cases where test.expect == "valid" {
            #expect(throws: Never.self, "\(test.id)") { try Self.verify(test) }
            let proof = try TransparencyProof(file: Array(test.proof))
            #expect(proof.file == Array(test.proof), "\(test.id)")
        }
        for test in cases where test.expect == "invalid" {
            #expect(throws: TransparencyLogError.self, "\(test.id)") { try Self.verify(test) }
        }
    }

    @Test("every entry of every small tree has a proof, which no other entry or index fulfils")
    func exhaustive() throws {
        let log = try TestLog(
            "acme.example/oem.example/boards", (0..<17).map { "entry \($0)" })
        for size in 1...17 {
            let note = try log.note(size)
            for index in 0..<size {
                let made = TransparencyProof(
                    index: UInt64(index), proof: try log.inclusion(index, size), note: note)
                let read = try TransparencyProof(file: made.file)
                #expect(read == made)
                let (checkpoint, _) = try read.verify(
                    entry: Array(log.entries[index].utf8), log: log.verifier, origin: log.origin,
                    policy: nil)
                #expect(checkpoint.size == UInt64(size))
                #expect(throws: TransparencyLogError.self) {
                    try read.verify(
                        entry: Array("entry x".utf8), log: log.verifier, origin: log.origin,
                        policy: nil)
                }
            }
        }
    }

    @Test("every changed bit and every cut is refused or is one of the bytes nobody signs")
    func mutations() throws {
        let log = try TestLog("acme.example/oem.example/boards", (0..<6).map { "entry \($0)" })
        let proof = TransparencyProof(
            index: 4, proof: try log.inclusion(4, 6), note: try log.note(6), extra: [1, 2, 3])
        let file = proof.file
        func verify(_ file: [UInt8]) throws {
            try TransparencyProof(file: file).verify(
                entry: Array("entry 4".utf8), log: log.verifier, origin: log.origin, policy: nil)
        }
        try verify(file)
        let start = TransparencyProof.version.utf8.count + 1 + "extra ".utf8.count
        let unsigned = start..<(start + 4)
        for position in file.indices where !unsigned.contains(position) {
            for bit in 0..<8 {
                var changed = file
                changed[position] ^= 1 << UInt8(bit)
                #expect(throws: TransparencyLogError.self, "byte \(position)") {
                    try verify(changed)
                }
            }
        }
        for end in file.indices {
            #expect(throws: TransparencyLogError.self) { try verify(Array(file[..<end])) }
        }
    }

    @Test("the witnesses that a policy asks for have to have cosigned")
    func witnesses() throws {
        let log = try TestLog("acme.example/oem.example/boards", ["a", "b"])
        let witness = try Witness(name: "borealis.example", key: try .generate(.ed25519))
        let answer = try witness.answer(
            try log.request(0, 2), origin: log.origin, logKeys: [log.verifier], latest: .none,
            time: 1_790_000_000)
        let bare = try log.note(2)
        let cosigned = try SignedNote.adding(
            cosignatures: answer.body, to: bare, by: [witness.verifier])
        let policy = try WitnessPolicy(witnesses: [witness.verifier], threshold: 1)
        let proof = try log.inclusion(1, 2)
        let found = try TransparencyProof(index: 1, proof: proof, note: cosigned).verify(
            entry: Array("b".utf8), log: log.verifier, origin: log.origin, policy: policy)
        #expect(found.cosignatures.map(\.time) == [1_790_000_000])
        #expect(throws: TransparencyLogError.quorumMissing(signed: 0, known: 1)) {
            try TransparencyProof(index: 1, proof: proof, note: bare).verify(
                entry: Array("b".utf8), log: log.verifier, origin: log.origin, policy: policy)
        }
    }

    @Test("extra data up to its limit is read and more is not")
    func extraLimit() throws {
        let log = try TestLog("acme.example/oem.example/boards", ["a"])
        func file(_ count: Int) throws -> [UInt8] {
            TransparencyProof(
                index: 0, proof: [], note: try log.note(1),
                extra: [UInt8](repeating: 7, count: count)
            ).file
        }
        let most = TransparencyProof.extraBytesMax
        #expect(try TransparencyProof(file: try file(most)).extra?.count == most)
        #expect(try TransparencyProof(file: try file(0)).extra == [])
        #expect(throws: TransparencyLogError.self) {
            try TransparencyProof(file: try file(most + 1))
        }
    }
}
