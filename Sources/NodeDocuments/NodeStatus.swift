import AnnotationModel
import CompanyHome
import CountermarkNode
import Foundation
import LabelDocuments
import Signing

/// All that matters to a node's operator.
package struct NodeStatus {
    package let document: StatusDocument
    package let lines: [String]

    /// The state of a node now.
    ///
    /// - Parameter dataset: The only dataset to tell of; nil for all.
    package init(_ node: Node, only dataset: DatasetID? = nil) throws {
        if let dataset { try node.require(dataset) }
        let sets = try (dataset.map { [$0] } ?? node.home.datasets()).map {
            try DatasetStatus($0, node)
        }
        let now = Int64(Date().timeIntervalSince1970)
        let partners = try PartnerStatus.all(node, at: now)
        let ends = try node.endings()
        let invitations = try node.invitations(to: nil).filter {
            $0.state == "open" || $0.state == "pending"
        }
        let alarms = try Alarm.all(node, partners, ends, at: now)
        let free = node.freeBytes()
        let repairs = try node.home.waitingRepairs()
        document = StatusDocument(
            org: node.home.origin.description, datasets: sets.map(\.document),
            partners: partners.map(\.document), alarms: alarms.map(\.document),
            ends: ends.map { .init($0, at: now) },
            invitations: invitations.map { .init($0) }, repairs: repairs.map { .init($0) },
            disk: .init(free: free, needed: Node.headroomBytes))
        lines =
            ["\(node.home.origin)  (\(node.home.name))"]
            + partners.map(\.line)
            + sets.flatMap(\.lines)
            + invitations.map(StatusText.line)
            + repairs.map(StatusText.line)
            + ends.map { "ENDS \($0.line(at: now))" }
            + StatusText.disk(free) + alarms.map { "ALARM \($0.text)" }
    }
}

/// Small parts of `status`.
enum StatusText {
    static func line(_ repair: WaitingRepair) -> String {
        let what = repair.missing == 0 ? "a checkpoint" : "\(repair.missing) of its bundles"
        return "REPAIR of \(repair.log) waits for \(what), since "
            + "\(ReadableTime.text(repair.since)): the next contact with a partner that has them brings them"
    }

    static func line(_ view: InvitationView) -> String {
        let who = view.org.map { " answered by \($0): countermark invite accept \(view.nonce)" }
        return "invitation to \(view.dataset) as \(view.role), until "
            + ReadableTime.text(view.expiresAt) + (who ?? ", not answered yet")
    }

    static func disk(_ free: Int?) -> [String] {
        guard let free else { return [] }
        let gibibytes = String(format: "%.1f", Double(free) / 1_073_741_824)
        let isLow = free < 2 * Node.headroomBytes
        return [
            "disk \(gibibytes) GiB free"
                + (isLow
                    ? ": free some, below \(Node.headroomBytes >> 20) MiB nothing is taken from partners"
                    : "")
        ]
    }
}
