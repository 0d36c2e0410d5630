import AnnotationModel
import Foundation
import LogStorage
import Provenance
import Signing
import Testing
import TransparencyLog

@testable import CompanyHome
@testable import CountermarkNode

@Suite("A label's proof")
struct ProofTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    private struct Made {
        let all: Companies
        let proof: LabelProof
        let roots: [Certificate]
        let now: Int64
    }

    private func made() throws -> Made {
        let all = try Companies([oem, tier])
        let id = try #require(all.node(oem).write(all.dataset, [all.label("a.png")]).first)
        try all.carry(oem, to: tier)
        try all.node(tier).write(all.dataset, [.set(id, [.className("open")])])
        try all.node(tier).write(all.dataset, [.review(id, .accept, reason: nil)])
        try all.carry(tier, to: oem)
        let node = try all.node(oem)
        return Made(
            all: all, proof: try node.prove(id.description), roots: [try node.home.root()],
            now: Int64(Date().timeIntervalSince1970))
    }

    @Test("it is read back, and says who wrote what, what stands, and what does not")
    func says() throws {
        let made = try made()
        let proof = try LabelProof(file: made.proof.file)
        #expect(proof == made.proof)
        let report = try proof.verify(trusting: made.roots, at: made.now)
        #expect(report.item == "a.png")
        #expect(report.values("class") == [.plain(.text("open"))])
        #expect(report.writes.filter { $0.field == "class" }.map(\.isReplaced) == [true, false])
        #expect(report.values("review/\(tier)") == [.plain(.text("accept"))])
    }

    @Test("no byte of it can be changed, and nothing cut off")
    func mutations() throws {
        let made = try made()
        let file = made.proof.file
        for index in stride(from: 0, to: file.count, by: 5) {
            var changed = file
            changed[index] ^= UInt8(1) << UInt8(index % 8)
            #expect(throws: LabelProofError.self, "byte \(index)") {
                try LabelProof(file: changed).verify(trusting: made.roots, at: made.now)
            }
        }
        for count in stride(from: 0, to: file.count, by: 97) {
            #expect(throws: LabelProofError.self) {
                try LabelProof(file: Array(file.prefix(count)))
            }
        }
    }

    @Test("another company's root, a missing piece and a cut annotation prove nothing")
    func refused() throws {
        let made = try made()
        let stranger = try made.all.node(tier).home.root()
        #expect(throws: LabelProofError.self) {
            try made.proof.verify(trusting: [stranger], at: made.now)
        }
        let first = made.proof.pieces.filter { $0.proof.index > 0 }
        #expect(throws: LabelProofError.self) {
            try LabelProof(
                dataset: made.proof.dataset, annotation: made.proof.annotation, pieces: first
            ).verify(trusting: made.roots, at: made.now)
        }
        let other = OperationID(
            origin: made.proof.annotation.origin, slot: Slot(entry: 0, position: 0))
        #expect(throws: LabelProofError.self) {
            try LabelProof(
                dataset: made.proof.dataset, annotation: other, pieces: made.proof.pieces
            ).verify(trusting: made.roots, at: made.now)
        }
    }

    @Test("each witness's line is in it, whatever others have cosigned since")
    func witnesses() throws {
        let flooding = "aaa.example"
        let all = try Companies([oem, tier, flooding])
        let names = [oem, tier, flooding]
        func spread() throws {
            for from in names {
                for to in names where to != from { try all.carry(from, to: to) }
            }
        }
        try spread()
        for name in names.dropFirst() {
            try all.node(name).write(all.dataset, [all.label("z.png")])
        }
        let keys = try (0..<15).map { _ in try SigningKey.generate(.ed25519) }
        try all.node(flooding).write(
            all.dataset,
            keys.map { .governance(.addWitness(key: $0.verificationKey.ed25519Bytes ?? [])) })
        try spread()
        let node = try all.node(oem)
        let id = try #require(node.write(all.dataset, [all.label("a.png")]).first)
        let log = "\(oem)/\(all.dataset)"
        let now = Int64(Date().timeIntervalSince1970)
        func cosign(_ name: String, _ keys: [SigningKey]) throws {
            let note = try node.reader(of: log).checkpoint
            let text = try SignedNote(note).text
            let lines = try (0..<99).flatMap { number in
                try SignedNote.cosign(
                    text, time: now - Int64(number), name: name, key: keys[number % keys.count])
            }
            _ = try node.take(cosignatures: note + lines, caller: try Origin(flooding))
        }
        try cosign(tier, [all.node(tier).home.witnessKey()])
        try cosign(flooding, keys)
        let before = try node.witnessing(of: try Origin(oem), all.dataset)
        #expect(before.witnesses.map(\.org) == [flooding, tier])
        func seen() throws -> [String] {
            let proof = try LabelProof(file: node.prove(id.description).file)
            return try proof.verify(trusting: [node.home.root()], at: now).witnesses.map(\.org)
        }
        #expect(try seen() == [flooding, tier])
        // The other one alone goes on: its larger tree does not hide who saw the smaller one.
        try node.write(all.dataset, [all.label("b.png")])
        try cosign(flooding, keys)
        #expect(try seen() == [flooding, tier])
        let served = try node.cosignedCheckpoint(node.reader(of: log), log)
        #expect(try SignedNote(served).signatures.map(\.name) == [log, flooding])
    }

    @Test("a file beyond the limits is refused before it is read")
    func limits() {
        #expect(throws: LabelProofError.self) {
            try LabelProof(file: [UInt8](repeating: 0, count: LabelProof.bytesMax + 1))
        }
    }
}
