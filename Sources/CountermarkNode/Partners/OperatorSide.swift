import AnnotationModel
import Foundation
import Hummingbird
import Logging
import ServiceLifecycle

/// What a serving node gives to whoever answers its own operator.
public struct OperatorSide: Sendable {
    /// Makes what answers on the operator's address.
    public typealias Maker = @Sendable (OperatorSide) throws -> any Service

    /// The home.
    package let home: Home
    /// Where to listen.
    package let address: (host: String, port: Int)
    package let logger: Logger
    let server: OperatorServer
    let watcher: HomeWatcher

    /// A value now, and one after each change of a log of the home, whichever process made it; once a second at least.
    package func changes() -> AsyncStream<Void> { watcher.changes() }

    /// When a partner was last there, in Unix seconds.
    package func lastSeen() throws -> [String: Int64] {
        let contacts = PartnerContacts(home)
        var seen: [String: Int64] = [:]
        for partner in try home.trust().partners {
            seen[partner.org] = contacts.lastSeen(try Origin(partner.org)).flatMap {
                Int64(exactly: $0.timeIntervalSince1970.rounded(.down))
            }
        }
        return seen
    }

    /// Answers whether the node lives and works, and figures for Prometheus.
    package func addHealth(to router: Router<some RequestContext>) { server.add(to: router) }
}
