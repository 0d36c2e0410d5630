import AnnotationFormats
import AnnotationModel
import AnnotationStore
import DatasetReading
import Provenance

extension ImportPlan {
    /// Keeps what the files' lists of classes say beyond the schema and the lists that are kept already.
    func keepLists(into sink: Sink) throws {
        guard let listItem, !lists.records.isEmpty, format.profile.classes != .none else { return }
        var known = ClassTable(try dataset.schema().schema?.classRecords ?? [])
        let records = lists.records.compactMap { beyond(known, $0) }
        let names = lists.records.filter { known.contains($0.name) }.map(\.name)
        let ordered = known.records.map(\.name).filter { names.contains($0) }
        if ordered != names {
            report.note(
                "classes",
                "the schema numbers the classes in another order than the files; exports follow "
                    + "the schema")
        }
        if hasItems {
            try dataset.store.forEachItem(dataset.id) { known.add(listIn: $0.fields) }
        }
        let before = known
        noteNumbers(before, isOrderSaid: ordered != names)
        guard records.contains(where: { known.add($0) }) else { return }
        if try isUsual(before) { return }
        var own = ClassTable()
        own.add(listIn: try dataset.store.item(dataset.id, key: listItem)?.record.fields ?? [:])
        for record in records { own.add(record) }
        guard let fields = own.fields else {
            return report.note("classes", "the list of classes is too long to be kept")
        }
        _ = try sink(
            .setItem(
                key: listItem,
                fields: [Field: FieldValue](
                    fields.map { (Field(name: $0.key), $0.value) },
                    uniquingKeysWith: { first, _ in first })))
    }

    /// Says where the files number classes otherwise than the lists that came before.
    private func noteNumbers(_ known: ClassTable, isOrderSaid: Bool) {
        let files = lists.records.map { record in
            var record = record
            record.name = classes?.canonical(record.name) ?? record.name
            return record
        }
        var (count, example) = known.disagreements(with: files)
        if count == 0, let record = lists.records.first(where: { !$0.otherNumbers.isEmpty }) {
            count = lists.records.count { !$0.otherNumbers.isEmpty }
            example =
                "\"\(record.name.prefix(80))\" is \(record.number ?? 0) and "
                + "\(record.otherNumbers[0])"
        }
        if count > 0 {
            return report.note(
                "classes",
                "the files give \(count) classes other numbers than the list that came first: \(example); "
                    + "exports follow the first")
        }
        let common = files.filter { $0.number == nil && known.contains($0.name) }.map(\.name)
        let names = ByteSet(common)
        let ordered = known.records.map(\.name).filter(names.contains)
        if !isOrderSaid, ordered != common {
            report.note(
                "classes",
                "the files list \(common.count) classes in another order than the list that came first; "
                    + "exports follow the first")
        }
    }

    /// What a file says of a class beyond the schema: nothing of an old name of one of its classes, and no number
    /// for a class that the schema numbers.
    private func beyond(_ schema: ClassTable, _ record: ClassRecord) -> ClassRecord? {
        let name = classes?.canonical(record.name) ?? record.name
        if !name.hasSameBytes(as: record.name), schema.contains(name) { return nil }
        var record = record
        if schema.contains(record.name) { record.number = nil }
        return record
    }

    /// Whether the files number the classes just as an export of what was there before would.
    private func isUsual(_ known: ClassTable) throws -> Bool {
        guard hasLabels else { return false }
        var usual = known
        var names: ByteSet = []
        try dataset.store.forEachLabel(logs, filter: LabelFilter()) { label in
            if !label.isRetracted {
                names.insert(classes?.canonical(label.className) ?? label.className)
            }
        }
        for name in names.sortedByBytes() { usual.add(ClassRecord(name: name)) }
        guard usual.records.count == lists.records.count else { return false }
        return zip(usual.records, lists.records).enumerated().allSatisfy { index, pair in
            var file = pair.1
            if pair.0.number == nil, file.number == Int64(index + 1) { file.number = nil }
            if file.parent.isEmpty { file.parent = pair.0.parent }
            file.otherNumbers = pair.0.otherNumbers
            return file == pair.0
        }
    }
}
