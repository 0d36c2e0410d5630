import AnnotationModel
import AnnotationStore
import DatasetReading
import LabelExchange
import Provenance
import SharedStore
import Signing

/// Makes the rows of labels that the company's database gets, of one state of a dataset.
struct LabelRowMaker {
    /// The number of the rows.
    private let rows: Int64
    private let mappings: [String: String]
    private let signers: Signers
    private var lastItem: (key: String, hash: Int64) = ("", CopyRows.hash(ofItem: ""))

    init(rows: Int64, mappings: [String: String], signers: Signers) {
        (self.rows, self.mappings, self.signers) = (rows, mappings, signers)
    }

    /// Adds a label's row: the columns of the table `label_row` in their order.
    mutating func add(_ label: LabelView, to copy: inout CopyRows) throws {
        if !lastItem.key.hasSameBytes(as: label.item) {
            lastItem = (label.item, CopyRows.hash(ofItem: label.item))
        }
        let record = LabelRecord(label)
        let columns = AnalystColumns(label, record)
        let signed = try signers.signer(of: label.id)
        let operation = Int64(label.id.slot.packed)
        copy.begin(hash: lastItem.hash, operation: operation)
        copy.add(rows)
        copy.add(lastItem.hash)
        copy.add(label.id.origin.description)
        copy.add(operation)
        copy.add(label.item)
        copy.add(mappings[record.className] ?? record.className)
        copy.add(record.className)
        copy.add(columns.kind)
        copy.add(columns.box?.x)
        copy.add(columns.box?.y)
        copy.add(columns.box?.width)
        copy.add(columns.box?.height)
        copy.add(columns.start)
        copy.add(columns.end)
        copy.add(columns.selector)
        copy.add(record.confidence)
        copy.add(record.source)
        copy.add(record.author)
        copy.add(signed.signer)
        copy.add(signed.time)
        copy.add(record.externalID)
        copy.add(columns.status)
        copy.add(label.flags.isConflict)
        copy.add(columns.stageClassify)
        copy.add(columns.stageMark)
        copy.add(columns.stageQuality)
        copy.add(json: columns.attributes)
    }

    /// The items of a dataset that are shown under another one's key.
    func aliases(_ store: LabelStore, _ dataset: DatasetID) throws -> CopyRows {
        var copy = CopyRows(columns: LabelRows.aliasColumns)
        let same = SameItems(store, dataset)
        try store.forEachItemNamingAnother(dataset) { item in
            let shown = try same.shown(item)
            if shown.hasSameBytes(as: item.key) { return }
            let hash = CopyRows.hash(ofItem: item.key)
            copy.begin(hash: hash, operation: Int64(copy.count))
            copy.add(rows)
            copy.add(hash)
            copy.add(item.key)
            copy.add(shown)
        }
        return copy
    }
}
