import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import Foundation
import LabelExchange
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
        let signers = try Signers(merged(dataset))
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
