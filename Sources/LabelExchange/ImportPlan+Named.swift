import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import Provenance

/// A record names a label that this organisation's people are not shown yet.
struct HiddenLabel: Error {
    let id: OperationID
}

/// Which label a record means by the id that it bears.
extension ImportPlan {
    func isOfThis(_ provenance: LabelRecord.Provenance) -> Bool {
        provenance.dataset.map { $0 == dataset.id.description } ?? true
    }

    /// Takes the id that a file gives a label for what it is: entries are counted in each dataset by themselves, so one
    /// of another dataset names a label there, and here it is an external id.
    ///
    /// - Returns: Whether it is of another dataset.
    func claim(_ record: inout LabelRecord) -> Bool {
        guard let provenance = record.provenance else { return false }
        if isOfThis(provenance) {
            if provenance.isNumbered { record.externalID = nil }
            return false
        }
        record.provenance = nil
        if record.externalID == nil || provenance.isNumbered,
            let id = try? OperationID.parse(provenance.id).id, let other = provenance.dataset
        {
            record.externalID = "\(id.origin)/\(other):\(id.slot.entry).\(id.slot.position)"
        }
        return true
    }

    /// The label that a record names by its id in the logs, whoever added it.
    ///
    /// - Throws: ``HiddenLabel`` for one that is not shown yet.
    func named(_ record: LabelRecord) throws -> LabelView? {
        guard let provenance = record.provenance,
            let id = try? OperationID.parse(provenance.id).id,
            let number = logs.first(where: { $0.value == id.origin })?.key,
            let label = try dataset.store.label(
                OperationKey(log: number, slot: id.slot), origin: id.origin),
            try isOne(label, record.item), !met.contains(label.key.packed),
            !RaterSource.areApart(record.source ?? options.source, RaterSource.of(label))
        else { return nil }
        if try blindness?.hides(label) == true { throw HiddenLabel(id: label.id) }
        met.insert(label.key.packed)
        return classes?.canonical(label) ?? label
    }

    /// Whether a label is one of an item, under whichever of its keys.
    private func isOne(_ label: LabelView, _ item: String) throws -> Bool {
        if label.item.hasSameBytes(as: item) { return true }
        return try same.shown(label).hasSameBytes(as: try same.shown(item))
    }
}
