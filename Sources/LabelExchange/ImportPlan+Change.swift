import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import Provenance

/// What a record changes of the label that it means.
extension ImportPlan {
    func change(
        _ label: LabelView, _ record: LabelRecord, _ exported: LabelRecord?,
        classAsWritten: String, into sink: Sink
    ) throws {
        if repeats(label, record) {
            report.unchanged += 1
            return
        }
        let said = ImportStatement.of(record)
        let now = ImportStatement.of(label)
        var new = said.filter { !ImportStatement.isSame($0.key, $0.value, now[$0.key]) }
        if isComplete {
            for field in now.keys where said[field] == nil && Self.mayBeCleared(field) {
                new[field] = .null
            }
        }
        let id = record.externalID
        if now[ImportStatement.externalID] != nil || ImportStatement.isPositional(id) {
            new[ImportStatement.externalID] = nil
        }
        if !new.isEmpty, !options.overwrite {
            try leaveOut(&new, label, exported.map(ImportStatement.of))
        }
        if new.isEmpty {
            report.unchanged += 1
            return
        }
        report.changed += 1
        if new[ImportStatement.selector] != nil { shapes.weigh(label, record, format.profile) }
        if new[ImportStatement.className] != nil {
            new[ImportStatement.className] = .text(classAsWritten)
        }
        _ = try sink(
            .set(
                label.id,
                try new.sorted { $0.key < $1.key }.map {
                    try ImportStatement.write($0.key, $0.value)
                }))
    }

    /// True if a record says of a label what holds already, in the same digits: most labels of a file that is
    /// imported again.
    ///
    /// Whatever it says of others is for the comparison field by field.
    private func repeats(_ label: LabelView, _ record: LabelRecord) -> Bool {
        guard Self.isExactly(record.selector, label.selector),
            record.isRetracted == label.isRetracted,
            record.className.isEmpty || record.className.hasSameBytes(as: label.className)
        else { return false }
        func holds(_ said: String?, _ field: String, else other: String?) -> Bool {
            guard let said else { return true }
            return (label.fields[field]?.textValue ?? other)?.hasSameBytes(as: said) ?? false
        }
        if record.externalID != nil, label.fields[ImportStatement.externalID] == nil {
            return false
        }
        guard holds(record.author, "author", else: label.author),
            holds(record.source, "source", else: label.source)
        else { return false }
        if let confidence = record.confidence, label.fields["confidence"] != .float(confidence) {
            return false
        }
        // Attributes, and what a file that says everything leaves out, are compared one by one.
        return record.attributes.isEmpty && !(isComplete && label.fields.contains(where: isCleared))

        func isCleared(_ field: (key: String, value: FieldValue)) -> Bool {
            field.key == Field.Known.confidence.name
                ? record.confidence == nil : Self.mayBeCleared(field.key)
        }
    }

    /// Texts in selectors are told apart by their bytes.
    private static func isExactly(_ one: Selector, _ other: Selector) -> Bool {
        if case .box(let box) = one, case .box(let second) = other { return box == second }
        return one == other && one.encoded == other.encoded
    }

    private static func mayBeCleared(_ field: String) -> Bool {
        if case .attribute = Field(name: field) { return !field.hasPrefix("\u{0}") }
        return field == Field.Known.confidence.name
    }

    /// Removes what the file only repeats, and what would overwrite a change that it cannot have known.
    private func leaveOut(
        _ new: inout Statement, _ label: LabelView, _ exported: Statement?
    ) throws {
        if let exported {
            new = new.filter { !ImportStatement.isSame($0.key, $0.value, exported[$0.key]) }
        }
        guard label.flags.contains(.hasRegisters) else {
            // Added as retracted: a format without a status says nothing against it.
            if !isComplete, label.isRetracted { new[ImportStatement.status] = nil }
            return
        }
        let past = try history.past(label.key.packed, addedBy: label.id, logs)
        if exported == nil {
            let isOwn = label.id.origin == dataset.home.origin
            new = new.filter { field, value in
                if isOwn { return !ImportStatement.isSame(field, value, past.base[field]) }
                // Of another's label there is no such memory: a value that was replaced is an old one.
                return !(past.all[field] ?? []).contains {
                    ImportStatement.isSame(field, value, $0)
                }
            }
        }
        if new.isEmpty { return }
        let known = try knownHeads(past)
        for write in try dataset.store.writes(label.key.packed, logs) where new[write.field] != nil
        {
            let (org, entry) = (write.operation.origin, write.operation.slot.entry)
            if org == dataset.home.origin || entry < known[org] ?? 0 { continue }
            guard entry < max(cited[org] ?? 0, seen[org] ?? 0) else { continue }
            new[write.field] = nil
            report.held += 1
            report.skip(
                "\(label.id), \(write.field)",
                "\(org) has changed it since (\(write.operation)); decide with resolve, or import "
                    + "again with --overwrite")
        }
    }

    /// How much of each log the file was based on.
    private func knownHeads(_ past: ImportHistory.Past) throws -> [Origin: UInt64] {
        if let base { return base }
        guard let last = past.lastImport,
            let own = logs.first(where: { $0.value == last.origin })?.key
        else { return [:] }
        let key = OperationKey(log: own, slot: last.slot)
        let context = try dataset.read { try $0.rows.context(key.entryKey) }
        var heads: [Origin: UInt64] = [:]
        for part in context.parts {
            if let origin = logs[part.log] { heads[origin] = part.size }
        }
        return heads
    }
}
