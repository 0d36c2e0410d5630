import Foundation
import Signing
import Testing
import TransparencyLog

/// Writes proofs and receipts for the programs of others to check: see Tests/Independent/proofs.sh.
@Suite("Artefacts for independent checks")
struct ArtefactTests {
    struct Proof: Encodable {
        let proof: Data
        let entry: Data
        let vkey: String
        let witnesses: [String]
        let quorum: Int
        let index: Int
        let size: Int
    }

    struct Receipt: Encodable {
        let receipt: Data
        let entry: Data
        let publicKey: Data
        let issuer: String
        let subject: String
    }

    struct Artefacts: Encodable {
        let proofs: [Proof]
        let receipts: [Receipt]
    }

    static let folder = ProcessInfo.processInfo.environment["COUNTERMARK_ARTEFACTS"]

    @Test("proofs and receipts are written", .enabled(if: folder != nil))
    func write() throws {
        let folder = URL(filePath: try #require(Self.folder))
        let log = try TestLog(
            "acme.example/oem.example/boards", (0..<70).map { "entry \($0)" })
        let witnesses = try ["borealis.example", "cirrus.example"].map {
            try Witness(name: $0, key: try .generate(.ed25519))
        }
        var proofs: [Proof] = []
        var receipts: [Receipt] = []
        let keys = try KeyKind.allCases.map { try SigningKey.generate($0) }
        for (number, size) in [1, 2, 3, 7, 8, 33, 64, 65, 70].enumerated() {
            var note = try log.note(size)
            let present = number % 3
            for witness in witnesses.prefix(present) {
                let answer = try witness.answer(
                    try log.request(0, size), origin: log.origin, logKeys: [log.verifier],
                    latest: .none, time: 1_790_000_000)
                note = try SignedNote.adding(
                    cosignatures: answer.body, to: note, by: [witness.verifier])
            }
            for index in Set([0, size / 2, size - 1]).sorted() {
                let entry = Array("entry \(index)".utf8)
                let path = try log.inclusion(index, size)
                proofs.append(
                    Proof(
                        proof: Data(
                            TransparencyProof(
                                index: UInt64(index), proof: path, note: note,
                                extra: index == 0 ? Array("a remark".utf8) : nil
                            ).file),
                        entry: Data(entry), vkey: log.verifier.vkey,
                        witnesses: witnesses.map(\.verifier.vkey), quorum: present, index: index,
                        size: size))
                let key = keys[receipts.count % keys.count]
                receipts.append(
                    Receipt(
                        receipt: Data(
                            try InclusionReceipt.issue(
                                entry: entry, index: UInt64(index), size: UInt64(size), proof: path,
                                root: log.tree.root(size), keyID: [1, 2, 3],
                                issuer: "acme.example", subject: log.origin,
                                issuedAt: 1_790_000_000, key: key)),
                        entry: Data(entry), publicKey: Data(key.verificationKey.spkiDER),
                        issuer: "acme.example", subject: log.origin))
            }
        }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try JSONEncoder().encode(Artefacts(proofs: proofs, receipts: receipts))
            .write(to: folder.appending(path: "artefacts.json"))
    }
}
