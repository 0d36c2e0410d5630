import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import PlainErrors
import Provenance

extension ImportPlan {
    /// Counts whether the files speak of the labels that are there, or of others under the same ids.
    func weigh(_ label: LabelView, _ record: LabelRecord, isExported: Bool) throws {
        if isExported || record.provenance != nil || options.isUpdate { return }
        if Self.isSame(record, label.className, label.selector) {
            agreeing += 1
            return
        }
        guard label.id.origin == dataset.home.origin, ImportStatement.isCounted(record.externalID),
            try history.isOfOtherFiles(label.key.packed, addedBy: label.id, logs, lineage.marks)
        else { return }
        let base = try history.past(label.key.packed, addedBy: label.id, logs).base
        if let name = base[ImportStatement.className]?.textValue,
            case .bytes(let bytes)? = base[ImportStatement.selector],
            let selector = try? Selector(decoding: bytes), Self.isSame(record, name, selector)
        {
            // Another company has changed it since; the file repeats what it said.
            agreeing += 1
            return
        }
        doubtful += 1
        let isReplaced =
            Self.isOther(record, label.className, label.selector)
            && base[ImportStatement.className]?.textValue.map {
                Self.isOther(record, $0, base[ImportStatement.selector])
            } ?? true
        if isReplaced { replaced += 1 }
        if doubt.isEmpty || isReplaced && replaced == 1 { doubt = record.item }
    }

    /// True where neither the class nor the place is the same: a corrected label keeps one of them.
    private static func isOther(
        _ record: LabelRecord, _ className: String, _ selector: FieldValue?
    ) -> Bool {
        guard case .bytes(let bytes)? = selector, let shape = try? Selector(decoding: bytes) else {
            return true
        }
        return isOther(record, className, shape)
    }

    private static func isOther(
        _ record: LabelRecord, _ className: String, _ selector: Selector
    ) -> Bool {
        !record.className.isEmpty && !className.hasSameBytes(as: record.className)
            && !ImportStatement.isSame(selector, record.selector)
    }

    private static func isSame(
        _ record: LabelRecord, _ className: String, _ selector: Selector
    ) -> Bool {
        (record.className.isEmpty || className.hasSameBytes(as: record.className))
            && ImportStatement.isSame(selector, record.selector)
    }

    /// Refuses files that agree with less than they would replace of what other files said, or that would make
    /// one label another.
    func settle() throws {
        guard doubtful > agreeing || replaced > 0 else { return }
        let author = options.author.map { " of \($0)" } ?? ""
        let what =
            doubtful > agreeing
            ? "the ids of \(doubtful) labels that were imported from other files, the first on "
                + "\(doubt.prefix(120)), and say something else"
            : "the ids of \(replaced) labels that were imported from other files, the first on "
                + "\(doubt.prefix(120)), with another class at another place"
        throw NodeError(
            .whoseLabels,
            "the files\(author) have \(what); nothing was imported",
            hint:
                "if another person or another batch labelled, give --author NAME, or items of their own "
                + "with --root or --map; if this is a newer version of the same labels, give --update"
        )
    }
}
