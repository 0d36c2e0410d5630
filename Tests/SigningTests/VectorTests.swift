import CanonicalCBOR
import Foundation
import Testing

@testable import Signing

// Without ../shared/vectors these suites are skipped, and the run says so.
@Suite("Vectors of others", .enabled(if: SharedVectors.arePresent))
struct VectorTests {
    struct Wycheproof: Decodable {
        struct Group: Decodable {
            struct Key: Decodable { var pk: String? }
            struct Case: Decodable {
                var tcId: Int
                var comment: String
                var msg: String
                var sig: String
                var result: String
            }
            var publicKey: Key
            var publicKeyDer: String
            var tests: [Case]
        }
        var testGroups: [Group]
    }

    @Test(
        "Every Wycheproof signature is judged as it should be",
        arguments: [
            "ed25519_test", "ecdsa_secp256r1_sha256_p1363_test",
            "ecdsa_secp384r1_sha384_p1363_test",
        ])
    func wycheproof(file: String) throws {
        let vectors = try SharedVectors.decode(Wycheproof.self, from: "wycheproof/\(file).json")
        var checked = 0
        for group in vectors.testGroups {
            let key = try VerificationKey(spkiDER: #require(Hex.decode(group.publicKeyDer)))
            if let raw = group.publicKey.pk {
                #expect(try VerificationKey(ed25519: #require(Hex.decode(raw))) == key)
            }
            for test in group.tests where test.result != "acceptable" {
                let isValid = key.verify(
                    try #require(Hex.decode(test.sig)), over: try #require(Hex.decode(test.msg)))
                #expect(isValid == (test.result == "valid"), "\(file) \(test.tcId) \(test.comment)")
                checked += 1
            }
        }
        #expect(checked > 50)
    }

    struct Sign1: Decodable {
        struct Key: Decodable {
            var crv: String
            var x: String
            var y: String?
        }
        var id: String
        var key: Key
        var cbor: String
        var external: String
        var toBeSigned: String?
        var valid: Bool
        var algInProtected: Bool
        var tag: Int?
    }

    /// The general examples have no certificate: they check layout, Sig_structure and signature.
    @Test("COSE examples of two other projects verify exactly when they should")
    func coseExamples() throws {
        var verified = 0
        for vector in try SharedVectors.decode([Sign1].self, from: "cose-sign1/sign1.json") {
            let bytes = try #require(Hex.decode(vector.cbor))
            let external = try #require(Hex.decode(vector.external))
            #expect(throws: SigningError.self) { try COSESign1.parse(bytes) }
            let x = try #require(Hex.decode(vector.key.x))
            let y = try #require(Hex.decode(vector.key.y ?? ""))
            let key: VerificationKey
            switch vector.key.crv {
            case "Ed25519": key = try VerificationKey(ed25519: x)
            case "P-256": key = try VerificationKey(spkiDER: Self.spki256 + [4] + x + y)
            case "P-384": key = try VerificationKey(spkiDER: Self.spki384 + [4] + x + y)
            default: continue
            }
            guard vector.tag == 18 else {
                // Untagged, or under another tag: outside the profile whatever the signature says.
                #expect(throws: SigningError.self, "\(vector.id)") {
                    try bytes.withUnsafeBytes { _ = try COSEFrame($0) }
                }
                continue
            }
            let structure = try Self.split(bytes)
            var signed = CBOREncoder()
            structure.payload.withUnsafeBytes { payload in
                structure.protected.withUnsafeBytes {
                    SigStructure.write(
                        protected: $0, externalData: external, payload: payload, into: &signed)
                }
            }
            if let expected = vector.toBeSigned, vector.valid {
                #expect(Hex.encode(signed.bytes) == expected.lowercased(), "\(vector.id)")
            }
            let algorithm = try? CBORValue(decoding: structure.protected)[1]?.integerValue
            let known = algorithm.flatMap { SignatureAlgorithm(rawValue: $0) }
            let isValid =
                known?.keyKind == key.kind && key.verify(structure.signature, over: signed.bytes)
            #expect(isValid == vector.valid, "\(vector.id)")
            verified += isValid ? 1 : 0
        }
        #expect(verified >= 6)
    }

    private static let spki256 =
        Hex.decode("3059301306072a8648ce3d020106082a8648ce3d030107034200") ?? []
    private static let spki384 =
        Hex.decode("3076301006072a8648ce3d020106052b81040022036200") ?? []

    /// Takes a message apart by a general decoder, as these examples fill the unprotected header.
    private static func split(
        _ bytes: [UInt8]
    ) throws -> (protected: [UInt8], payload: [UInt8], signature: [UInt8]) {
        guard case .tagged(18, let array) = try CBORValue(decoding: bytes),
            let items = array.arrayValue, items.count == 4
        else { throw SigningError.notTagged }
        return (
            try #require(items[0].bytesValue), try #require(items[2].bytesValue),
            try #require(items[3].bytesValue)
        )
    }

    struct Statement: Decodable {
        var id: String
        var description: String
        var expect: String
        var layer: String?
        var at: String
        var trustAnchors: [String]
        var cbor: String
    }

    @Test("Signed statements with X.509 are accepted, or refused by the right layer")
    func statements() throws {
        let vectors = try SharedVectors.decode(
            [Statement].self, from: "signed-statements/statements.json")
        for vector in vectors {
            let layer = try Self.refusingLayer(vector)
            switch vector.expect {
            case "valid": #expect(layer == nil, "\(vector.id) \(vector.description)")
            case "invalid": #expect(layer == vector.layer, "\(vector.id) \(vector.description)")
            // A root sent along is ignored where the same root is pinned.
            default: #expect(layer == nil, "\(vector.id) \(vector.description)")
            }
        }
        #expect(vectors.count >= 80)
    }

    /// The first of cbor, profile, signature and path that refuses the statement.
    private static func refusingLayer(_ vector: Statement) throws -> String? {
        let bytes = try #require(Hex.decode(vector.cbor))
        let roots = try vector.trustAnchors.map { try Certificate(pem: $0) }
        let time = try Date(vector.at, strategy: .iso8601).timeIntervalSince1970
        do {
            let message = try COSESign1.parse(bytes)
            try bytes.withUnsafeBytes { bytes in
                let chain = try message.certificates(in: bytes)
                let leaf = try #require(chain.first)
                try COSEVerifier().check(message, in: bytes, with: leaf.verificationKey)
                try CertificatePath.validate(
                    leaf: leaf, intermediates: Array(chain.dropFirst()), roots: roots,
                    at: Int64(time), purpose: .signing)
            }
            return nil
        } catch let error as SigningError {
            switch error {
            case .notCanonical: return "cbor"
            case .algorithmDoesNotFitKey, .signatureLength, .signatureMismatch: return "signature"
            case .refusedPath, .signingNotAllowed, .malformedCertificate: return "path"
            default: return "profile"
            }
        }
    }

    struct X509Example: Decodable {
        var id: String
        var cbor: String
    }

    @Test("Certificates inside COSE examples are read, and validate to their authority")
    func x509Examples() throws {
        let pem = try String(
            contentsOf: SharedVectors.folder.appending(path: "cose-sign1/ca.pem"), encoding: .utf8)
        let root = try Certificate(pem: pem)
        #expect(root.isAuthority)
        var found: Set<Certificate> = []
        let examples = try SharedVectors.decode(
            [X509Example].self, from: "cose-sign1/x5chain-cose-sign.json")
        for example in examples {
            let value = try CBORValue(decoding: #require(Hex.decode(example.cbor)))
            for der in Self.byteStrings(in: value) where der.starts(with: [0x30, 0x82]) {
                found.insert(try Certificate(der: der))
            }
        }
        let leaf = try #require(found.first { $0.subject.contains("Alice") })
        try CertificatePath.validate(
            leaf: leaf, intermediates: [], roots: [root], at: 1_700_000_000, purpose: .signing)
    }

    private static func byteStrings(in value: CBORValue) -> [[UInt8]] {
        switch value {
        case .bytes(let bytes): [bytes]
        case .array(let items): items.flatMap { byteStrings(in: $0) }
        case .map(let pairs): pairs.values.flatMap { byteStrings(in: $0) }
        case .tagged(_, let item): byteStrings(in: item)
        default: []
        }
    }
}
