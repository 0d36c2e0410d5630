import AnnotationModel
import AnnotationStore
import CompanyHome
import Foundation
import LogStorage
import Provenance
import Signing

extension Node {
    /// Writes a dataset as SQLite tables for analysts.
    ///
    /// The label set is read in one transaction, so the heads in the file are exactly what it was made from.
    ///
    /// - Parameter onlyKept: Leaves out the items that the stage `filter` excludes, with their labels.
    /// - Returns: How much the file holds, and how many of its labels are contested.
    public func exportForAnalysts(
        _ dataset: DatasetID, view: ExportView, part: ExportPart = ExportPart(),
        onlyKept: Bool = false, names: ExportClasses = .mapped, to path: String
    ) throws -> (annotations: Int, items: Int, contested: Int) {
        try require(dataset)
        try catchUp(dataset)
        let file = try AnalystFile(path: path)
        let signers = try Signers(self, dataset)
        let mappings = names == .mapped ? try schema(of: dataset).mappings : [:]
        var part = part
        part.classes = Set(part.classes.map { mappings[$0] ?? $0 })
        var filter = LabelFilter()
        if case .org(let origin) = view { filter.org = origin }
        filter.isWithoutExcluded = onlyKept
        let blindness = try blindness(dataset)
        let ticker = ticker()
        return try file.write { database in
            try read(dataset) { merge in
                try describe(merge, view, onlyKept, database)
                let same = SameItems(store, dataset)
                try store.forEachItem(dataset, withoutExcluded: onlyKept) { item in
                    // Its labels are under the key that it is said to be.
                    if try same.shown(item).hasSameBytes(as: item.key) { try database.add(item) }
                }
                let labels = ExportedLabels(
                    store: store, same: same, logs: merge.state.logs.mapValues(\.origin),
                    filter: filter, view: view, part: part, mappings: mappings,
                    blindness: blindness)
                ticker.begin(.writing, of: Int(clamping: merge.state.counts.annotations))
                try labels.forEach(count: { try ticker.count() }) { label, record in
                    try database.add(label, record, signed: try signers.signer(of: label.id))
                }
                ticker.end()
                if let note = blindness?.note { warn(note) }
                return (database.annotations, database.items, database.contested)
            }
        }
    }

    /// What the file says of itself.
    private func describe(
        _ merge: Merge, _ view: ExportView, _ onlyKept: Bool, _ database: AnalystDatabase
    ) throws {
        let state = merge.state
        let time = Date(timeIntervalSince1970: TimeInterval(now()))
        let pairs = [
            "version": AnalystTables.version, "dataset": state.dataset.description,
            "title": state.membership.title, "schema": state.membership.schema,
            "digest": state.digest.hex, "view": "\(view)", "onlyKept": "\(onlyKept)",
            "exportedBy": home.origin.description,
            "exportedAt": ISO8601DateFormatter().string(from: time),
        ]
        for (key, value) in pairs.sorted(by: { $0.key < $1.key }) {
            try database.add(meta: key, value)
        }
        for log in state.logs.values.sorted(by: { $0.origin < $1.origin }) {
            let reader = try home.log(log.origin, state.dataset)
            try database.add(
                head: log.origin, size: log.applied,
                root: try reader.root(at: log.applied).base64)
        }
    }
}

extension Node.ExportView: CustomStringConvertible {
    /// As the command line writes it.
    public var description: String {
        switch self {
        case .resolved: "resolved"
        case .union: "union"
        case .org(let origin): "org:\(origin)"
        }
    }
}

/// Who signed the changesets, one after another in the order of the labels.
final class Signers {
    private let node: Node
    private let dataset: DatasetID
    private let names: [Digest: String]
    private var readers: [Origin: LogReader] = [:]
    /// The last changeset that was asked for: its labels lie together.
    private var last: (origin: Origin, entry: UInt64, signer: String?, time: Int64?)?

    init(_ node: Node, _ dataset: DatasetID) throws {
        (self.node, self.dataset) = (node, dataset)
        let keys = try node.keys(dataset)
        names = [Digest: String](
            keys.map { ($0.certificate.fingerprint, NodeIdentity.name(of: $0.certificate)) },
            uniquingKeysWith: { first, _ in first })
    }

    func signer(of id: OperationID) throws -> (signer: String?, time: Int64?) {
        if let last, last.origin == id.origin, last.entry == id.slot.entry {
            return (last.signer, last.time)
        }
        let reader =
            try readers[id.origin]
            ?? node.home.log(id.origin, dataset)
        readers[id.origin] = reader
        let entry = try reader.entry(at: id.slot.entry)
        let statement = try entry.withUnsafeBytes { try COSESign1.parse($0) }
        let signer = statement.certificateThumbprint.map { names[$0] ?? $0.hex }
        last = (id.origin, id.slot.entry, signer, statement.issuedAt)
        return (signer, statement.issuedAt)
    }
}
