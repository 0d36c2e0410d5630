import AnnotationModel
import Foundation
import Synchronization

/// What a serving node keeps for each partner: a node of its own over the same home, and figures.
///
/// A partner's long push is verified and merged on that partner's own queue; the others wait for
/// nothing but the short transactions of the label table.
final class PartnerDesk: Sendable {
    /// What one partner has asked for since the node began to serve.
    struct Figures: Sendable {
        var requests = 0
        var refused = 0
        var pushedEntries = 0
    }

    private let home: Home
    private let nodes = Mutex<[Origin: SharedNode]>([:])
    private let figures = Mutex<[Origin: Figures]>([:])

    init(_ home: Home) { self.home = home }

    /// The node that answers a partner.
    func node(for partner: Origin) throws -> SharedNode {
        try nodes.withLock { nodes in
            if let node = nodes[partner] { return node }
            let node = SharedNode(try Node(home))
            nodes[partner] = node
            return node
        }
    }

    func count(_ partner: Origin, _ change: @Sendable (inout Figures) -> Void) {
        figures.withLock { change(&$0[partner, default: Figures()]) }
    }

    /// The figures as Prometheus reads them (text format 0.0.4).
    func metrics(logs: [(log: String, size: UInt64)]) -> String {
        var lines = ["# TYPE countermark_log_entries gauge"]
        for (log, size) in logs {
            lines.append("countermark_log_entries{log=\"\(log)\"} \(size)")
        }
        let all = figures.withLock { $0 }.sorted { $0.key < $1.key }
        for (name, value) in [
            ("requests", \Figures.requests), ("refused", \.refused),
            ("pushed_entries", \.pushedEntries),
        ] {
            lines.append("# TYPE countermark_partner_\(name)_total counter")
            for (partner, figures) in all {
                lines.append(
                    "countermark_partner_\(name)_total{partner=\"\(partner)\"} "
                        + "\(figures[keyPath: value])")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
