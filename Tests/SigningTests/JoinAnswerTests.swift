import Signing
import Testing

@Suite("Answers to invitations")
struct JoinAnswerTests {
    static let now: Int64 = 1_790_000_000

    struct Side {
        let authority: CertificateAuthority
        let key: SigningKey
        let certificate: Certificate

        init(_ origin: String) throws {
            authority = try CertificateAuthority.create(origin: origin, at: now)
            key = try SigningKey.generate(.ed25519)
            certificate = try authority.issueNode(
                origin: origin, key: key.verificationKey, at: now)
        }
    }

    static func invitation(_ steward: Side) throws -> Invitation {
        try Invitation(
            steward: "oem.example", url: "https://oem.example:7443",
            rootFingerprint: steward.authority.certificate.fingerprint,
            dataset: "oem.example/boards", role: "annotator", issuedAt: now, expiresAt: now + 60)
    }

    static func answer(
        _ invitation: Invitation, _ steward: Side, _ newcomer: Side, org: String = "tier1.example",
        root: Certificate? = nil, url: String? = nil
    ) throws(InvitationError) -> (answer: JoinAnswer, text: String) {
        try JoinAnswer.make(
            to: invitation, steward: steward.certificate.fingerprint, org: org,
            chain: [newcomer.certificate], root: root ?? newcomer.authority.certificate,
            logKey: [UInt8](repeating: 7, count: 32), url: url, key: newcomer.key, at: now)
    }

    @Test("an answer comes back whole from a mail, and proves the secret to the steward alone")
    func roundTrip() throws {
        let (steward, newcomer) = (try Side("oem.example"), try Side("tier1.example"))
        let invitation = try Self.invitation(steward)
        let made = try Self.answer(invitation, steward, newcomer, url: "https://tier1.example:7443")
        let mail = "Dear all,\n" + made.text.split(separator: "\n").map { "> \($0)  \r\n" }.joined()
        let read = try JoinAnswer.open(mail)
        #expect(read == made.answer)
        #expect(read.url == "https://tier1.example:7443" && read.nonce == invitation.nonce)
        let proof = JoinProof(
            secret: invitation.secret, nonce: invitation.nonce,
            steward: steward.certificate.fingerprint, newcomer: newcomer.certificate.fingerprint)
        #expect(try proof.isValid(read.proof, from: .newcomer))
        #expect(try !proof.isValid(read.proof, from: .steward))
    }

    @Test("every changed character is noticed")
    func changed() throws {
        let (steward, newcomer) = (try Side("oem.example"), try Side("tier1.example"))
        let text = try Self.answer(try Self.invitation(steward), steward, newcomer).text
        let characters = Array(text.utf8)
        let body = characters.indices.filter {
            $0 > 32 && $0 < characters.count - 40 && characters[$0] != 0x0a
        }
        for position in stride(from: 0, to: body.count, by: 37) {
            var other = characters
            other[body[position]] = other[body[position]] == 0x41 ? 0x42 : 0x41
            #expect(throws: InvitationError.self) {
                try JoinAnswer.open(String(decoding: other, as: UTF8.self))
            }
        }
    }

    @Test("another origin, another root and a text beyond the limit are refused")
    func refused() throws {
        let (steward, newcomer) = (try Side("oem.example"), try Side("tier1.example"))
        let invitation = try Self.invitation(steward)
        #expect(throws: InvitationError.self) {
            try Self.answer(invitation, steward, newcomer, org: "tier2.example")
        }
        #expect(throws: InvitationError.self) {
            try Self.answer(invitation, steward, newcomer, root: steward.authority.certificate)
        }
        #expect(throws: InvitationError.badField("address", value: "http://tier1.example")) {
            try Self.answer(invitation, steward, newcomer, url: "http://tier1.example")
        }
        let text = try Self.answer(invitation, steward, newcomer).text
        let limit = JoinAnswer.textBytesMax
        let padding = String(repeating: "\n", count: limit - text.utf8.count)
        _ = try JoinAnswer.open(padding + text)
        #expect(throws: InvitationError.tooLong(bytes: limit + 1, limit: limit)) {
            try JoinAnswer.open("\n" + padding + text)
        }
        #expect(throws: InvitationError.notAnAnswer) { try JoinAnswer.open(text + text) }
    }

    @Test("the words differ where any certificate, root, secret or random byte differs")
    func words() throws {
        let digests = ["a", "b", "c", "d", "e"].map { SHA256Hasher.hash(Array($0.utf8)) }
        func words(
            _ parts: [Int] = [0, 1, 2, 3], secret: UInt8 = 1, newcomer: UInt8 = 2,
            steward: UInt8 = 3
        ) throws -> InvitationWords {
            try InvitationWords(
                pairing: [9], secret: [secret], steward: digests[parts[0]],
                stewardRoot: digests[parts[1]], newcomer: digests[parts[2]],
                newcomerRoot: digests[parts[3]], newcomerRandom: [newcomer],
                stewardRandom: [steward])
        }
        let all = [
            try words(), try words([4, 1, 2, 3]), try words([0, 4, 2, 3]), try words([0, 1, 4, 3]),
            try words([0, 1, 2, 4]), try words([2, 3, 0, 1]), try words(secret: 8),
            try words(newcomer: 8), try words(steward: 8),
        ]
        #expect(Set(all.map(\.description)).count == all.count)
        #expect(try words() == all[0] && all[0].words.count == 6)
    }
}
