import AnnotationModel
import CompanyHome
import CountermarkNode
import Foundation
import PartnerTLS
import Signing

/// People who sign in by a certificate that the company's own authority has issued to them, for instance on a card.
///
/// What it says is who they are; what they may do stands in the accounts file.
struct PageCertificates: Sendable {
    let home: Home
    let people: PagePeople
    private let root: Certificate
    private let now: @Sendable () -> Int64

    /// Those of a home's authority.
    init(_ home: Home, _ people: PagePeople, now: @escaping @Sendable () -> Int64) throws {
        (self.home, self.people, self.now) = (home, people, now)
        root = try home.root()
    }

    /// The authorities that browsers are told: the root, and what is between it and the node.
    func authorities() throws -> [Certificate] {
        try [root] + home.identity().chain.dropFirst().filter { $0 != root }
    }

    /// Lets everybody in: whose certificate is not of the company is a stranger like those without one.
    var policy: PeerPolicy {
        { [origin = home.origin.description, root, now] chain in
            guard let leaf = chain.first else { return .refuse(.noPeerCertificate) }
            guard (try? Self.check(chain, root, [], at: now())) != nil else {
                return .accept(PeerIdentity(stranger: leaf))
            }
            return .accept(PeerIdentity(origin: origin, certificate: leaf, chain: chain))
        }
    }

    private static func check(
        _ chain: [Certificate], _ root: Certificate, _ lists: [RevocationList], at time: Int64
    ) throws {
        guard let leaf = chain.first else { throw SigningError.noCertificate }
        try CertificatePath.validate(
            leaf: leaf, intermediates: Array(chain.dropFirst()), roots: [root], at: time,
            purpose: .signing, revocation: .lists(lists))
    }

    /// Whose certificate a connection has shown, as of now: neither over nor taken back, of somebody who may use the
    /// page; nil for anybody else.
    func person(of peer: PeerIdentity?) throws -> PagePeople.Person? {
        guard let peer, !peer.isStranger,
            (try? Self.check(peer.chain, root, try home.ownRevocationLists(), at: now())) != nil,
            // A node's or a tool's certificate is nobody's, and one of several people is no one's.
            peer.certificate.emails.count == 1, let address = peer.certificate.emails.first
        else { return nil }
        let all = try people.all()
        return all.first { $0.name.hasSameBytes(as: address) }
            ?? all.first {
                (try? home.personAddress($0.name))?.hasSameBytes(as: address) == true
            }
    }

    /// Whether a session may still be used on a connection: one that began with a certificate goes with it, so that a
    /// cookie alone is nothing, and a certificate that is over ends it.
    func hold(_ session: PageSession, on peer: PeerIdentity?) throws -> Bool {
        try !session.isByCertificate || person(of: peer)?.name == session.person
    }
}
