import AnnotationFormats
import AnnotationModel
import AnnotationStore
import DatasetReading

/// Which labels of a dataset an export has, and under which items and classes.
package struct ExportedLabels {
    private let store: LabelStore
    private let same: SameItems
    /// The dataset's logs by local number.
    private let logs: [Int: Origin]
    private let filter: LabelFilter
    private let view: ExportView
    private let part: ExportPart
    /// The names of classes now by those under which labels were written.
    private let mappings: [String: String]
    private let blindness: Blindness?
    /// Which labels to write, of those that the view has; nil for all.
    private let isWanted: ((LabelView) throws -> Bool)?

    package init(
        store: LabelStore, same: SameItems, logs: [Int: Origin], filter: LabelFilter,
        view: ExportView, part: ExportPart, mappings: [String: String], blindness: Blindness?,
        isWanted: ((LabelView) throws -> Bool)? = nil
    ) {
        (self.store, self.same, self.logs, self.filter) = (store, same, logs, filter)
        (self.view, self.part, self.mappings) = (view, part, mappings)
        (self.blindness, self.isWanted) = (blindness, isWanted)
    }

    /// What is written of a label; nil for one that is left out.
    package func record(_ label: LabelView) throws -> LabelRecord? {
        guard view == .union || !label.isRetracted, try isWanted?(label) != false,
            try blindness?.hides(label) != true
        else { return nil }
        var record = LabelRecord(label)
        record.item = try same.shown(label)
        if let name = mappings[record.className] { record.className = name }
        return part.holds(record) ? record : nil
    }

    /// Calls `body` with each label and what is written of it.
    ///
    /// - Parameter count: Called for those that are left out, too.
    package func forEach(
        count: () throws -> Void, _ body: (LabelView, LabelRecord) throws -> Void
    ) throws {
        try store.forEachLabel(logs, filter: filter) { label in
            try count()
            if let record = try record(label) { try body(label, record) }
        }
    }

    /// The same labels in brief; nil where they cost what the labels cost, since whoever leaves labels out looks
    /// at the whole of each.
    package var forEachBrief: LabelSource.Briefs? {
        if isWanted != nil || blindness != nil || part != ExportPart() { return nil }
        return { body in
            try store.forEachEncodedLabel(logs, filter: filter) { label in
                let isRetracted = try label.isRetracted()
                guard view == .union || !isRetracted else { return }
                let name = try label.name(label.className())
                let item =
                    try label.isOfAlias() ? same.shown(LabelView(label)) : label.itemKey()
                let brief = LabelBrief(
                    item: item, className: mappings[name] ?? name, kind: label.kind,
                    isRetracted: isRetracted)
                try body(brief) {
                    var record = LabelRecord(try LabelView(label))
                    (record.item, record.className) = (brief.item, brief.className)
                    return record
                }
            }
        }
    }
}
