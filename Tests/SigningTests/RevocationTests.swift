import Signing
import Testing

@Suite("Revocation lists")
struct RevocationTests {
    static let now: Int64 = 1_767_225_600
    static let day: Int64 = 86_400

    struct World {
        let authority: CertificateAuthority
        let node: Certificate
        let other: Certificate

        init(kind: KeyKind = .ed25519) throws {
            authority = try CertificateAuthority.create(
                origin: "acme.example", kind: kind, at: now)
            let key = try SigningKey.generate(kind).verificationKey
            node = try authority.issueNode(origin: "acme.example", key: key, at: now)
            other = try authority.issueNode(origin: "acme.example", key: key, at: now)
        }

        /// A list that names the node, issued after ten days.
        func list(compromised: Bool = true) throws -> RevocationList {
            try authority.issueRevocationList(
                [
                    CertificateAuthority.Revocation(
                        certificate: node, time: now + 9 * day, isKeyCompromised: compromised)
                ], number: 1, at: now + 10 * day)
        }

        func problem(
            _ leaf: Certificate, _ revocation: CertificatePath.Revocation,
            at time: Int64 = now + 11 * day
        ) throws -> PathProblem? {
            do throws(SigningError) {
                try CertificatePath.validate(
                    leaf: leaf, intermediates: [], roots: [authority.certificate], at: time,
                    purpose: .signing, revocation: revocation)
                return nil
            } catch {
                guard case .refusedPath(_, _, let problem) = error else { throw error }
                return problem
            }
        }
    }

    @Test("who is on the list is refused, and nobody else", arguments: KeyKind.allCases)
    func revoked(_ kind: KeyKind) throws {
        let world = try World(kind: kind)
        let list = try world.list()
        #expect(try world.problem(world.node, .unchecked) == nil)
        #expect(try world.problem(world.node, .lists([])) == nil)
        for lists in [CertificatePath.Revocation.lists([list]), .required([list])] {
            #expect(try world.problem(world.node, lists) == .revoked)
            #expect(try world.problem(world.other, lists) == nil)
        }
    }

    @Test("of two lists of one issuer the newer one counts")
    func newer() throws {
        let world = try World()
        let older = try world.authority.issueRevocationList([], number: 0, at: Self.now)
        for lists in [[older, try world.list()], [try world.list(), older]] {
            #expect(try world.problem(world.node, .lists(lists)) == .revoked)
        }
    }

    @Test("a list out of date, or of the future, is told apart")
    func stale() throws {
        let world = try World()
        let list = try world.list()
        let end = try #require(list.nextUpdate)
        #expect(list.thisUpdate == Self.now + 10 * Self.day)
        #expect(end == list.thisUpdate + CertificateAuthority.revocationListLifetimeSeconds)
        #expect(try world.problem(world.other, .lists([list]), at: end - 1) == nil)
        #expect(try world.problem(world.other, .lists([list]), at: end + 1) == .staleRevocationList)
        #expect(
            try world.problem(world.other, .lists([list]), at: list.thisUpdate - 1)
                == .earlyRevocationList)
    }

    @Test("a list of another issuer counts for nobody here, and is missing where one is required")
    func missing() throws {
        let world = try World()
        let borealis = try CertificateAuthority.create(origin: "borealis.example", at: Self.now)
        let foreign = try borealis.issueRevocationList([], number: 1, at: Self.now)
        #expect(try world.problem(world.node, .lists([foreign])) == nil)
        #expect(try world.problem(world.node, .required([foreign])) == .revocationListMissing)
        #expect(try world.problem(world.node, .required([])) == .revocationListMissing)
        #expect(foreign.entry(for: world.node) == nil)
    }

    @Test("a list that a twin of the issuer signed clears nobody, and a damaged one is refused")
    func forged() throws {
        let world = try World()
        let twin = try CertificateAuthority.create(origin: "acme.example", at: Self.now)
        let forged = try twin.issueRevocationList([], number: 9, at: Self.now + 10 * Self.day)
        #expect(try world.problem(world.node, .required([forged])) == .revocationListMissing)
        let genuine = try world.list()
        for lists in [[forged, genuine], [genuine, forged]] {
            #expect(try world.problem(world.node, .lists(lists)) == .revoked)
            #expect(try world.problem(world.other, .required(lists)) == nil)
        }
        var bytes = try world.list().der
        bytes[bytes.count - 1] ^= 1
        let damaged = try RevocationList(der: bytes)
        #expect(try world.problem(world.other, .lists([damaged])) == .forgedRevocationList)
    }

    @Test("the list says when and why")
    func entries() throws {
        let world = try World()
        for compromised in [true, false] {
            let list = try world.list(compromised: compromised)
            let entry = try #require(list.entry(for: world.node))
            #expect(entry.revokedAt == Self.now + 9 * Self.day)
            #expect(entry.reason == (compromised ? 1 : 4))
            #expect(list.entry(for: world.other) == nil)
            #expect(list.issuer == world.authority.certificate.subject)
        }
    }

    @Test("lists come back from their text, and garbage does not")
    func coding() throws {
        let world = try World()
        let list = try world.list()
        let text = try list.pem
        let read = try RevocationList.all(pem: text + "words between\n" + text)
        #expect(read.map(\.der) == [list.der, list.der])
        #expect(throws: SigningError.self) { try RevocationList.all(pem: "") }
        #expect(throws: SigningError.self) {
            try RevocationList.all(pem: text + text.dropLast(40))
        }
        #expect(throws: SigningError.self) { try RevocationList(der: list.der + [0]) }
        #expect(throws: SigningError.self) {
            try RevocationList(der: [UInt8](repeating: 0x30, count: 1 << 21))
        }
        for end in list.der.indices {
            #expect(throws: SigningError.self) { try RevocationList(der: list.der[..<end]) }
        }
        for position in list.der.indices {
            var bytes = list.der
            bytes[position] ^= 0x55
            // It may still read as some list; it must not clear or condemn anybody.
            guard let changed = try? RevocationList(der: bytes) else { continue }
            #expect(try world.problem(world.other, .required([changed])) != nil)
        }
    }
}
