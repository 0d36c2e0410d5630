import Foundation
import Signing
import Testing
import TransparencyLog

@Suite("Witnesses")
struct WitnessTests {
    struct Conversation: Decodable {
        struct Step: Decodable {
            let description: String?
            let rule: String?
            let body: Data
            let status: Int
            let responseBody: String?
            let contentType: String?
            let cosignatureOver: Data?
        }
        let origin: String
        let logVkey: String
        let witnessName: String?
        let witnessVkey: String?
        let witnessSeed: String?
        let steps: [Step]
    }

    static let time: Int64 = 1_790_000_000

    /// A witness of one log, with what it has to remember.
    struct Memory {
        let witness: Witness
        let origin: String
        let keys: [NoteVerifier]
        var latest = WitnessedTree.none

        mutating func post(_ body: [UInt8]) throws(WitnessRefusal) -> WitnessAnswer {
            let request: AddCheckpointRequest
            do throws(TransparencyLogError) {
                request = try AddCheckpointRequest(body: body)
            } catch {
                throw .malformed(error)
            }
            let answer = try witness.answer(
                request, origin: origin, logKeys: keys, latest: latest, time: time)
            latest = answer.tree
            return answer
        }
    }

    static func isRule(_ step: Conversation.Step, _ refusal: WitnessRefusal) -> Bool {
        step.rule != nil && (400..<500).contains(refusal.status)
    }

    @Test(
        "conversations of others go as recorded",
        .enabled(if: SharedVectors.arePresent),
        arguments: [("add-checkpoint", 30), ("litewitness", 9)])
    func vectors(_ name: String, _ count: Int) throws {
        let talk = try SharedVectors.decode(Conversation.self, from: "witness-api/\(name).json")
        #expect(talk.steps.count >= count)
        let key =
            try talk.witnessSeed.map { try TestKeys.ed25519(seed: $0) }
            ?? SigningKey.generate(.ed25519)
        let witness = try Witness(name: talk.witnessName ?? "witness.example", key: key)
        if let vkey = talk.witnessVkey { #expect(witness.verifier.vkey == vkey) }
        var memory = Memory(
            witness: witness, origin: talk.origin, keys: [try NoteVerifier(vkey: talk.logVkey)])
        for (position, step) in talk.steps.enumerated() {
            let place = Comment(rawValue: "step \(position) \(step.description ?? "")")
            let before = memory.latest
            do {
                let answer = try memory.post(Array(step.body))
                #expect(step.status == 200, place)
                let text =
                    step.cosignatureOver.map { Array($0) } ?? Array(answer.checkpoint.text.utf8)
                let note = try SignedNote(text + [0x0a] + answer.body)
                let found = try note.cosignatures(by: [witness.verifier])
                #expect(found.map(\.time) == [Self.time], place)
            } catch let refusal as WitnessRefusal {
                #expect(
                    refusal.status == step.status || Self.isRule(step, refusal),
                    "\(place): \(refusal)")
                #expect(memory.latest == before)
                if let body = step.responseBody { #expect(refusal.body == body, place) }
                if let type = step.contentType { #expect(refusal.contentType == type, place) }
            }
        }
    }

    /// A log, a witness that cosigned five entries of it, and the fork of the log from the third on.
    static func cosigned() throws -> (log: TestLog, fork: TestLog, memory: Memory) {
        let entries = (0..<20).map { "entry \($0)" }
        let log = try TestLog("acme.example/oem.example/boards", entries)
        let fork = try TestLog(
            log.origin, entries.enumerated().map { $0 < 3 ? $1 : "other \($1)" }, key: log.key)
        let witness = try Witness(name: "borealis.example", key: try .generate(.ed25519))
        var memory = Memory(witness: witness, origin: log.origin, keys: [log.verifier])
        let answer = try memory.post(try log.request(0, 5).body)
        #expect(answer.tree == WitnessedTree(size: 5, root: log.tree.root(5)))
        return (log, fork, memory)
    }

    @Test("each reason for a refusal is told apart")
    func reasons() throws {
        let (log, fork, memory) = try Self.cosigned()
        func refusal(_ request: AddCheckpointRequest) throws -> WitnessRefusal {
            var copy = memory
            let error = #expect(throws: WitnessRefusal.self) { try copy.post(request.body) }
            return try #require(error)
        }
        #expect(try refusal(try log.request(4, 8)) == .otherSize(latest: 5))
        #expect(
            try refusal(AddCheckpointRequest(oldSize: 6, proof: [], note: try log.note(5)))
                == .oldSizeAbove(old: 6, size: 5))
        #expect(
            try refusal(AddCheckpointRequest(oldSize: 5, proof: [], note: try fork.note(5)))
                == .otherRoot(size: 5, cosigned: log.tree.root(5), received: fork.tree.root(5)))
        guard case .badProof(.rootMismatch) = try refusal(try fork.request(5, 9)) else {
            Issue.record("a fork is not told apart")
            return
        }
        guard
            case .badProof(.proofLength) = try refusal(
                AddCheckpointRequest(oldSize: 5, proof: [.zero], note: try log.note(5)))
        else {
            Issue.record("a proof that should be empty is taken")
            return
        }
        let other = try TestLog("mallory.example/oem.example/boards", ["x"])
        #expect(try refusal(try other.request(0, 1)) == .unknownLog(origin: other.origin))
        let forged = try TestLog(log.origin, log.entries)
        #expect(try refusal(try forged.request(5, 6)) == .notSigned(.noKnownSignature))
        #expect(
            throws: WitnessRefusal.clockNotSet(time: 0)
        ) {
            try memory.witness.answer(
                try log.request(5, 6), origin: log.origin, logKeys: [log.verifier],
                latest: memory.latest, time: 0)
        }
    }

    @Test("a size of 0 with a root is a proof that fails, and without one is cosigned")
    func empty() throws {
        let log = try TestLog("acme.example/oem.example/boards", [])
        let witness = try Witness(name: "borealis.example", key: try .generate(.ed25519))
        let memory = Memory(witness: witness, origin: log.origin, keys: [log.verifier])
        var copy = memory
        #expect(try copy.post(try log.request(0, 0).body).tree == .none)
        let text = "\(log.origin)\n0\n\(Digest.zero.base64)\n"
        let note = try SignedNote.sign(text, name: log.origin, key: log.key)
        #expect(throws: WitnessRefusal.badProof(.emptyTreeWithRoot(.zero))) {
            try copy.post(AddCheckpointRequest(oldSize: 0, proof: [], note: note).body)
        }
    }

    @Test("a damaged or cut request is refused and never changes anything")
    func mutations() throws {
        let (log, _, memory) = try Self.cosigned()
        let body = try log.request(5, 13).body
        let original = try AddCheckpointRequest(body: body)
        #expect(original.body == body)
        #expect(original.claimedOrigin == log.origin)
        for position in body.indices {
            for bit in 0..<8 {
                var copy = memory
                var changed = body
                changed[position] ^= 1 << UInt8(bit)
                // A signature line that no longer names the key is unknown, and then none is left.
                #expect(throws: WitnessRefusal.self, "byte \(position) bit \(bit)") {
                    try copy.post(changed)
                }
                #expect(copy.latest == memory.latest)
            }
        }
        for end in body.indices {
            var copy = memory
            #expect(throws: WitnessRefusal.self) { try copy.post(Array(body[..<end])) }
        }
    }

    @Test("63 hashes are read and 64 are not, and no more than the largest body")
    func limits() throws {
        let note = Array("x\n\n\u{2014} a AAAAAAA=\n".utf8)
        func request(_ count: Int) -> [UInt8] {
            AddCheckpointRequest(
                oldSize: 1, proof: Array(repeating: .zero, count: count), note: note
            ).body
        }
        #expect(try AddCheckpointRequest(body: request(63)).proof.count == 63)
        #expect(throws: TransparencyLogError.self) { try AddCheckpointRequest(body: request(64)) }
        let long = [UInt8](repeating: 0x61, count: AddCheckpointRequest.bytesMax + 1)
        #expect(throws: TransparencyLogError.self) { try AddCheckpointRequest(body: long) }
    }

    @Test("answers are added to a checkpoint: newer lines replace older, strangers' are dropped")
    func adding() throws {
        let (log, _, memory) = try Self.cosigned()
        let note = try log.note(5)
        let other = try Witness(name: "mallory.example", key: try .generate(.ed25519))
        func line(_ witness: Witness, _ time: Int64) throws -> [UInt8] {
            try witness.answer(
                try log.request(0, 5), origin: log.origin, logKeys: [log.verifier], latest: .none,
                time: time
            ).body
        }
        let known = [memory.witness.verifier]
        let response = try line(other, 1) + line(memory.witness, 2)
        let once = try SignedNote.adding(cosignatures: response, to: note, by: known)
        #expect(once == note + (try line(memory.witness, 2)))
        let twice = try SignedNote.adding(
            cosignatures: try line(memory.witness, 3), to: once, by: known)
        #expect(twice == note + (try line(memory.witness, 3)))
        #expect(throws: TransparencyLogError.noKnownSignature) {
            try SignedNote.adding(cosignatures: try line(other, 1), to: note, by: known)
        }
        let stale = try memory.witness.answer(
            try log.request(0, 4), origin: log.origin, logKeys: [log.verifier], latest: .none,
            time: 9)
        #expect(throws: TransparencyLogError.badSignature(key: "borealis.example")) {
            try SignedNote.adding(cosignatures: stale.body, to: note, by: known)
        }
        #expect(throws: TransparencyLogError.self) {
            try SignedNote.adding(cosignatures: [0x0a] + stale.body, to: note, by: known)
        }
        #expect(throws: TransparencyLogError.self) {
            try SignedNote.adding(cosignatures: [], to: note, by: known)
        }
    }
}
