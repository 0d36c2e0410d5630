import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import Provenance
import Shapes

/// Labels of which the files of an import have told, for later ones that tell more of them.
///
/// COCO publishes what it says of one object in several files, under one id: its outline in one, its keypoints in
/// another. Memory holds some 150 bytes a label, and nothing where there is one file.
struct ToldLabels {
    /// Where a label is.
    enum Place {
        /// This import adds it; nil where nothing is written.
        case added(Slot?)
        /// It was there; and whether a record has changed it.
        case stored(OperationID, isChanged: Bool)
    }

    struct Told {
        var place: Place
        /// The file that told of it last.
        fileprivate var file: Int
        fileprivate var box: Selector.Box?
        fileprivate var selector: Int
        /// What was said of its attributes.
        fileprivate var attributes: [Int]
        /// Whether it has no more than a box.
        var isBox: Bool

        /// True if the record gives the label the shape that it has.
        func hasShape(of record: LabelRecord) -> Bool { selector == record.selector.hashValue }

        /// The attributes of a record that nobody has told of.
        func unsaid(_ record: LabelRecord) -> [(name: String, value: FieldValue)] {
            record.attributes.filter { !attributes.contains(ToldLabels.hash($0.key, $0.value)) }
                .sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
    }

    private var known: [Int: Told] = [:]
    /// The file whose records are matched, counted from one.
    var file = 0
    /// Records that told more of a label.
    private(set) var count = 0

    /// The label of which another file has told, at the same place under the same id.
    func other(_ record: LabelRecord) -> Told? {
        guard let key = Self.key(record), let told = known[key], told.file != file else {
            return nil
        }
        if told.hasShape(of: record) { return told }
        guard let box = told.box, let other = record.selector.bounds,
            ShapeLosses.isNear(box, other),
            told.isBox || record.selector.kind == .box
        else { return nil }
        return told
    }

    /// Remembers what a record says of a label.
    mutating func note(_ record: LabelRecord, at place: Place) {
        guard let key = Self.key(record) else { return }
        known[key] = Told(
            place: place, file: file, box: record.selector.bounds,
            selector: record.selector.hashValue,
            attributes: record.attributes.map { Self.hash($0.key, $0.value) },
            isBox: record.selector.kind == .box)
    }

    /// Remembers what another record says of the label.
    mutating func noteMore(_ record: LabelRecord, _ told: Told) {
        guard let key = Self.key(record) else { return }
        count += 1
        var told = told
        told.file = file
        told.attributes += told.unsaid(record).map { Self.hash($0.name, $0.value) }
        if told.isBox, record.selector.kind != .box {
            (told.selector, told.isBox) = (record.selector.hashValue, false)
        }
        known[key] = told
    }

    /// Remembers that a label which was there has changed.
    mutating func noteChanged(_ record: LabelRecord, _ id: OperationID) {
        guard let key = Self.key(record) else { return }
        known[key]?.place = .stored(id, isChanged: true)
    }

    private static func key(_ record: LabelRecord) -> Int? {
        guard record.provenance == nil, let id = record.externalID,
            !ImportStatement.isPositional(id)
        else { return nil }
        var hasher = Hasher()
        for text in [record.item, id, record.className, record.author ?? ""] {
            hasher.combine(text.utf8.count)
            for byte in text.utf8 { hasher.combine(byte) }
        }
        return hasher.finalize()
    }

    private static func hash(_ name: String, _ value: FieldValue) -> Int {
        var hasher = Hasher()
        hasher.combine(name)
        hasher.combine(value)
        return hasher.finalize()
    }
}

extension ImportPlan {
    /// Takes a record that tells more of a label of which another file has told.
    ///
    /// - Returns: False for a record of another label.
    func takeMore(
        _ record: LabelRecord, into sink: Sink
    ) throws -> Bool {
        guard let known = told?.other(record) else { return false }
        switch known.place {
        case .added(let slot):
            told?.noteMore(record, known)
            var writes = known.unsaid(record).map {
                Operation.Write.field(.attribute($0.name), $0.value)
            }
            if known.isBox, record.selector.kind != .box {
                writes.append(.selector(record.selector))
            }
            if let slot, !writes.isEmpty {
                _ = try sink(.set(OperationID(origin: dataset.home.origin, slot: slot), writes))
            }
        case .stored(let id, let isChanged):
            guard let number = logs.first(where: { $0.value == id.origin })?.key,
                let label = try dataset.store.label(
                    OperationKey(log: number, slot: id.slot), origin: id.origin)
            else { return false }
            told?.noteMore(record, known)
            var said = record
            keepShape(of: label, in: &said)
            said = classes?.canonical(said) ?? said
            let (changed, unchanged) = (report.changed, report.unchanged)
            try change(
                classes?.canonical(label) ?? label, said, nil, classAsWritten: record.className,
                into: sink)
            // A label counts once, whatever the number of records.
            if report.changed == changed || isChanged {
                (report.changed, report.unchanged) = (changed, unchanged)
            } else {
                report.unchanged -= 1
                told?.noteChanged(record, id)
            }
        }
        return true
    }

    /// Where several files speak of a label, a box says nothing of the shape that it is around.
    func keepShape(of label: LabelView, in record: inout LabelRecord) {
        guard told != nil, record.selector.kind == .box, label.selector.kind != .box,
            let box = record.selector.bounds, let own = label.selector.bounds,
            ShapeLosses.isNear(box, own)
        else { return }
        record.selector = label.selector
    }

    /// What the user is told of it.
    func noteTold() {
        guard let count = told?.count, count > 0 else { return }
        report.note(
            "files",
            "\(count) annotations stand in several files under one id, at one place; each is one label "
                + "with what all of them say")
    }
}
