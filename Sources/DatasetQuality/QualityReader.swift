import AnnotationFormats
import AnnotationModel
import AnnotationStore
import DatasetReading
import LabelQuality
import PlainErrors
import Provenance
import Signing

/// Reads what raters said out of a label set, once through its items and once through its labels.
///
/// Labels are taken as they are encoded, and what names stand for is asked once for each name: a million labels are
/// read in about a second.
struct QualityReader {
    private(set) var found = QualityLabels()
    private var book: AwarenessBook
    private let merge: Merge
    private let question: QualityQuestion
    private let schema: DatasetSchema
    private let same: SameItems
    /// Whose labels are left out: whoever knew the answers.
    private let leftOut: Origin?

    /// By item: the number of that under which it is shown.
    private var shown: [Int32] = []
    /// By item: whether its labels are meant.
    private var isMeant: [Bool] = []
    /// Where companies have said that they have examined items, by the item's number and the log's.
    private var examinedAt: [Examined: OperationKey] = [:]

    private struct Examined: Hashable {
        let item: Int32
        let log: Int32
    }

    // What was found out, by local ids; those of classes are small and asked for with each label.
    private var classes: [Int32] = []
    private var raters: [Int64: Int32] = [:]
    private var isField: [Int64: Bool] = [:]
    private var entry: Entry?
    private var lastItem: Int32 = -1

    /// What the labels of an entry share.
    private struct Entry {
        let key: Int64
        /// The log's place among the origins.
        let log: Int
        let awareness: Int32
        let isInTime: Bool
        let source: Source
        /// The rater of those labels that name none themselves; -1 before there is one.
        var rater: Int32 = -1
    }

    /// What a source says of its labels.
    private struct Source {
        let name: String
        let isModel, isConsensus: Bool

        init(_ text: String) {
            name = text.isEmpty || text.utf8.first == 0 ? "no source" : text
            isModel = text.hasPrefix(QualityLabels.modelPrefix)
            isConsensus = text.hasPrefix(QualityLabels.consensusSource)
        }
    }

    /// What a label says of itself besides its class.
    private struct Said {
        var detail = QualityLabels.Detail()
        var source: Source
        /// Where sources or authors are the raters, the one that the label names; else its changeset's counts.
        var rater: String?
    }

    init(
        _ merge: Merge, _ question: QualityQuestion, _ schema: DatasetSchema, _ same: SameItems,
        leftOut: Origin?
    ) {
        (self.merge, self.question, self.schema, self.same) = (merge, question, schema, same)
        self.leftOut = leftOut
        book = AwarenessBook(merge)
        found.reserve(labels: merge.state.counts.annotations)
        found.isBlind = merge.state.membership.isBlind
    }

    /// What was found, in its order.
    mutating func settled(digest: [UInt8], gold: GoldReference?) throws -> QualityLabels {
        found.digest = digest
        found.awareness = book.list
        if let gold {
            try found.add(
                gold: gold, className: { schema.className($0) }, shown: { try same.shown($0) })
        }
        found.settle(question.by)
        return found
    }

    // MARK: Items

    /// Reads the items, and who has examined them.
    ///
    /// - Parameters:
    ///   - examiners: Whose word counts; empty for everybody's.
    ///   - wanted: The items that are meant, as they are shown; nil for all.
    ///   - isWithoutExcluded: Leaves out those that the stage `filter` excludes.
    /// - Returns: Whether some item is of the group that is asked for.
    mutating func readItems(
        _ store: LabelStore, _ dataset: DatasetID, examiners: ByteSet, wanted: ByteSet?,
        isWithoutExcluded: Bool
    ) throws -> Bool {
        var aliases: [(item: Int32, shown: String)] = []
        var words: [(item: Int32, company: String, operation: OperationKey?)] = []
        var grouped: [Int32] = []
        try store.forEachEncodedItem(dataset) { item in
            let number = found.number(ofItem: item.key)
            shown.append(number)
            isMeant.append(!(isWithoutExcluded && item.isExcluded))
            guard item.hasFields else { return }
            let record = try item.record()
            if record.fields[Field.Known.sameAs.name]?.textValue != nil {
                aliases.append((number, try same.shown(record)))
            }
            if let group = question.part.group,
                record.fields[Field.Known.group.name]?.textValue?.hasSameBytes(as: group) == true
            {
                grouped.append(number)
            }
            // An author or a tool is not the company that examined.
            guard question.by == .org, isMeant[Int(number)] else { return }
            for (name, value) in record.fields
            where name.hasPrefix(Field.examinedPrefix) && value == .bool(true) {
                let company = String(name.dropFirst(Field.examinedPrefix.count))
                guard examiners.isEmpty || examiners.contains(company),
                    company != leftOut?.description
                else { continue }
                let operation = try book.examination(item.target, base: item.base, by: company)
                words.append((number, company, operation))
            }
        }
        for (item, key) in aliases {
            let number = found.number(ofItem: key)
            if Int(number) == shown.count {
                shown.append(number)
                isMeant.append(false)
            }
            shown[Int(item)] = number
        }
        narrow(to: wanted, grouped)
        for (item, company, operation) in words where isMeant[Int(item)] {
            try note(company, examined: shown[Int(item)], at: operation)
        }
        return question.part.group == nil || !grouped.isEmpty
    }

    private mutating func narrow(to wanted: ByteSet?, _ grouped: [Int32]) {
        func keep(_ meant: Set<Int32>) {
            for item in isMeant.indices where !meant.contains(shown[item]) { isMeant[item] = false }
        }
        if let wanted {
            var meant: Set<Int32> = []
            for var key in wanted {
                key.withUTF8 {
                    if let known = found.knownNumber(ofItem: UnsafeRawBufferPointer($0)) {
                        meant.insert(known)
                    }
                }
            }
            keep(meant)
        }
        if question.part.group != nil { keep(Set(grouped.map { shown[Int($0)] })) }
    }

    private mutating func note(
        _ company: String, examined item: Int32, at operation: OperationKey?
    ) throws {
        if let operation {
            examinedAt[Examined(item: item, log: Int32(operation.log))] = operation
        }
        found.note(
            .init(
                item: item, rater: found.number(ofRater: company),
                awareness: try operation.map { try book.number($0) } ?? -1, operation: operation))
    }

    // MARK: Labels

    /// Begins with another log's labels.
    mutating func beginLog() { raters.removeAll() }

    /// Takes a label, if it is meant.
    ///
    /// - Parameter holds: Whether it is, as far as its item and its time let it be.
    mutating func note(
        _ label: EncodedLabel, where holds: (EncodedLabel) throws -> Bool
    ) throws {
        if try label.isRetracted() { return }
        let known = try label.withItem { found.knownNumber(ofItem: $0, guess: lastItem + 1) }
        guard let known else { return }
        lastItem = known
        guard isMeant[Int(known)] else { return }
        let item = shown[Int(known)]
        if label.origin == leftOut { return }
        let entry = try entry(of: label)
        let said = try read(label, entry)
        guard !said.source.isConsensus, entry.isInTime, try holds(label) else { return }
        let changes =
            try label.flags().contains(.hasRegisters)
            ? try book.changes(of: label.key, field: question.field) : []
        let awareness =
            changes.isEmpty ? entry.awareness : try book.number(label.key, changes)
        found.add(
            item: item, rater: try rater(of: label, said),
            className: try number(ofClass: try label.className(), label), log: entry.log,
            slot: label.key.slot, awareness: awareness,
            early: try early(label.key, of: item, changes, awareness), said.detail)
    }

    /// The awareness of what made a label until its company had examined the item; -1 where that was later.
    private mutating func early(
        _ label: OperationKey, of item: Int32, _ changes: [OperationKey], _ awareness: Int32
    ) throws -> Int32 {
        guard !examinedAt.isEmpty,
            let end = examinedAt[Examined(item: item, log: Int32(label.log))]
        else { return awareness }
        if label.slot.entry > end.slot.entry { return -1 }
        if changes.isEmpty { return awareness }
        return try book.number(
            label, changes.filter { $0.log == end.log && $0.slot.entry <= end.slot.entry })
    }

    private mutating func read(_ label: EncodedLabel, _ entry: Entry) throws -> Said {
        var said = Said(source: entry.source)
        try label.forEachField { field, value in
            switch field {
            case Int64(Field.Known.confidence.rawValue):
                said.detail.confidence = try FieldValue(decoding: value).numberValue
            case Int64(Field.Known.source.rawValue):
                guard let text = try FieldValue(decoding: value).textValue else { break }
                said.source = Source(text)
                if question.by == .source { said.rater = said.source.name }
            case Int64(Field.Known.author.rawValue) where question.by == .author:
                said.rater = try FieldValue(decoding: value).textValue.map {
                    Self.author($0, label.origin)
                }
            default: break
            }
            if try isAsked(field, label) { said.detail.value = try FieldValue(decoding: value) }
        }
        if !label.isOfWholeItem {
            let selector = try label.selector()
            said.detail.shape = Shape(selector, near: question.near)
            if question.keepsPlaces { said.detail.selector = selector }
        }
        said.detail.isModel = said.source.isModel
        return said
    }

    /// Whether a field is the one that is asked for.
    private mutating func isAsked(_ field: Int64, _ label: EncodedLabel) throws -> Bool {
        guard let wanted = question.field else { return false }
        if let known = isField[field] { return known }
        let isSame = try label.field(field).hasSameBytes(as: wanted)
        isField[field] = isSame
        return isSame
    }

    private mutating func rater(of label: EncodedLabel, _ said: Said) throws -> Int32 {
        if let rater = said.rater { return found.number(ofRater: rater) }
        if let known = entry?.rater, known >= 0 { return known }
        let id: Int64 =
            switch question.by {
            case .org: 0
            case .source: try label.source()
            case .author: try label.author()
            }
        let name =
            switch question.by {
            case .source: said.source.name
            case .author where id != 0: Self.author(try label.name(id), label.origin)
            case .org, .author: label.origin.description
            }
        let number = raters[id] ?? found.number(ofRater: name)
        raters[id] = number
        entry?.rater = number
        return number
    }

    /// An author until it is known whether two companies have one of that name; an origin holds no slash.
    private static func author(_ name: String, _ origin: Origin) -> String { "\(origin)/\(name)" }

    private mutating func number(ofClass id: Int64, _ label: EncodedLabel) throws -> Int32 {
        let place = Int(id)
        while classes.count <= place { classes.append(-1) }
        if classes[place] < 0 {
            classes[place] = found.number(ofClass: schema.className(try label.name(id)))
        }
        return classes[place]
    }

    private mutating func entry(of label: EncodedLabel) throws -> Entry {
        if let entry, entry.key == label.key.entryKey { return entry }
        let source = try label.source()
        let made = Entry(
            key: label.key.entryKey, log: found.number(ofLog: label.origin),
            awareness: try book.number(label.key),
            isInTime: try question.part.holds(label.key.entryKey, merge.rows),
            source: Source(source == 0 ? "" : try label.name(source)))
        entry = made
        return made
    }
}

extension MergedDataset {
    /// The labels without those that were retracted, as quality is computed from them.
    ///
    /// - Parameters:
    ///   - filter: Which labels; where it is left out, those of items that the stage `filter` does not exclude.
    ///   - companies: Whose `examined` counts; empty for everybody's.
    ///   - seed: What intervals follow from; the state's digest where it is left out.
    ///   - gold: Known answers, which join the labels of their items; labels of other items, and of the company that
    ///     knew them, are left out.
    ///   - holds: Whether a label that the filter lets through is meant.
    package func qualityLabels(
        _ question: QualityQuestion, filter: LabelFilter = .kept,
        companies: [Origin] = [], seed: [UInt8]? = nil, gold: GoldReference? = nil,
        where holds: (EncodedLabel) throws -> Bool = { _ in true }
    ) throws -> QualityLabels {
        let schema = try schema()
        let same = SameItems(store, id)
        let wanted = try gold.map { gold in
            ByteSet(try gold.set.items.map { try same.shown($0.key) })
        }
        var filter = filter
        for key in wanted ?? [] { filter.items += try same.names(of: key) }
        return try read { merge in
            var reader = QualityReader(merge, question, schema, same, leftOut: gold?.org)
            let hasGroup = try reader.readItems(
                store, id, examiners: ByteSet(companies.map(\.description)), wanted: wanted,
                isWithoutExcluded: filter.isWithoutExcluded)
            guard hasGroup else {
                throw NodeError(
                    .notFound,
                    "no item of \(id) is of the group \(question.part.group ?? "")",
                    hint: "countermark stage summary \(id) --group names the groups")
            }
            let logs = merge.state.logs.map { (number: $0, origin: $1.origin) }
            for log in logs.sorted(by: { $0.origin < $1.origin }) {
                reader.beginLog()
                try store.forEachEncodedLabel(
                    of: log.number, log.origin, filter: filter.isOfItemsAlone ? nil : filter
                ) { try reader.note($0, where: holds) }
            }
            return try reader.settled(
                digest: seed ?? merge.state.digest.bytes, gold: gold)
        }
    }
}

extension QualityLabels {
    /// The name under which answers stand among raters; no organisation, person or tool has it.
    public static let goldRaterName = "gold"
    /// What a source begins with that is drawn from others' labels: it is nobody's judgement.
    package static let consensusSource = "rule:consensus@"
    /// What a source begins with that is a model.
    package static let modelPrefix = "model:"

    /// The tool that made a label, as the label or its changeset says.
    package static func source(_ label: LabelView) -> String? {
        label.fields["source"]?.textValue ?? label.source
    }
}

extension LabelFilter {
    /// All labels but those of items that the stage `filter` excludes.
    package static var kept: LabelFilter {
        var filter = LabelFilter()
        filter.isWithoutExcluded = true
        return filter
    }
}
