import CompanyHome
import PartnerTLS
import Signing
import Synchronization

/// What this node shows on its connections; a rotation of its key takes hold at the next connection,
/// without a restart.
package final class TLSIdentity: Sendable {
    private struct Contexts {
        let certificate: Digest
        let server: TLSContext
        let client: TLSContext
    }

    private let home: Home
    private let contexts: Mutex<Contexts>

    package init(_ home: Home) throws {
        self.home = home
        contexts = Mutex(try Self.make(home))
    }

    private static func make(_ home: Home) throws -> Contexts {
        let identity = try home.identity()
        return Contexts(
            certificate: identity.certificate.fingerprint,
            server: try TLSContext(side: .server, chain: identity.chain, key: identity.key),
            client: try TLSContext(side: .client, chain: identity.chain, key: identity.key))
    }

    /// For answering.
    package var server: TLSContext { contexts.withLock { $0.server } }

    /// For dialling.
    package var client: TLSContext { contexts.withLock { $0.client } }

    /// Takes the home's present certificate and key.
    package func reload() throws {
        let fingerprint = try home.certificate().fingerprint
        if contexts.withLock({ $0.certificate == fingerprint }) { return }
        let made = try Self.make(home)
        contexts.withLock { $0 = made }
    }
}
