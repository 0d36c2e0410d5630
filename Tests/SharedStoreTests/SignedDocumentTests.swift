import Signing
import Testing

@testable import SharedStore

@Suite("A document that a company's nodes share")
struct SignedDocumentTests {
    private let org = "oem.example"
    private let key: SigningKey
    private let row: SharedDocument

    init() throws {
        key = try SigningKey.generate(.ed25519)
        row = try SignedDocument(name: "partner/tier.example", version: 3, text: "{}").signed(
            for: org, with: key)
    }

    private func read(_ document: SharedDocument, _ org: String? = nil) throws -> SignedDocument {
        try SignedDocument(document, of: org ?? self.org, key: key.verificationKey)
    }

    @Test("is read as it was signed, with a text, an empty one, and none")
    func round() throws {
        #expect(
            try read(row) == SignedDocument(name: "partner/tier.example", version: 3, text: "{}"))
        for text in ["", nil] as [String?] {
            let said = SignedDocument(name: "left/oem.example/boards", version: 1, text: text)
            #expect(try read(try said.signed(for: org, with: key)) == said)
        }
    }

    @Test("counts under no other name, version, company or key, and with no other bytes")
    func forged() throws {
        for other in [
            SharedDocument(name: "partner/third.example", version: 3, bytes: row.bytes),
            SharedDocument(name: row.name, version: 4, bytes: row.bytes),
            SharedDocument(name: row.name, version: 0, bytes: row.bytes),
            SharedDocument(name: row.name, version: .max, bytes: row.bytes),
            SharedDocument(name: row.name, version: 3, bytes: []),
            SharedDocument(name: row.name, version: 3, bytes: Array(row.bytes.prefix(64))),
            SharedDocument(name: row.name, version: 3, bytes: row.bytes + [0]),
        ] {
            #expect(throws: SharedStoreError.forged(document: other.name)) { try read(other) }
        }
        for place in row.bytes.indices {
            var bytes = row.bytes
            bytes[place] ^= 1
            let other = SharedDocument(name: row.name, version: 3, bytes: bytes)
            #expect(throws: SharedStoreError.forged(document: row.name)) { try read(other) }
        }
        #expect(throws: SharedStoreError.self) { try read(row, "tier.example") }
        let foreign = try SignedDocument(name: row.name, version: 3, text: "{}").signed(
            for: org, with: try SigningKey.generate(.ed25519))
        #expect(throws: SharedStoreError.self) { try read(foreign) }
        // A name with a second line could stand for a version.
        let odd = try SignedDocument(name: "partner/a\n3", version: 3, text: "").signed(
            for: org, with: key)
        #expect(throws: SharedStoreError.self) { try read(odd) }
    }
}
