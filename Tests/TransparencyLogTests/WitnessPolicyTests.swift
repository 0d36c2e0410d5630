import Foundation
import Signing
import Testing
import TransparencyLog

@Suite("Witness policies")
struct WitnessPolicyTests {
    static let names = ["X1", "X2", "X3", "Y1", "Y2", "Y3"]

    struct Setup {
        let log: TestLog
        let keys: [SigningKey]
        let vkeys: [String]

        init() throws {
            log = try TestLog("acme.example/oem.example/boards", ["a", "b", "c"])
            keys = try names.map { _ in try SigningKey.generate(.ed25519) }
            vkeys = try zip(names, keys).map {
                try TestKeys.verifier("\($0).example", $1, kind: .cosignature).vkey
            }
        }

        /// A checkpoint that some witnesses cosigned, each at 1000 and its number.
        func note(_ signers: Set<Int>) throws -> [UInt8] {
            let note = try log.note(3)
            let text = try SignedNote(note).text
            return try signers.sorted().reduce(note) { note, signer in
                note
                    + (try SignedNote.cosign(
                        text, time: 1_000 + Int64(signer), name: "\(names[signer]).example",
                        key: keys[signer]))
            }
        }

        var lines: [String] {
            ["log \(log.verifier.vkey)"] + zip(names, vkeys).map { "witness \($0) \($1)" }
        }

        func policy(_ more: [String]) throws -> WitnessPolicy {
            try WitnessPolicy(file: Array(((lines + more).joined(separator: "\n") + "\n").utf8))
        }
    }

    @Test("nested groups are met by exactly the sets of witnesses that their numbers allow")
    func nested() throws {
        let setup = try Setup()
        let policy = try setup.policy([
            "# two of these", "  group\tX-witnesses 2 X1 X2 X3", "group Y-witnesses any Y1 Y2 Y3",
            "", "group X-and-Y all X-witnesses Y-witnesses", "quorum X-and-Y",
        ])
        #expect(try WitnessPolicy(file: Array(policy.file.utf8)) == policy)
        for bits in 0..<64 {
            let signers = Set((0..<6).filter { bits >> $0 & 1 == 1 })
            let bytes = try setup.note(signers)
            let verdict = try policy.judge(try SignedNote(bytes))
            let expected = signers.count { $0 < 3 } >= 2 && signers.contains { $0 >= 3 }
            #expect(verdict.isMet == expected)
            #expect(verdict.cosignatures.map(\.time) == signers.sorted().map { 1_000 + Int64($0) })
            #expect(
                verdict.missing
                    == Self.names.enumerated().filter { !signers.contains($0.0) }.map(\.1))
            if expected {
                #expect(try policy.accept(bytes).size == 3)
            } else {
                #expect(
                    throws: TransparencyLogError.quorumMissing(signed: signers.count, known: 6)
                ) { try policy.accept(bytes) }
            }
        }
    }

    @Test("a number of keys makes a policy of their own names")
    func threshold() throws {
        let setup = try Setup()
        let verifiers = try setup.vkeys.map { try NoteVerifier(vkey: $0) }
        let note = try SignedNote(try setup.note([1, 4]))
        for threshold in 0...6 {
            let policy = try WitnessPolicy(witnesses: verifiers, threshold: threshold)
            #expect(try policy.judge(note).isMet == (threshold <= 2))
            #expect(try WitnessPolicy(file: Array(policy.file.utf8)) == policy)
        }
        for threshold in [-1, 7] {
            #expect(throws: TransparencyLogError.self) {
                try WitnessPolicy(witnesses: verifiers, threshold: threshold)
            }
        }
        #expect(throws: TransparencyLogError.self) {
            try WitnessPolicy(witnesses: verifiers + [verifiers[0]], threshold: 1)
        }
    }

    @Test("one key counts once, and a log's key is no witness")
    func distinctKeys() throws {
        let setup = try Setup()
        let first = try NoteVerifier(vkey: setup.vkeys[0])
        let renamed = try NoteVerifier(
            name: "other.example", kind: .cosignature, publicKey: first.publicKey)
        #expect(throws: TransparencyLogError.self) {
            try WitnessPolicy(witnesses: [first, renamed], threshold: 2)
        }
        let own = try TestKeys.verifier(setup.log.origin, setup.log.key, kind: .cosignature)
        #expect(throws: TransparencyLogError.self) {
            try setup.policy(["witness own \(own.vkey)", "quorum own"])
        }
    }

    @Test("a known witness's broken line spoils the checkpoint")
    func brokenLine() throws {
        let setup = try Setup()
        let policy = try setup.policy(["quorum X1"])
        let wrong = try SignedNote.cosign(
            Array("other\n".utf8), time: 1, name: "Y3.example", key: setup.keys[5])
        let bytes = try setup.note([0])
        #expect(try policy.accept(bytes).size == 3)
        #expect(throws: TransparencyLogError.badSignature(key: "Y3.example")) {
            try policy.accept(bytes + wrong)
        }
    }

    @Test("a checkpoint of another log is not accepted, whoever signed it")
    func otherLog() throws {
        let setup = try Setup()
        let policy = try setup.policy(["quorum none"])
        #expect(try policy.accept(try setup.note([])).size == 3)
        let text = Checkpoint(origin: "other.example/log", size: 1, root: .zero).text
        let note = try SignedNote.sign(text, name: setup.log.origin, key: setup.log.key)
        #expect(
            throws: TransparencyLogError.otherOrigin(
                expected: setup.log.origin, found: "other.example/log")
        ) { try policy.accept(note) }
        let foreign = try TestLog(setup.log.origin, ["a"])
        #expect(throws: TransparencyLogError.noKnownSignature) {
            try policy.accept(try foreign.note(1))
        }
    }

    @Test(
        "policies that make no sense are refused",
        arguments: [
            [], ["quorum none", "quorum none"], ["quorum X9"], ["quorum"], ["quorum X1 X2"],
            ["group g 1", "quorum g"], ["group g 0 X1", "quorum g"], ["group g 2 X1", "quorum g"],
            ["group g 01 X1", "quorum g"], ["group g some X1", "quorum g"],
            ["group g any X1 X1", "quorum g"], ["group g any none", "quorum g"],
            ["group g any h", "group h any X1", "quorum g"], ["group none any X1", "quorum none"],
            ["group X1 any X2", "quorum X1"], ["quorum g", "group g any X1"],
            ["group g any X1", "group h any X1", "quorum h"], ["group g any g", "quorum g"],
            ["witnes X1 k", "quorum none"], ["quorum none\r"], ["quorum none\u{7f}"],
            ["witness Z 1+2+3", "quorum none"], ["log", "quorum none"],
            ["group g any", "quorum none"],
            ["group g 99999999999999999999 X1", "quorum g"],
        ])
    func malformed(_ lines: [String]) throws {
        let setup = try Setup()
        #expect(throws: TransparencyLogError.self) { try setup.policy(lines) }
    }

    @Test("keys of the wrong kind or twice are refused, and garbage never crashes")
    func keysAndGarbage() throws {
        let setup = try Setup()
        for line in [
            "log \(setup.vkeys[0])", "witness Z \(setup.log.verifier.vkey)",
            "witness Z \(setup.vkeys[0])", "log \(setup.log.verifier.vkey)",
        ] {
            #expect(throws: TransparencyLogError.self) { try setup.policy([line, "quorum none"]) }
        }
        let file = Array(try setup.policy(["group g all X1 Y2", "quorum g"]).file.utf8)
        for position in stride(from: 0, to: file.count, by: 97) {
            for value: UInt8 in [0, 0x0a, 0x20, 0x23, 0xff, file[position] ^ 1] {
                var changed = file
                changed[position] = value
                _ = try? WitnessPolicy(file: changed)
            }
            #expect(throws: TransparencyLogError.self) {
                try WitnessPolicy(file: Array(file[..<position]))
            }
        }
    }
}
