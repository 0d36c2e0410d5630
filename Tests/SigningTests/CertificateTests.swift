import Signing
import Testing

@Suite("Certificates")
struct CertificateTests {
    static let now: Int64 = 1_767_225_600

    struct Organisation {
        var authority: CertificateAuthority
        var key: SigningKey
        var node: Certificate

        init(_ origin: String, kind: KeyKind = .ed25519) throws {
            authority = try CertificateAuthority.create(
                origin: origin, kind: kind, at: CertificateTests.now)
            key = try SigningKey.generate(kind)
            node = try authority.issueNode(
                origin: origin, key: key.verificationKey, at: CertificateTests.now)
        }
    }

    private func validate(
        _ leaf: Certificate, _ roots: [Certificate], at time: Int64 = now,
        purpose: CertificatePath.Purpose = .signing
    ) throws(SigningError) {
        try CertificatePath.validate(
            leaf: leaf, intermediates: [], roots: roots, at: time, purpose: purpose)
    }

    private func problem(_ body: () throws(SigningError) -> Void) -> PathProblem? {
        do throws(SigningError) {
            try body()
            return nil
        } catch {
            guard case .refusedPath(_, _, let problem) = error else { return nil }
            return problem
        }
    }

    @Test("A node's certificate chains to its root for every purpose", arguments: KeyKind.allCases)
    func path(kind: KeyKind) throws {
        let acme = try Organisation("acme.example", kind: kind)
        #expect(acme.authority.certificate.isAuthority)
        #expect(!acme.node.isAuthority)
        #expect(acme.node.dnsNames == ["acme.example"])
        #expect(acme.node.subject == "CN=acme.example")
        #expect(try acme.node.verificationKey == acme.key.verificationKey)
        for purpose in [CertificatePath.Purpose.signing, .tlsClient, .tlsServer] {
            try validate(acme.node, [acme.authority.certificate], purpose: purpose)
        }
    }

    @Test("A path fails at another root, at a root of the same name, and outside its validity")
    func refusedPaths() throws {
        let acme = try Organisation("acme.example")
        let twin = try Organisation("acme.example")
        let borealis = try Organisation("borealis.example")
        let root = acme.authority.certificate
        let foreign = borealis.authority.certificate
        #expect(
            problem { () throws(SigningError) in try validate(acme.node, [foreign]) }
                == .issuerMissing)
        #expect(
            problem { () throws(SigningError) in
                try validate(acme.node, [twin.authority.certificate])
            } != nil)
        #expect(
            problem { () throws(SigningError) in
                try validate(acme.node, [root], at: acme.node.notAfter + 1)
            } == .expired)
        #expect(
            problem { () throws(SigningError) in
                try validate(acme.node, [root], at: acme.node.notBefore - 1)
            } == .notYetValid)
        #expect(throws: SigningError.noTrustAnchor) { try validate(acme.node, []) }
        #expect(throws: SigningError.signingNotAllowed(subject: root.subject)) {
            try validate(root, [root])
        }
    }

    @Test("A person's certificate signs and does not open TLS connections")
    func signer() throws {
        let acme = try Organisation("acme.example")
        let key = try SigningKey.generate(.p256)
        let person = try acme.authority.issueSigner(
            .email("anna@acme.example"), commonName: "Anna", key: key.verificationKey, at: Self.now)
        #expect(person.speaks(for: "acme.example"))
        #expect(person.emails == ["anna@acme.example"])
        try validate(person, [acme.authority.certificate])
        let tool = try acme.authority.issueSigner(
            .uri("https://acme.example/tools/labeller"), commonName: "labeller",
            key: key.verificationKey, at: Self.now)
        #expect(tool.speaks(for: "acme.example"))
        #expect(!tool.speaks(for: "borealis.example"))
    }

    @Test(
        "A URI or mail address speaks for exactly its host",
        arguments: [
            ("https://acme.example", true), ("https://ACME.example:8443/x", true),
            ("https://user@acme.example/", true), ("https://acme.example.evil.example", false),
            ("https://evil.example/acme.example", false),
            ("https://evil.example?@acme.example", false),
            ("https://evil.example#@acme.example", false),
            ("https://acme.example@evil.example", false),
        ])
    func uriHosts(uri: String, speaks: Bool) throws {
        let acme = try Organisation("acme.example")
        let certificate = try acme.authority.issueSigner(
            .uri(uri), commonName: "tool", key: acme.key.verificationKey, at: Self.now)
        #expect(certificate.speaks(for: "acme.example") == speaks)
    }

    @Test("Names that are no origin get no certificate")
    func names() throws {
        let acme = try Organisation("acme.example")
        for name in [
            "", "*.example", "Acme.example", "a..b", "-a.b", "a b", "acme.example,DNS:x", "a_b",
        ] {
            #expect(throws: SigningError.invalidOrigin(name)) {
                try acme.authority.issueNode(
                    origin: name, key: acme.key.verificationKey, at: Self.now)
            }
            #expect(!acme.node.speaks(for: name))
        }
        for address in ["anna", "@acme.example", "a b@acme.example", "anna@acme example"] {
            #expect(throws: SigningError.invalidSubjectName(address)) {
                try acme.authority.issueSigner(
                    .email(address), commonName: "x", key: acme.key.verificationKey, at: Self.now)
            }
        }
    }

    @Test("A long origin fits, as the common name is cut and the subjectAltName is not")
    func longOrigin() throws {
        let origin = Array(repeating: "abcdefghijklmno", count: 10).joined(separator: ".")
        let organisation = try Organisation(origin)
        #expect(organisation.node.speaks(for: origin))
        try validate(organisation.node, [organisation.authority.certificate])
    }

    @Test("Certificates come back from DER and PEM; damaged ones are refused")
    func encodings() throws {
        let acme = try Organisation("acme.example")
        let der = acme.node.der
        #expect(try Certificate(der: der) == acme.node)
        #expect(try Certificate(pem: acme.node.pem) == acme.node)
        let bundle = acme.node.pem + "some text\n" + acme.authority.certificate.pem
        #expect(try Certificate.all(pem: bundle) == [acme.node, acme.authority.certificate])
        #expect(throws: SigningError.tooManyCertificates(limit: 1)) { try Certificate(pem: bundle) }
        #expect(throws: SigningError.noCertificate) { try Certificate(pem: "") }
        #expect(throws: SigningError.noCertificate) { try Certificate.all(pem: "hello") }
        for count in 0..<der.count {
            #expect(throws: SigningError.self) { try Certificate(der: der.prefix(count)) }
        }
        #expect(throws: SigningError.malformedCertificate(reason: "1 bytes after its end")) {
            try Certificate(der: der + [0])
        }
        let large = [UInt8](repeating: 0x30, count: Certificate.byteCountMax + 1)
        #expect(
            throws: SigningError.certificateTooLarge(
                bytes: large.count, limit: Certificate.byteCountMax)
        ) { try Certificate(der: large) }
    }

    @Test("No changed bit of a certificate passes validation")
    func bitFlips() throws {
        let acme = try Organisation("acme.example")
        let root = acme.authority.certificate
        for position in acme.node.der.indices {
            var changed = acme.node.der
            changed[position] ^= 1 << UInt8(position % 8)
            guard let certificate = try? Certificate(der: changed) else { continue }
            #expect(throws: SigningError.self) { try validate(certificate, [root]) }
        }
    }

    @Test("A company's own authority is taken from its certificate and key, if they fit")
    func ownAuthority() throws {
        let acme = try Organisation("acme.example")
        let root = acme.authority.certificate
        let again = try CertificateAuthority(certificate: root, key: acme.authority.key)
        #expect(again.certificate == root)
        #expect(throws: SigningError.keyDoesNotMatchCertificate(subject: root.subject)) {
            try CertificateAuthority(certificate: root, key: acme.key)
        }
        #expect(throws: SigningError.notAnAuthority(subject: acme.node.subject)) {
            try CertificateAuthority(certificate: acme.node, key: acme.key)
        }
    }
}
