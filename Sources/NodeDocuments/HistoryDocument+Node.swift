import AnnotationModel
import CompanyHome
import CountermarkNode
import LabelDocuments
import Signing

extension HistoryDocument {
    /// A dataset's changesets, newest first.
    ///
    /// - Parameter org: The only log to tell of; nil for all.
    package init(_ id: DatasetID, _ node: Node, of org: Origin?) throws {
        try node.require(id)
        var entries: [Entry] = []
        let names = Dictionary(
            try node.keys(id).map {
                ($0.certificate.fingerprint, NodeIdentity.name(of: $0.certificate))
            }, uniquingKeysWith: { first, _ in first })
        try node.forEachChangeset(id, of: org) { origin, index, statement, view in
            let signer = statement.certificateThumbprint
            entries.append(
                .init(
                    log: origin.description, index: index, signer: signer?.hex ?? "",
                    signerName: signer.flatMap { names[$0] } ?? "", time: statement.issuedAt ?? 0,
                    operations: view.operationCount, message: view.message ?? "",
                    author: view.author.map { view.string($0) } ?? ""))
        }
        self.init(entries: entries.sorted { $0.time > $1.time })
    }
}
