import AnnotationModel
import CompanyHome
import CountermarkNode
import LabelDocuments
import Provenance

extension DatasetDocument {
    /// A dataset as its logs make it now.
    package init(_ id: DatasetID, _ node: Node) throws {
        try node.require(id)
        try node.catchUp(id)
        let membership = try node.mergedState(id).membership
        let steward = Member(
            org: id.owner.description, role: Role.steward.name, fromIndex: 0, cutIndex: nil)
        let others = membership.members.sorted { $0.key < $1.key }.map { origin, member in
            Member(
                org: origin.description, role: member.spans.last?.role?.name ?? "reader",
                fromIndex: member.spans.last?.fromIndex ?? 0, cutIndex: member.cutIndex)
        }
        self.init(
            id: id.description, steward: id.owner.description, title: membership.title,
            schema: Output.parsed(membership.schema), members: [steward] + others)
    }

    /// The dataset and its members.
    package var lines: [String] {
        ["\(id)  \(title)"]
            + members.map {
                "  \($0.org)  \($0.role)" + ($0.cutIndex.map { "  cut at entry \($0)" } ?? "")
            }
    }
}

extension DatasetListDocument {
    /// All datasets of a node.
    package init(_ node: Node) throws {
        self.init(datasets: try node.home.datasets().map { try DatasetDocument($0, node) })
    }
}
