import CanonicalCBOR
import Testing

@testable import Signing

@Suite("Invitations")
struct InvitationTests {
    static let now: Int64 = 1_790_000_000
    static let day: Int64 = 86_400

    struct Steward {
        let authority: CertificateAuthority
        let key: SigningKey
        let chain: [Certificate]

        init(origin: String = "oem.example", kind: KeyKind = .ed25519) throws {
            authority = try CertificateAuthority.create(origin: origin, kind: kind, at: now)
            key = try SigningKey.generate(kind)
            let node = try authority.issueNode(
                origin: origin, key: key.verificationKey, at: now)
            chain = [node, authority.certificate]
        }

        func invitation(
            url: String = "https://node.oem.example:8443", role: String = "annotator",
            expiresAt: Int64 = now + 14 * day
        ) throws -> Invitation {
            try Invitation(
                steward: "oem.example", url: url,
                rootFingerprint: authority.certificate.fingerprint, dataset: "oem.example/boards",
                role: role, issuedAt: now, expiresAt: expiresAt)
        }

        func text() throws -> String {
            try invitation().text(signedWith: key, chain: chain)
        }
    }

    @Test("what is written is read back, for every kind of key", arguments: KeyKind.allCases)
    func roundTrip(_ kind: KeyKind) throws {
        let steward = try Steward(kind: kind)
        let invitation = try steward.invitation()
        let text = try invitation.text(signedWith: steward.key, chain: steward.chain)
        #expect(try Invitation.open(text, at: Self.now + Self.day) == invitation)
        #expect(text.utf8.count < 3_000, "short enough for a mail")
        let lines = text.split(separator: "\n")
        #expect(lines.first == "-----BEGIN COUNTERMARK INVITATION-----")
        #expect(lines.last == "-----END COUNTERMARK INVITATION-----")
        #expect(lines.allSatisfy { $0.utf8.count <= 64 })
        #expect(!text.contains("+") && !text.contains("/") && !text.contains("="))
    }

    @Test("no two invitations share a secret or a nonce")
    func fresh() throws {
        let steward = try Steward()
        let made = try (0..<8).map { _ in try steward.invitation() }
        #expect(Set(made.map(\.secret)).count == 8 && Set(made.map(\.nonce)).count == 8)
    }

    @Test("what mail programs do to a text does no harm")
    func mail() throws {
        let steward = try Steward()
        let text = try steward.text()
        let invitation = try Invitation.open(text, at: Self.now)
        let forms = [
            "Dear partner,\n\n\(text)\nKind regards\n",
            text.replacing("\n", with: "\r\n"),
            text.split(separator: "\n").map { "> \($0)  " }.joined(separator: "\n"),
            String(text.dropLast()),
            text.replacing("\n", with: "\n\n"),
        ]
        for form in forms { #expect(try Invitation.open(form, at: Self.now) == invitation) }
    }

    @Test("it holds from its first to its last second")
    func lifetime() throws {
        let steward = try Steward()
        let text = try steward.text()
        let end = Self.now + 14 * Self.day
        #expect(try Invitation.open(text, at: end).expiresAt == end)
        #expect(throws: InvitationError.expired(at: end)) { try Invitation.open(text, at: end + 1) }
        #expect(try Invitation.open(text, at: Self.now - 300).expiresAt == end)
        #expect(throws: InvitationError.notYetValid(from: Self.now)) {
            try Invitation.open(text, at: Self.now - 301)
        }
    }

    @Test("every changed character of its content is refused")
    func altered() throws {
        let steward = try Steward()
        let text = Array(try steward.text().utf8)
        let start = "-----BEGIN COUNTERMARK INVITATION-----\n".utf8.count
        let end = text.count - "-----END COUNTERMARK INVITATION-----\n".utf8.count
        var reasons: Set<String> = []
        for position in start..<end where text[position] != 0x0a {
            var changed = text
            changed[position] = text[position] == 0x41 ? 0x42 : 0x41
            let error = #expect(throws: InvitationError.self, "character \(position)") {
                try Invitation.open(String(decoding: changed, as: UTF8.self), at: Self.now)
            }
            switch error {
            case .altered: reasons.insert("altered")
            case .damaged: reasons.insert("damaged")
            case .unreadable: reasons.insert("unreadable")
            default: Issue.record("character \(position): \(String(describing: error))")
            }
        }
        #expect(reasons.contains("altered") && reasons.contains("unreadable"))
        for length in text.indices.dropLast() {
            let cut = String(decoding: text[..<length], as: UTF8.self)
            guard length < text.count - 1 else { continue }
            #expect(throws: InvitationError.self) { try Invitation.open(cut, at: Self.now) }
        }
    }

    @Test("another signer, root or origin is refused")
    func impostors() throws {
        let steward = try Steward()
        let invitation = try steward.invitation()
        let mallory = try Steward()
        #expect(
            throws: InvitationError.otherRoot(pinned: invitation.rootFingerprint)
        ) { try invitation.text(signedWith: mallory.key, chain: mallory.chain) }
        #expect(throws: InvitationError.otherRoot(pinned: invitation.rootFingerprint)) {
            try invitation.text(signedWith: steward.key, chain: [steward.chain[0]])
        }
        #expect(throws: InvitationError.altered) {
            try invitation.text(signedWith: mallory.key, chain: steward.chain)
        }
        // Mallory's certificate with the steward's root behind it.
        #expect(throws: InvitationError.self) {
            try invitation.text(
                signedWith: mallory.key, chain: [mallory.chain[0], steward.chain[1]])
        }
        let key = try SigningKey.generate(.ed25519)
        let other = try steward.authority.issueNode(
            origin: "tier1.example", key: key.verificationKey, at: Self.now)
        #expect(
            throws: InvitationError.untrusted(
                .wrongOrigin(subject: other.subject, origin: "oem.example"))
        ) { try invitation.text(signedWith: key, chain: [other, steward.chain[1]]) }
    }

    @Test("another version is told apart from damage")
    func version() throws {
        let steward = try Steward()
        func sign(_ write: (inout CBOREncoder) -> Void) throws -> String {
            var payload = CBOREncoder()
            write(&payload)
            let message = try COSESign1.sign(
                payload: payload.bytes,
                header: COSEHeader(
                    contentType: Invitation.contentType, issuer: "oem.example",
                    subject: "oem.example/boards", issuedAt: Self.now, certificateThumbprint: nil,
                    certificateChain: steward.chain),
                key: steward.key)
            let body = Base64.encode(message).replacing("+", with: "-").replacing("/", with: "_")
                .replacing("=", with: "")
            return "-----BEGIN COUNTERMARK INVITATION-----\n\(body)\n"
                + "-----END COUNTERMARK INVITATION-----\n"
        }
        let later = try sign {
            $0.arrayHead(2)
            $0.unsigned(2)
            $0.text("something new")
        }
        #expect(throws: InvitationError.otherVersion(found: 2)) {
            try Invitation.open(later, at: Self.now)
        }
        let short = try sign {
            $0.arrayHead(1)
            $0.unsigned(1)
        }
        #expect(throws: InvitationError.damaged) { try Invitation.open(short, at: Self.now) }
    }

    @Test("parts that cannot be are refused when it is made")
    func fields() throws {
        let steward = try Steward()
        for url in [
            "", "http://a.example", "https://", "https://a b", "https://a.example/\u{e9}",
            "https://" + String(repeating: "a", count: 512),
        ] {
            #expect(throws: InvitationError.self, "\(url)") { try steward.invitation(url: url) }
        }
        for role in ["", "Annotator", "a b", String(repeating: "a", count: 33)] {
            #expect(throws: InvitationError.self) { try steward.invitation(role: role) }
        }
        for end in [Self.now, Self.now - 1, Self.now + 184 * Self.day, .max, .min] {
            #expect(throws: InvitationError.self) { try steward.invitation(expiresAt: end) }
        }
    }

    @Test("the secret shows in no description")
    func secrecy() throws {
        let invitation = try Steward().invitation()
        let proof = JoinProof(
            secret: [201, 202, 203], nonce: [], steward: .zero, newcomer: .zero)
        var dumped = ""
        dump(invitation, to: &dumped)
        let shown = ["\(invitation)", String(reflecting: invitation), dumped]
        for text in shown {
            #expect(!text.contains(invitation.secret.map { "\($0)" }.joined(separator: ", ")))
            #expect(!text.contains(Hex.encode(invitation.secret)))
        }
        dumped = ""
        dump(proof, to: &dumped)
        #expect(!dumped.contains("201") && !"\(proof)".contains("201"))
    }

    @Test("texts without an invitation, with two, or too long ones are told apart")
    func texts() throws {
        let text = try Steward().text()
        #expect(throws: InvitationError.notAnInvitation) { try Invitation.open("", at: 0) }
        #expect(throws: InvitationError.severalInvitations) {
            try Invitation.open(text + text, at: Self.now)
        }
        let long = String(repeating: "a", count: Invitation.textBytesMax + 1)
        #expect(
            throws: InvitationError.tooLong(
                bytes: Invitation.textBytesMax + 1, limit: Invitation.textBytesMax)
        ) { try Invitation.open(long, at: 0) }
    }
}

@Suite("Joining")
struct JoiningTests {
    static let fingerprints = (0..<3).map { SHA256Hasher.hash([UInt8($0)]) }
    static let secret = [UInt8](repeating: 7, count: 32)

    @Test("the words are those of the PGP word list")
    func words() throws {
        // The example that goes with the list: the first six of twenty bytes.
        let hash = try #require(
            Digest(
                hex: "e58294f2e9a227486e8b061b31cc528fd7fa3f19" + String(repeating: "0", count: 24))
        )
        let words = InvitationWords(hash)
        #expect(words.description == "topmost Istanbul Pluto vagabond treadmill Pacific")
        #expect(words.matches("  TOPMOST istanbul pluto\nvagabond\ttreadmill pacific "))
        #expect(!words.matches("topmost Istanbul Pluto vagabond treadmill"))
        #expect(!words.matches("Istanbul topmost Pluto vagabond treadmill Pacific"))
        let all = InvitationWords.even + InvitationWords.odd
        #expect(InvitationWords.even.count == 256 && InvitationWords.odd.count == 256)
        #expect(Set(all.map { $0.lowercased() }).count == 512)
    }

    @Test("both sides see the same words, and others with any other certificate or secret")
    func wordsOfBothSides() {
        let one = InvitationWords(
            fingerprints: [Self.fingerprints[0], Self.fingerprints[1]], secret: Self.secret)
        #expect(
            one
                == InvitationWords(
                    fingerprints: [Self.fingerprints[1], Self.fingerprints[0]], secret: Self.secret)
        )
        var other = Self.secret
        other[31] ^= 1
        let different = [
            InvitationWords(fingerprints: Array(Self.fingerprints[..<2]), secret: other),
            InvitationWords(fingerprints: Array(Self.fingerprints[1...]), secret: Self.secret),
            InvitationWords(fingerprints: [Self.fingerprints[0]], secret: Self.secret),
            InvitationWords(
                fingerprints: [Self.fingerprints[0]],
                secret: Self.fingerprints[1].bytes + Self.secret),
        ]
        for words in different { #expect(words != one) }
    }

    @Test("the authentication code is HMAC-SHA-256 (RFC 4231, cases 1, 2 and 6)")
    func hmac() throws {
        let cases: [([UInt8], String, String)] = [
            (
                [UInt8](repeating: 0x0b, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xaa, count: 131),
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ]
        for (secret, text, code) in cases {
            let found = try MessageAuthentication.code(of: Array(text.utf8), secret: secret)
            #expect(found.hex == code)
        }
    }

    @Test("a proof holds for its side, its certificates, its secret and its nonce alone")
    func proofs() throws {
        let nonce = [UInt8](repeating: 3, count: 16)
        let (first, second, third) = (
            Self.fingerprints[0], Self.fingerprints[1], Self.fingerprints[2]
        )
        let steward = JoinProof(secret: Self.secret, nonce: nonce, steward: first, newcomer: second)
        let newcomer = JoinProof(
            secret: Self.secret, nonce: nonce, steward: first, newcomer: second)
        let code = try newcomer.code(from: .newcomer)
        #expect(try steward.isValid(code, from: .newcomer))
        #expect(try newcomer.isValid(try steward.code(from: .steward), from: .steward))
        #expect(try !newcomer.isValid(code, from: .steward), "sent back to its maker")
        var secret = Self.secret
        secret[0] ^= 1
        let others = [
            JoinProof(secret: secret, nonce: nonce, steward: first, newcomer: second),
            JoinProof(secret: Self.secret, nonce: nonce, steward: third, newcomer: second),
            JoinProof(secret: Self.secret, nonce: nonce, steward: first, newcomer: third),
            JoinProof(secret: Self.secret, nonce: nonce, steward: second, newcomer: first),
            JoinProof(secret: Self.secret, nonce: [3], steward: first, newcomer: second),
        ]
        for other in others { #expect(try !other.isValid(code, from: .newcomer)) }
    }
}
