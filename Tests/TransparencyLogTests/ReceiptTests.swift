import Foundation
import Signing
import Testing
import TransparencyLog

@Suite("COSE receipts")
struct ReceiptTests {
    struct ReceiptCase: Decodable {
        let id: String
        let type: String
        let expect: String
        let receipt: String
        let publicKey: String
        let entry: Data?
        let oldSize: UInt64?
        let oldRoot: String?
    }

    static func key(_ pem: String) throws -> VerificationKey {
        let body = pem.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
        return try VerificationKey(spkiDER: try #require(Base64.decode(body)))
    }

    static func isAccepted(_ test: ReceiptCase) throws -> Bool {
        let key = try key(test.publicKey)
        let bytes = try #require(Hex.decode(test.receipt))
        do {
            if test.type == "inclusion" {
                let entry = Array(try #require(test.entry))
                try InclusionReceipt(bytes).verify(entry: entry, key: key)
            } else {
                let root = try #require(test.oldRoot.flatMap { Digest(base64: $0) })
                try ConsistencyReceipt(bytes).verify(
                    oldSize: try #require(test.oldSize), oldRoot: root, key: key)
            }
            return true
        } catch is TransparencyLogError {
            return false
        }
    }

    @Test(
        "receipts are accepted and refused as the vectors say",
        .enabled(if: SharedVectors.arePresent))
    func vectors() throws {
        let cases = try SharedVectors.decode([ReceiptCase].self, from: "receipts/receipts.json")
        #expect(cases.count >= 49)
        for test in cases where test.expect != "either" {
            #expect(try Self.isAccepted(test) == (test.expect == "valid"), "\(test.id)")
        }
        // An attached root and two proofs, of which no text says what they mean, are refused.
        let choices = cases.filter { $0.expect == "either" }
        #expect(choices.count == 2)
        for test in choices { #expect(try !Self.isAccepted(test), "\(test.id)") }
    }

    @Test("receipts of every kind of key are issued and verified", arguments: KeyKind.allCases)
    func issued(_ kind: KeyKind) throws {
        let log = try TestLog("acme.example/oem.example/boards", (0..<9).map { "entry \($0)" })
        let key = try SigningKey.generate(kind)
        for size in 1...9 {
            for index in 0..<size {
                let bytes = try InclusionReceipt.issue(
                    entry: Array("entry \(index)".utf8), index: UInt64(index), size: UInt64(size),
                    proof: try log.inclusion(index, size), root: log.tree.root(size),
                    keyID: [1, 2], issuer: "acme.example", subject: log.origin,
                    issuedAt: 1_790_000_000, key: key)
                let receipt = try InclusionReceipt(bytes)
                #expect(receipt.index == UInt64(index) && receipt.size == UInt64(size))
                #expect(receipt.receipt.subject == log.origin)
                #expect(receipt.receipt.issuedAt == 1_790_000_000)
                let root = try receipt.verify(
                    entry: Array("entry \(index)".utf8), key: key.verificationKey,
                    issuer: "acme.example")
                #expect(root == log.tree.root(size))
                #expect(throws: TransparencyLogError.self) {
                    try receipt.verify(entry: Array("entry x".utf8), key: key.verificationKey)
                }
                #expect(
                    throws: TransparencyLogError.otherReceipt(
                        why: "it was not issued by borealis.example")
                ) {
                    try receipt.verify(
                        entry: Array("entry \(index)".utf8), key: key.verificationKey,
                        issuer: "borealis.example")
                }
            }
        }
    }

    @Test("a receipt is not issued for an entry that does not stand there")
    func notIssued() throws {
        let log = try TestLog("acme.example/oem.example/boards", ["a", "b", "c"])
        #expect(throws: TransparencyLogError.self) {
            try InclusionReceipt.issue(
                entry: [1], index: 1, size: 3, proof: try log.inclusion(1, 3),
                root: log.tree.root(3), issuer: "a", subject: "b", issuedAt: nil, key: log.key)
        }
    }

    @Test("changed bits are refused, but for those of the size that gives the same path")
    func mutations() throws {
        let log = try TestLog("acme.example/oem.example/boards", (0..<6).map { "entry \($0)" })
        let bytes = try InclusionReceipt.issue(
            entry: Array("entry 2".utf8), index: 2, size: 6, proof: try log.inclusion(2, 6),
            root: log.tree.root(6), issuer: "acme.example", subject: log.origin, issuedAt: nil,
            key: log.key)
        var (unsigned, refused) = (0, 0)
        for position in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[position] ^= 1 << UInt8(bit)
                do {
                    let receipt = try InclusionReceipt(changed)
                    let root = try receipt.verify(
                        entry: Array("entry 2".utf8), key: log.key.verificationKey)
                    #expect(root == log.tree.root(6) && receipt.size != 6)
                    unsigned += 1
                } catch { refused += 1 }
            }
        }
        // Among the neighbours of 6 in one bit only size 7 has a path of the same shape.
        #expect(unsigned == 1 && refused == bytes.count * 8 - 1)
        for end in bytes.indices {
            #expect(throws: TransparencyLogError.self) {
                try InclusionReceipt(Array(bytes[..<end]))
            }
        }
        #expect(throws: TransparencyLogError.self) { try ConsistencyReceipt(bytes) }
    }
}
