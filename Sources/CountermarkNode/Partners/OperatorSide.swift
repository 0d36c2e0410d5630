import AnnotationModel
import CompanyHome
import Foundation
import Logging
import PartnerNet
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
    let node: SharedNode
    let figures: FigureDesk
    let readiness: Readiness
    let meter: NodeMeter
    let watcher: HomeWatcher
    /// To be called once, when the operator is answered.
    package let listens: @Sendable () -> Void

    /// A node of its own over the home, whose work is measured with all others'.
    package func makeNode() throws -> SharedNode {
        let made = try Node(home)
        made.meter = meter
        return SharedNode(made)
    }

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

    /// The figures of the node as Prometheus reads them; they name partners.
    package func metrics() async throws -> String { try await figures.text() }

    /// Whether the node can do its work, and why not; what is found is told again for two seconds.
    package func checks() async throws -> [HomeCheck] { try await readiness.checks(node) }
}
