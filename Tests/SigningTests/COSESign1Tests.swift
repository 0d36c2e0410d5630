import CanonicalCBOR
import Testing

@testable import Signing

@Suite("Signed messages")
struct COSESign1Tests {
    static let thumbprint = SHA256Hasher.hash("certificate".utf8)

    static func header(
        issuer: String = "acme.example", contentType: String = "application/vnd.test+cbor"
    ) -> COSEHeader {
        COSEHeader(
            contentType: contentType, issuer: issuer, subject: "acme.example/bolts",
            issuedAt: 1_767_225_600, certificateThumbprint: thumbprint)
    }

    private func verifies(_ bytes: [UInt8], _ key: VerificationKey) throws -> Bool {
        let message = try COSESign1.parse(bytes)
        return bytes.withUnsafeBytes { COSEVerifier().verify(message, in: $0, with: key) }
    }

    @Test("A signed message reads back as it was signed", arguments: KeyKind.allCases)
    func roundTrip(kind: KeyKind) throws {
        let key = try SigningKey.generate(kind)
        let verifier = COSEVerifier()
        for count in [0, 1, 23, 24, 255, 256, 300, 40_000, 60_000] {
            let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            let bytes = try COSESign1.sign(payload: payload, header: Self.header(), key: key)
            let message = try COSESign1.parse(bytes)
            #expect(message.algorithm == key.algorithm)
            #expect(message.certificateThumbprint == Self.thumbprint)
            #expect(message.issuedAt == 1_767_225_600)
            bytes.withUnsafeBytes { bytes in
                #expect(message.issuer(in: bytes) == "acme.example")
                #expect(message.hasSubject("acme.example/bolts", in: bytes))
                #expect(!message.hasIssuer("acme.exampl", in: bytes))
                #expect(message.hasContentType("application/vnd.test+cbor", in: bytes))
                #expect(message.contentType(in: bytes) == "application/vnd.test+cbor")
                #expect(Array(message.payload(in: bytes)) == payload)
                #expect(verifier.verify(message, in: bytes, with: key.verificationKey))
            }
        }
    }

    @Test("A message with a chain carries its certificates in order")
    func chain() throws {
        let authority = try CertificateAuthority.create(origin: "acme.example", at: 1_767_225_600)
        let key = try SigningKey.generate(.ed25519)
        let leaf = try authority.issueNode(
            origin: "acme.example", key: key.verificationKey, at: 1_767_225_600)
        for chain in [[leaf], [leaf, authority.certificate]] {
            var header = Self.header()
            header.certificateThumbprint = leaf.fingerprint
            header.certificateChain = chain
            let bytes = try COSESign1.sign(payload: [1], header: header, key: key)
            let message = try COSESign1.parse(bytes)
            #expect(try bytes.withUnsafeBytes { try message.certificates(in: $0) } == chain)
            #expect(try verifies(bytes, leaf.verificationKey))
        }
        var header = Self.header()
        header.certificateChain = [leaf]
        #expect(throws: SigningError.self) {
            try COSESign1.sign(payload: [1], header: header, key: key)
        }
    }

    @Test("No changed bit and no shortened message passes", arguments: [KeyKind.ed25519, .p256])
    func mutations(kind: KeyKind) throws {
        let key = try SigningKey.generate(kind)
        let bytes = try COSESign1.sign(
            payload: Array("payload".utf8), header: Self.header(), key: key)
        for position in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[position] ^= 1 << UInt8(bit)
                let passes = (try? verifies(changed, key.verificationKey)) ?? false
                #expect(!passes, "bit \(bit) of byte \(position)")
            }
        }
        for count in bytes.indices {
            #expect(throws: SigningError.self) { try COSESign1.parse(Array(bytes.prefix(count))) }
        }
        #expect(throws: SigningError.notCanonical(.trailingBytes(offset: bytes.count))) {
            try COSESign1.parse(bytes + [0])
        }
    }

    @Test("Another key's kind, another key and another length are told apart")
    func verificationErrors() throws {
        let key = try SigningKey.generate(.ed25519)
        let bytes = try COSESign1.sign(payload: [1], header: Self.header(), key: key)
        var message = try COSESign1.parse(bytes)
        let ecdsa = try SigningKey.generate(.p256).verificationKey
        let other = try SigningKey.generate(.ed25519).verificationKey
        func check(_ message: COSESign1, _ key: VerificationKey) throws {
            try bytes.withUnsafeBytes { try COSEVerifier().check(message, in: $0, with: key) }
        }
        #expect(throws: SigningError.algorithmDoesNotFitKey(algorithm: .edDSA, key: .p256)) {
            try check(message, ecdsa)
        }
        #expect(throws: SigningError.signatureMismatch) { try check(message, other) }
        message.signature.removeFirst()
        #expect(throws: SigningError.signatureLength(found: 63, expected: 64)) {
            try check(message, key.verificationKey)
        }
    }

    @Test("The largest message is 65,535 bytes, and the overhead is known beforehand")
    func sizes() throws {
        for kind in KeyKind.allCases {
            let key = try SigningKey.generate(kind)
            let overhead = COSESign1.overhead(header: Self.header(), key: key)
            let room = COSESign1.byteCountMax - overhead
            let largest = try COSESign1.sign(
                payload: [UInt8](repeating: 0, count: room), header: Self.header(), key: key)
            #expect(largest.count == COSESign1.byteCountMax)
            #expect(throws: SigningError.messageTooLarge(bytes: 65_536, limit: 65_535)) {
                try COSESign1.sign(
                    payload: [UInt8](repeating: 0, count: room + 1), header: Self.header(), key: key
                )
            }
        }
    }

    /// A message with any header, for what signing refuses to write.
    private func message(
        _ header: CBORValue, unprotected: CBORValue = .map([:]), payload: CBORValue = .bytes([1])
    ) -> [UInt8] {
        CBORValue.tagged(
            18,
            .array([
                .bytes(header.encoded), unprotected, payload,
                .bytes([UInt8](repeating: 0, count: 64)),
            ])
        ).encoded
    }

    private static let base: [CBORValue: CBORValue] = [
        .integer(1): .integer(-8), .integer(3): .text("text/plain"),
        .integer(15): .map([.integer(1): .text("acme.example"), .integer(2): .text("x")]),
        .integer(34): .array([.integer(-16), .bytes(thumbprint.bytes)]),
    ]

    private func refusal(_ changes: [Int64: CBORValue?]) -> SigningError? {
        var header = Self.base
        for (label, value) in changes { header[.integer(label)] = value }
        do throws(SigningError) {
            _ = try COSESign1.parse(message(.map(header)))
            return nil
        } catch {
            return error
        }
    }

    private func claims(_ issuer: String) -> CBORValue {
        .map([.integer(1): .text(issuer), .integer(2): .text("x")])
    }

    @Test("Each rule of the protected header has its own refusal")
    func headerRules() throws {
        #expect(refusal([:]) == nil)
        #expect(refusal([1: nil]) == .missingHeader(.algorithm))
        #expect(refusal([3: nil]) == .missingHeader(.contentType))
        #expect(refusal([15: nil]) == .missingHeader(.claims))
        #expect(refusal([34: nil]) == .missingHeader(.certificate))
        #expect(refusal([1: .integer(-999)]) == .unsupportedAlgorithm(-999))
        #expect(refusal([15: .map([.integer(2): .text("x")])]) == .missingHeader(.issuer))
        #expect(refusal([15: .map([.integer(1): .text("x")])]) == .missingHeader(.subject))
        #expect(refusal([2: .array([.integer(99)])]) == .criticalLabel(99))
        #expect(refusal([2: .array([.integer(33)])]) == .criticalLabel(33))
        #expect(refusal([2: .array([.integer(1), .integer(34)])]) == nil)
        // A label nobody knows is skipped.
        #expect(refusal([99: .map([.text("a"): .null])]) == nil)
        #expect(refusal([-70_000: .text("private use")]) == nil)
        #expect(refusal([15: claims("https://acme.example/labels")]) == nil)
        #expect(refusal([260: .text("https://x.example")]) == .missingHeader(.payloadHashAlgorithm))
    }

    @Test(
        "Values of the wrong type, size or form are refused with the header's name",
        arguments: [
            (1, CBORValue.text("EdDSA"), HeaderField.algorithm), (2, .array([]), .critical),
            (2, .array([.text("x")]), .critical), (3, .bytes([1]), .contentType),
            (3, .integer(-1), .contentType), (4, .text("k"), .keyID), (15, .array([]), .claims),
            (15, .map([.integer(1): .text(""), .integer(2): .text("x")]), .issuer),
            (15, .map([.integer(1): .text("a b:c"), .integer(2): .text("x")]), .issuer),
            (15, .map([.integer(1): .bytes([65]), .integer(2): .text("x")]), .issuer),
            (
                15,
                .map([.integer(1): .text("a"), .integer(2): .text("x"), .integer(6): .float(1.5)]),
                .issuedAt
            ),
            (
                15, .map([.integer(1): .text("a"), .integer(2): .tagged(1, .integer(3))]), .subject
            ),
            (33, .array([.bytes([1])]), .certificateChain), (33, .bytes([]), .certificateChain),
            (33, .array([]), .certificateChain),
            (33, .array([CBORValue](repeating: .bytes([1]), count: 9)), .certificateChain),
            (
                34, .array([.integer(-15), .bytes([1, 2, 3, 4, 5, 6, 7, 8])]),
                .certificateThumbprint
            ),
            (34, .array([.integer(-16), .bytes([1])]), .certificateThumbprint),
            (34, .bytes([1]), .certificateThumbprint),
            (258, .integer(-16), .contentType),
        ] as [(Int64, CBORValue, HeaderField)])
    func wrongValues(label: Int64, value: CBORValue, field: HeaderField) {
        guard case .invalidHeader(let found, _) = refusal([label: value]) else {
            Issue.record("\(String(describing: refusal([label: value])))")
            return
        }
        #expect(found == field)
    }

    @Test("The outer layout is checked piece by piece")
    func layout() {
        let header = CBORValue.map(Self.base)
        func refusal(_ bytes: [UInt8]) -> SigningError? {
            do throws(SigningError) {
                _ = try COSESign1.parse(bytes)
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal(message(header)) == nil)
        #expect(refusal(Array(message(header).dropFirst())) == .notTagged)
        #expect(refusal(CBORValue.tagged(98, .array([])).encoded) == .wrongTag(98))
        #expect(refusal(message(header, payload: .null)) == .detachedPayload)
        #expect(
            refusal(message(header, unprotected: .map([.integer(4): .bytes([1])])))
                == .unprotectedHeader)
        #expect(refusal([]) == .notCanonical(.truncated(offset: 0)))
        let large = [UInt8](repeating: 0xd2, count: COSESign1.byteCountMax + 1)
        #expect(refusal(large) == .messageTooLarge(bytes: 65_536, limit: 65_535))
        if case .malformedMessage = refusal(message(header, payload: .text("x"))) {
        } else {
            Issue.record("text as payload")
        }
        let nested = (0..<200).reduce(CBORValue.null) { value, _ in .array([value]) }
        var deep = Self.base
        deep[.integer(77)] = nested
        if case .notCanonical(.tooDeep) = refusal(message(.map(deep))) {
        } else {
            Issue.record("deep nesting")
        }
    }

    @Test("A hash envelope needs a payload of the hash's length and no content type")
    func hashEnvelope() throws {
        var header = Self.base
        header[.integer(3)] = nil
        header[.integer(258)] = .integer(-16)
        let fitting = CBORValue.bytes([UInt8](repeating: 1, count: 32))
        let message = try COSESign1.parse(message(.map(header), payload: fitting))
        #expect(message.content == .hash(algorithm: -16))
        #expect(throws: SigningError.self) { try COSESign1.parse(self.message(.map(header))) }
        header[.integer(258)] = .integer(-15)
        #expect(throws: SigningError.self) {
            try COSESign1.parse(self.message(.map(header), payload: fitting))
        }
    }
}
