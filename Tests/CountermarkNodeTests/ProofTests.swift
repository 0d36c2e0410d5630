import AnnotationModel
import Foundation
import Provenance
import Signing
import Testing
import TransparencyLog

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

    @Test("a file beyond the limits is refused before it is read")
    func limits() {
        #expect(throws: LabelProofError.self) {
            try LabelProof(file: [UInt8](repeating: 0, count: LabelProof.bytesMax + 1))
        }
    }
}
