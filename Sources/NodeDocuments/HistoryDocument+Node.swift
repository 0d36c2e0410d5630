import AnnotationModel
import CompanyHome
import CountermarkNode
import LabelDocuments
import Provenance
import Signing

extension HistoryDocument {
    /// A dataset's changesets, newest first by the times that they claim; what does not count stands before what comes
    /// before it in its log, whatever it claims.
    ///
    /// - Parameter org: The only log to tell of; nil for all.
    package init(_ id: DatasetID, _ node: Node, of org: Origin?) throws {
        try node.require(id)
        try node.catchUp(id)
        if let org { try node.requireKnown(org, in: id) }
        let why = try NotCountedReasons(node.store, try node.logNames(id))
        var entries: [Entry] = []
        let names = Dictionary(
            try node.keys(id).map {
                ($0.certificate.fingerprint, NodeIdentity.name(of: $0.certificate))
            }, uniquingKeysWith: { first, _ in first })
        try node.forEachChangeset(id, of: org) { origin, index, statement, view in
            let signer = statement.certificateThumbprint
            let reason = why.ofEntry(origin, index)
            entries.append(
                .init(
                    log: origin.description, index: index, signer: signer?.hex ?? "",
                    signerName: signer.flatMap { names[$0] } ?? "", time: statement.issuedAt ?? 0,
                    operations: view.operationCount, message: view.message ?? "",
                    author: view.author.map { view.string($0) } ?? "", counted: reason == nil,
                    why: reason?.reason))
        }
        self.init(entries: Self.ordered(entries))
    }

    /// - Parameter entries: Of each log all in a row, the newest first.
    private static func ordered(_ entries: [Entry]) -> [Entry] {
        var placed: [(time: Int64, entry: Entry)] = []
        var last: (log: String, time: Int64) = ("", .min)
        for entry in entries.reversed() {
            if entry.log != last.log { last = (entry.log, .min) }
            if entry.counted { last.time = entry.time }
            placed.append((last.time, entry))
        }
        return placed.reversed().sorted { $0.time > $1.time }.map(\.entry)
    }
}
