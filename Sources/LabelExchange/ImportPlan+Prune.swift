import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import Provenance

/// Which labels are gone with the files.
extension ImportPlan {
    /// Retracts this organisation's labels that the files no longer hold, of the items that they speak of.
    func prune(into sink: Sink) throws {
        // What was not taken may speak of labels that look gone.
        if untaken > 0 {
            return report.note(
                "--prune",
                "nothing was retracted: \(untaken) records or files were not taken, and they may hold labels "
                    + "that look gone; mend them and import again")
        }
        var filter = LabelFilter()
        filter.org = dataset.home.origin
        var item: (key: String, isMet: Bool) = ("", false)
        var kept = 0
        try dataset.store.forEachLabel(logs, filter: filter) { label in
            guard !label.isRetracted, !met.contains(label.key.packed) else { return }
            if !item.key.hasSameBytes(as: label.item) {
                let target = try dataset.store.item(dataset.id, key: label.item)?.target
                item = (
                    label.item,
                    target.map { metItems.contains(-$0) || items.isMet(-$0) } ?? false
                )
            }
            guard item.isMet, isOfImporter(label) else { return }
            if mayBeElsewhere(label) {
                kept += 1
                return
            }
            report.retracted += 1
            _ = try sink(.set(label.id, [.field(.known(.status), .integer(1))]))
        }
        if kept > 0 {
            report.note(
                "--prune",
                "\(kept) labels that the files do not hold stay: \(format.name) cannot say their shape, or "
                    + "they are not of what was exported")
        }
    }

    /// Whether the files could not hold a label, for what it is or for what was exported.
    private func mayBeElsewhere(_ label: LabelView) -> Bool {
        if format.profile.shapes[label.selector.kind] != .kept { return true }
        if exports.isEmpty { return false }
        let className = classes?.canonical(label.className) ?? label.className
        let author = label.fields["author"]?.textValue ?? label.author
        let origin = label.id.origin.description
        return !exports.contains { export in
            label.id.slot.entry < export.heads[origin] ?? 0
                && export.holds(className: className, author: author, org: origin)
        }
    }

    /// One person's file says nothing of what another person marked, nor a model's of what people did.
    private func isOfImporter(_ label: LabelView) -> Bool {
        if RaterSource.areApart(options.source, RaterSource.of(label)) { return false }
        guard let author = options.author,
            let other = label.fields["author"]?.textValue ?? label.author
        else { return true }
        return author == other
    }
}
