import Foundation
import PartnerTLS
import PlainErrors
import Signing
import Synchronization

/// Whom this node trusts now, as the home's `trust` folder says: partners, their roots, their revocation lists.
///
/// Trust is asked for at each request and each line of a watch, not only at the handshake, so that what a
/// command takes back ends what is open.
package final class TrustedPartners: Sendable {
    /// What a partner's connections are judged by.
    package let roots = PinnedRoots()

    private let home: Home
    private let now: @Sendable () -> Int64
    /// When the folder had last changed when it was read.
    private let stamp = Mutex<Double?>(nil)

    package init(
        _ home: Home,
        now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }
    ) throws {
        (self.home, self.now) = (home, now)
        _ = try read()
    }

    /// Reads the folder anew if a file was put into it or taken out since.
    func refresh() {
        // A folder that cannot be read trusts nobody that it did not trust before; `read` says so.
        if stamp.withLock({ $0 }) != home.trustChanged() { _ = try? read() }
    }

    /// Reads the folder anew.
    ///
    /// - Returns: What is wrong with single partners, who are not trusted then.
    @discardableResult
    package func read() throws -> [String] {
        let stamp = home.trustChanged()
        let trust = try home.trust()
        roots.replace(with: trust.pins)
        roots.replaceRevocationLists(with: trust.lists)
        self.stamp.withLock { $0 = stamp }
        return trust.problems
    }

    /// Why a peer whose handshake is over is not served any more; nil if it is.
    package func whyEnded(_ peer: PeerIdentity) -> PartnerTLSError? {
        refresh()
        return roots.whyEnded(peer, purpose: .tlsClient, at: now())
    }

    /// The policy of a client that calls one partner, which is asked again whenever a connection is used.
    package func clientPolicy(expecting origin: String) -> PeerPolicy {
        { [self] chain in
            refresh()
            return roots.decide(chain, purpose: .tlsServer, at: now(), expecting: origin)
        }
    }
}

extension Home {
    /// What the folder `trust` says of all partners.
    package struct Trust {
        package var partners: [Partner] = []
        package var pins: [String: [Certificate]] = [:]
        package var lists: [String: [RevocationList]] = [:]
        /// Partners whose files cannot be read: they are not trusted, and nobody else is concerned.
        package var problems: [String] = []
    }

    package func trust() throws -> Trust {
        var trust = Trust()
        for name in try names(in: "trust") where name.hasSuffix(".json") {
            do {
                let partner = try JSONDecoder().decode(
                    Partner.self, from: Data(try read("trust/\(name)").utf8))
                let roots = try knownCertificates.all(pem: partner.roots)
                let file = "trust/\(partner.org).crl"
                if FileManager.default.fileExists(atPath: "\(path)/\(file)") {
                    trust.lists[partner.org] = try RevocationList.all(pem: try read(file))
                }
                trust.pins[partner.org] = roots
                trust.partners.append(partner)
            } catch {
                trust.problems.append("trust/\(name): \(PlainError.line(error))")
            }
        }
        return trust
    }
}
