import Signing
import Testing

@Suite("Digests")
struct DigestTests {
    @Test("SHA-256 of the empty string and of abc are those of FIPS 180-4")
    func knownValues() {
        #expect(
            SHA256Hasher.hash([UInt8]()).hex
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            SHA256Hasher.hash("abc".utf8).hex
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test("A reused hasher gives what a fresh one gives, whatever the split")
    func reuse() {
        var hasher = SHA256Hasher()
        for count in [0, 1, 31, 32, 55, 56, 63, 64, 65, 1_000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let whole = bytes.withUnsafeBytes { hasher.hash($0) }
            hasher.update(Array(bytes.prefix(count / 3)))
            hasher.update(Array(bytes.dropFirst(count / 3)))
            #expect(hasher.finish() == whole)
            #expect(SHA256Hasher.hash(bytes) == whole)
            #expect(SHA256Hasher.hash(bytes.lazy.map { $0 }) == whole)
        }
    }

    @Test("Digests are ordered as their bytes are")
    func order() {
        let digests = (0..<200).map { SHA256Hasher.hash([UInt8($0)]) }
        let byBytes = digests.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        #expect(digests.sorted() == byBytes)
        #expect(!(digests[0] < digests[0]))
    }

    @Test("Hexadecimal and base64 texts give the digest back, and nothing else does")
    func texts() throws {
        let digest = SHA256Hasher.hash("abc".utf8)
        #expect(Digest(hex: digest.hex) == digest)
        #expect(Digest(hex: digest.hex.uppercased()) == digest)
        #expect(Digest(base64: digest.base64) == digest)
        #expect(Digest(hex: String(digest.hex.dropLast())) == nil)
        #expect(Digest(hex: digest.hex.dropLast() + "g") == nil)
        #expect(Digest(hex: "") == nil)
        #expect(Digest(base64: String(digest.base64.dropLast())) == nil)
        #expect(Digest(digest.bytes.dropLast()) == nil)
        #expect(Digest(digest.bytes + [0]) == nil)
    }

    @Test(
        "Base64 follows RFC 4648 section 10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ])
    func base64(plain: String, text: String) {
        #expect(Base64.encode(plain.utf8) == text)
        #expect(Base64.decode(text) == Array(plain.utf8))
    }

    @Test(
        "Base64 that has another form of the same bytes is refused",
        arguments: [
            "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9v\n", " Zm9v", "Zm-v",
            "Zm_v", "Zg=A", "=Zg=", "Zm9vYg==\n",
        ])
    func base64Refused(text: String) {
        #expect(Base64.decode(text) == nil)
    }
}
