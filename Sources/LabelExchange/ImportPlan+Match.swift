import AnnotationFormats
import AnnotationModel
import AnnotationStore
import DatasetReading
import Provenance

/// Which labels the records of an item mean.
extension ImportPlan {
    /// Matches the records of one item with its labels, all at once: where a file knows labels by their
    /// place only, a line that was put in moves all that follow.
    func match(_ written: [Pending], into sink: Sink) throws {
        guard let key = written.first?.record.item else { return }
        try items.mention(key)
        let records = classes?.canonical(written) ?? written
        var open = try labels(of: key)
        var refused: [Int: String] = [:]
        let found = try labels(records, among: &open, &refused)
        kept[key] = open
        for (index, label) in found.enumerated() {
            let (entry, canonical) = (written[index], records[index])
            if let why = refused[index] {
                untaken += 1
                report.skip("item \(key)", why)
                continue
            }
            guard let label else {
                // The log keeps what the file says.
                shapes.weigh(canonical.record, besides: open, format.profile)
                doubles.weigh(canonical.record, besides: open)
                try add(entry.record, into: sink)
                continue
            }
            doubles.weigh(label, canonical.record)
            try weigh(label, canonical.record, isExported: canonical.exported != nil)
            let before = report.changed
            var record = canonical.record
            keepShape(of: label, in: &record)
            try change(
                label, record, canonical.exported,
                classAsWritten: entry.record.className, into: sink)
            told?.note(entry.record, at: .stored(label.id, isChanged: report.changed > before))
        }
    }

    /// The labels that the records of an item mean, nil for new ones: those with their ids first, then what says the
    /// same, then what is likeliest.
    private func labels(
        _ records: [Pending], among open: inout ItemLabels, _ refused: inout [Int: String]
    ) throws -> [LabelView?] {
        var found = [LabelView?](repeating: nil, count: records.count)
        for (index, (record, exported)) in records.enumerated() {
            do {
                found[index] = try named(record)
            } catch let hidden as HiddenLabel {
                refused[index] =
                    "it names \(hidden.id), a label of another company that is not shown yet: the dataset is blind"
                continue
            }
            if let label = found[index] {
                metByName.insert(label.key.packed)
            } else if exported == nil, repeats(idOf: record) {
                refused[index] =
                    "the id \(record.provenance?.id ?? "") occurs twice; each label has one record"
            }
        }
        var left = records.indices.filter { found[$0] == nil && refused[$0] == nil }
        func take(_ index: Int, _ label: LabelView?) {
            guard let label, !met.contains(label.key.packed) else { return }
            met.insert(label.key.packed)
            found[index] = label
        }
        func pass(_ step: (LabelRecord) -> LabelView?) {
            for index in left { take(index, step(records[index].record)) }
            left.removeAll { found[$0] != nil }
        }
        pass { open.take(byExternalID: $0, saying: true) }
        pass {
            ImportStatement.isPositional($0.externalID)
                ? nil : open.take(byExternalID: $0, saying: false)
        }
        pass { open.take(byContent: $0, isOneID: true, isWhole: true) }
        pass { open.take(byContent: $0, isOneID: true) }
        pass { open.take(byContent: $0, isOneID: false) }
        pass {
            ImportStatement.isPlaced($0.externalID)
                ? nil : open.take(byExternalID: $0, saying: false)
        }
        let changed = left.filter { ImportStatement.isPlaced(records[$0].record.externalID) }
        let likest = open.take(
            likest: changed.map { records[$0].record }, isUpdate: options.isUpdate)
        for (index, label) in zip(changed, likest) { take(index, label) }
        left.removeAll { found[$0] != nil }
        if options.isUpdate { pass { open.take(near: $0) } }
        return found
    }

    /// Whether a record names a label by its id in the logs that an earlier record named.
    private func repeats(idOf record: LabelRecord) -> Bool {
        guard let provenance = record.provenance, isOfThis(provenance),
            let id = try? OperationID.parse(provenance.id).id,
            let number = logs.first(where: { $0.value == id.origin })?.key
        else { return false }
        return metByName.contains(OperationKey(log: number, slot: id.slot).packed)
    }
}
