import Foundation
import Signing
import Testing
import TransparencyLog

@Suite("Signed notes and checkpoints")
struct NoteTests {
    struct NoteCase: Decodable {
        let id: String
        let kind: String?
        let expect: String
        let cosignature: Bool?
        let vkeys: [String]
        let note: Data
    }

    static func isAccepted(_ test: NoteCase) throws -> Bool {
        let keys: [NoteVerifier]
        do throws(TransparencyLogError) {
            keys = try test.vkeys.map { key throws(TransparencyLogError) in
                try NoteVerifier(vkey: key)
            }
            let note = try SignedNote(Array(test.note))
            switch test.kind {
            case "checkpoint":
                try note.verify(keys)
                let checkpoint = try Checkpoint(text: note.text)
                return checkpoint.origin == keys[0].name
            case "cosigned":
                _ = try Checkpoint.open(
                    Array(test.note), verifier: keys[0], origin: keys[0].name)
                return try note.cosignatures(by: [keys[1]]).count == 1
            default:
                try note.verify(keys)
                return true
            }
        } catch {
            return false
        }
    }

    @Test(
        "notes are accepted and refused as the vectors say",
        .enabled(if: SharedVectors.arePresent))
    func vectors() throws {
        let own = try SharedVectors.decode([NoteCase].self, from: "signed-notes/notes.json")
        let others = try SharedVectors.decode(
            [NoteCase].self, from: "signed-notes/third-party.json")
        #expect(own.count > 80 && others.count > 5)
        for test in own + others where test.expect != "either" {
            #expect(try Self.isAccepted(test) == (test.expect == "valid"), "\(test.id)")
        }
        // The choices that the texts leave open: 100 signatures at most, times and sizes below 2^63.
        let choices = own.filter { $0.expect == "either" }
        let accepted = try choices.filter { try Self.isAccepted($0) }.map(\.id)
        #expect(accepted == ["alpha/012", "alpha/072", "alpha/077"])
    }

    @Test("what is signed is read back, and verified by the key's text form")
    func signAndVerify() throws {
        let key = try SigningKey.generate(.ed25519)
        let publicKey = try #require(key.verificationKey.ed25519Bytes)
        let origin = "acme.example/oem.example/boards"
        let verifier = try NoteVerifier(name: origin, publicKey: publicKey)
        #expect(try NoteVerifier(vkey: verifier.vkey) == verifier)
        let checkpoint = Checkpoint(
            origin: origin, size: 7, root: SHA256Hasher.hash([1, 2, 3]))
        let note = try SignedNote.sign(checkpoint.text, name: origin, key: key)
        #expect(try Checkpoint.open(note, verifier: verifier, origin: origin) == checkpoint)
        let other = "borealis.example/oem.example/boards"
        #expect(throws: TransparencyLogError.otherOrigin(expected: other, found: origin)) {
            try Checkpoint.open(note, verifier: verifier, origin: other)
        }
        for position in note.indices {
            var changed = note
            changed[position] ^= 1
            #expect(throws: TransparencyLogError.self, "byte \(position)") {
                try Checkpoint.open(changed, verifier: verifier, origin: origin)
            }
        }
        for end in note.indices {
            #expect(throws: TransparencyLogError.self) {
                try Checkpoint.open(Array(note[..<end]), verifier: verifier, origin: origin)
            }
        }
    }

    @Test("a witness's line verifies beside the log's, and counts once for one key")
    func cosignatures() throws {
        let (logKey, witnessKey) = (
            try SigningKey.generate(.ed25519), try SigningKey.generate(.ed25519)
        )
        let origin = "acme.example/oem.example/boards"
        let text = Checkpoint(origin: origin, size: 0, root: TreeHasher.emptyRoot).text
        let name = "borealis.example"
        let witness = try NoteVerifier(
            name: name, kind: .cosignature,
            publicKey: try #require(witnessKey.verificationKey.ed25519Bytes))
        #expect(try NoteVerifier(vkey: witness.vkey) == witness)
        let first = try SignedNote.cosign(
            Array(text.utf8), time: 1_790_000_000, name: name, key: witnessKey)
        let second = try SignedNote.cosign(
            Array(text.utf8), time: 1_790_000_001, name: name, key: witnessKey)
        let bytes = try SignedNote.sign(text, name: origin, key: logKey) + first + second
        let note = try SignedNote(bytes)
        let found = try note.cosignatures(by: [witness])
        #expect(found.map(\.witness) == [witness])
        #expect(found.map(\.time) == [1_790_000_000])
        #expect(try note.cosignatures(by: []).isEmpty)
        #expect(throws: TransparencyLogError.self) {
            try SignedNote.cosign(Array(text.utf8), time: -1, name: name, key: witnessKey)
        }
        let wrong = try SignedNote.cosign(
            Array("other\n".utf8), time: 1, name: name, key: witnessKey)
        let forged = try SignedNote(try SignedNote.sign(text, name: origin, key: logKey) + wrong)
        #expect(throws: TransparencyLogError.badSignature(key: name)) {
            try forged.cosignatures(by: [witness])
        }
    }

    @Test(
        "malformed checkpoints are refused",
        arguments: [
            "", "o\n", "o\n1\n", "o\n01\nR\n", "o\n+1\nR\n", "o\n-1\nR\n", "o\n1 \nR\n", "o\n\nR\n",
            "o\n9223372036854775808\nR\n", "o\n18446744073709551616\nR\n", "o\n1\nR", "\n1\nR\n",
            "o\n1\nR\n\n", "o\n0\nR\n", "o\n1\nAAAA\n", "o\n1e3\nR\n", "o\n1\n\u{e9}R\n",
        ])
    func malformedCheckpoints(_ form: String) {
        let text = form.replacingOccurrences(of: "R", with: Digest.zero.base64)
        #expect(throws: TransparencyLogError.self) { try Checkpoint(text: Array(text.utf8)) }
    }

    @Test("extension lines are kept, because they are signed")
    func extensions() throws {
        let text = "o\n1\n\(Digest.zero.base64)\nmore\n"
        let checkpoint = try Checkpoint(text: Array(text.utf8))
        #expect(checkpoint.extensions == ["more"])
        #expect(checkpoint.text == text)
    }

    @Test(
        "malformed verifier keys are refused",
        arguments: [
            "", "a", "a+b", "a+00000000+", "+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
            "a b+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
            "example.com/log/testdata+33D7B496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
            "example.com/log/testdata+33d7b497+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
            "example.com/log/testdatb+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
        ])
    func malformedKeys(_ vkey: String) {
        #expect(throws: TransparencyLogError.badVerifierKey(vkey)) { try NoteVerifier(vkey: vkey) }
    }
}
