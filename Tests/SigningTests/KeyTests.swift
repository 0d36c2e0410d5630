import Signing
import Testing

@Suite("Keys")
struct KeyTests {
    @Test(
        "A key signs what its public half verifies, and nothing else", arguments: KeyKind.allCases)
    func signAndVerify(kind: KeyKind) throws {
        let key = try SigningKey.generate(kind)
        let other = try SigningKey.generate(kind)
        #expect(key.algorithm.keyKind == kind)
        for message in [[], [0], Array("a label".utf8), [UInt8](repeating: 9, count: 70_000)] {
            let signature = try key.sign(message)
            #expect(signature.count == kind.signatureByteCount)
            #expect(key.verificationKey.verify(signature, over: message))
            #expect(!other.verificationKey.verify(signature, over: message))
            #expect(!key.verificationKey.verify(signature, over: message + [0]))
            #expect(!key.verificationKey.verify(signature + [0], over: message))
            #expect(!key.verificationKey.verify(Array(signature.dropLast()), over: message))
            #expect(!key.verificationKey.verify([], over: message))
            for position in signature.indices {
                var changed = signature
                changed[position] ^= 1
                #expect(!key.verificationKey.verify(changed, over: message))
            }
        }
    }

    @Test("ECDSA signatures whose numbers begin with zeros keep their width")
    func shortNumbers() throws {
        let key = try SigningKey.generate(.p256)
        // One signature in 128 has such a number; without a find the loop would go on for long.
        var withLeadingZero = 0
        for number in 0..<20_000 where withLeadingZero < 4 {
            let message = [UInt8(number & 0xff), UInt8(number >> 8)]
            let signature = try key.sign(message)
            #expect(signature.count == 64)
            #expect(key.verificationKey.verify(signature, over: message))
            withLeadingZero += signature[0] == 0 || signature[32] == 0 ? 1 : 0
        }
        #expect(withLeadingZero > 0)
    }

    @Test("A key comes back from its PEM text, plain or encrypted", arguments: KeyKind.allCases)
    func pem(kind: KeyKind) throws {
        let key = try SigningKey.generate(kind)
        let plain = try key.pem()
        #expect(plain.hasPrefix("-----BEGIN PRIVATE KEY-----"))
        #expect(try SigningKey(pem: plain).verificationKey == key.verificationKey)
        let sealed = try key.pem(passphrase: "correct horse")
        #expect(sealed.hasPrefix("-----BEGIN ENCRYPTED PRIVATE KEY-----"))
        let opened = try SigningKey(pem: sealed, passphrase: "correct horse")
        #expect(opened.verificationKey == key.verificationKey)
        #expect(throws: SigningError.passphraseNeeded) { try SigningKey(pem: sealed) }
        #expect(throws: SigningError.wrongPassphrase) {
            try SigningKey(pem: sealed, passphrase: "battery staple")
        }
        #expect(throws: SigningError.wrongPassphrase) {
            try SigningKey(pem: sealed, passphrase: "")
        }
    }

    @Test("Text without a key is refused, and so is a key of another type")
    func unreadable() {
        for text in [
            "", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            #expect {
                try SigningKey(pem: text)
            } throws: {
                guard case .unreadableKey = $0 as? SigningError else { return false }
                return true
            }
        }
        // An X25519 private key (RFC 8410 section 10.3 has the shape).
        let foreign =
            "MC4CAQAwBQYDK2VuBCIEIIBBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5f"
        #expect(throws: SigningError.unsupportedKey(type: "X25519")) {
            try SigningKey(
                pem: "-----BEGIN PRIVATE KEY-----\n\(foreign)\n-----END PRIVATE KEY-----\n")
        }
    }

    @Test(
        "Ed25519 keys of small order or in a second form are refused",
        arguments: [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            "", "00",
        ])
    func weakKeys(hex: String) throws {
        let bytes = try #require(Hex.decode(hex))
        #expect {
            try VerificationKey(ed25519: bytes)
        } throws: {
            guard case .invalidPublicKey = $0 as? SigningError else { return false }
            return true
        }
    }

    @Test("A public key comes back from its SubjectPublicKeyInfo, which must fill the bytes")
    func spki() throws {
        for kind in KeyKind.allCases {
            let key = try SigningKey.generate(kind).verificationKey
            #expect(try VerificationKey(spkiDER: key.spkiDER) == key)
            #expect(throws: SigningError.self) { try VerificationKey(spkiDER: key.spkiDER + [0]) }
            #expect(throws: SigningError.self) {
                try VerificationKey(spkiDER: key.spkiDER.dropLast())
            }
        }
        #expect(throws: SigningError.self) { try VerificationKey(spkiDER: []) }
    }
}
