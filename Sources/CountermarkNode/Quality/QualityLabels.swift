import AnnotationFormats
import AnnotationModel
import AnnotationStore
import LabelQuality
import Provenance
import Signing

/// A dataset's labels as its raters gave them, numbered alike on every node.
///
/// Raters, classes and items are in the order of their bytes, the labels of an item in that of their ids, so that
/// nothing depends on the order in which a home got its logs.
struct QualityLabels {
    struct Label {
        var item: Int32
        var rater: Int32
        var className: Int32
        let log: Int32
        let slot: Slot
        /// Nil for the whole item.
        let shape: Shape?
        /// As it was signed, where that is asked for.
        let selector: Selector?
        let confidence: Double?
        /// The field that is asked for.
        let value: FieldValue?
        /// What its signers had merged: a place in ``QualityLabels/awareness``.
        let awareness: Int32
        /// The same of what was written until its company had examined the item; -1 where it was added later.
        let early: Int32
        /// Whether a model predicted it.
        let isModel: Bool
    }

    var digest: [UInt8] = []
    /// Whether companies were kept from seeing each other's labels.
    var isBlind = false
    private(set) var raters: [String] = []
    private(set) var classes: [String] = []
    private(set) var items: [String] = []
    private(set) var origins: [Origin] = []
    private(set) var labels: [Label] = []
    /// The raters that say they have examined an item, by item.
    private(set) var examined: [Int32: Set<Int32>] = [:]
    /// What was merged by those who signed labels and examinations.
    var awareness: [Awareness] = []
    /// The places there of examinations, by item and rater.
    private(set) var awarenessOfExamined: [Int32: [Int32: Int32]] = [:]

    /// The place of the known answers among the raters; nil where there are none.
    private(set) var goldRater: Int?

    private var itemNumbers = Numbers()
    private var raterNumbers = Numbers()
    private var classNumbers = Numbers()

    /// The label's id.
    func id(_ label: Label) -> OperationID {
        OperationID(origin: origins[Int(label.log)], slot: label.slot)
    }

    // MARK: Gathering

    mutating func note(
        examined item: String, by origin: String, _ kind: QualityQuestion.RaterKind,
        awareness: () throws -> Int32?
    ) rethrows {
        let number = itemNumbers.number(item)
        // An author or a tool is not the company that examined.
        guard kind == .org else { return }
        let rater = raterNumbers.number(origin)
        examined[number, default: []].insert(rater)
        awarenessOfExamined[number, default: [:]][rater] = try awareness()
    }

    mutating func add(
        _ label: LabelView, item: String, className: String, awareness: Int32, early: Int32,
        _ question: QualityQuestion
    ) {
        let origin = label.id.origin
        let log: Int
        if let known = origins.firstIndex(of: origin) {
            log = known
        } else {
            log = origins.count
            origins.append(origin)
        }
        labels.append(
            Label(
                item: itemNumbers.number(item),
                rater: raterNumbers.number(Self.rater(label, question.by)),
                className: classNumbers.number(className), log: Int32(log), slot: label.id.slot,
                shape: Shape(label.selector, near: question.near),
                selector: question.keepsPlaces ? label.selector : nil,
                confidence: label.fields["confidence"]?.numberValue,
                value: question.field.flatMap { label.fields[$0] }, awareness: awareness,
                early: early, isModel: Self.source(label)?.hasPrefix(Self.modelPrefix) == true))
    }

    /// What a source begins with that is a model.
    static let modelPrefix = "model:"

    /// The tool that made a label, as the label or its changeset says.
    static func source(_ label: LabelView) -> String? {
        label.fields["source"]?.textValue ?? label.source
    }

    /// Adds known answers as labels of a rater of their own, who has examined all their items.
    ///
    /// - Parameter shown: The key under which an item is shown.
    mutating func add(
        gold: GoldReference, className: (String) -> String, shown: (String) throws -> String
    ) rethrows {
        let rater = raterNumbers.number(Self.goldName)
        let log = Int32(origins.count)
        origins.append(gold.org)
        // What was known when they were sealed is nobody's concern: they are held against all.
        let known = Int32(awareness.count)
        awareness.append(Awareness(log: 0, entry: 0, seen: CausalContext()))
        for (number, item) in gold.set.items.enumerated() {
            let place = itemNumbers.number(try shown(item.key))
            examined[place, default: []].insert(rater)
            for (position, answer) in item.answers.enumerated() {
                labels.append(
                    Label(
                        item: place, rater: rater,
                        className: classNumbers.number(className(answer.className)), log: log,
                        slot: Slot(entry: UInt64(number), position: position & 0xfff),
                        shape: Shape(answer.selector), selector: nil, confidence: nil, value: nil,
                        awareness: known, early: -1, isModel: false))
            }
        }
    }

    /// Nobody else's name: those of others hold no such character, or begin with an organisation.
    private static let goldName = "\u{0}"

    /// A rater's name before it is known whether two companies have people of one name.
    private static func rater(_ label: LabelView, _ kind: QualityQuestion.RaterKind) -> String {
        let origin = label.id.origin.description
        switch kind {
        case .org: return origin
        case .source:
            let source = source(label) ?? ""
            return source.isEmpty || source.utf8.first == 0 ? "no source" : source
        case .author:
            let author = label.fields["author"]?.textValue ?? label.author
            // An origin holds no slash, so the first one ends it.
            return author.map { "\(origin)/\($0)" } ?? origin
        }
    }

    /// Puts everything into an order that is the same on every node.
    mutating func settle(_ kind: QualityQuestion.RaterKind) {
        let names = kind == .author ? Self.authors(raterNumbers.names) : raterNumbers.names
        let (raters, raterOrder) = Numbers.sorted(names)
        let (items, itemOrder) = Numbers.sorted(itemNumbers.names)
        let (classes, classOrder) = Numbers.sorted(classNumbers.names)
        (self.raters, self.items, self.classes) = (raters, items, classes)
        goldRater = raters.firstIndex(of: Self.goldName)
        if let goldRater { self.raters[goldRater] = Node.goldRater }
        for place in labels.indices {
            labels[place].item = itemOrder[Int(labels[place].item)]
            labels[place].rater = raterOrder[Int(labels[place].rater)]
            labels[place].className = classOrder[Int(labels[place].className)]
        }
        var ordered: [Int32: Set<Int32>] = [:]
        for (item, raters) in examined {
            ordered[itemOrder[Int(item)]] = Set(raters.map { raterOrder[Int($0)] })
        }
        examined = ordered
        var known: [Int32: [Int32: Int32]] = [:]
        for (item, raters) in awarenessOfExamined {
            for (rater, place) in raters {
                known[itemOrder[Int(item)], default: [:]][raterOrder[Int(rater)]] = place
            }
        }
        awarenessOfExamined = known
        let ranks = origins.map { origin in Int32(origins.count { $0 < origin }) }
        labels.sort { one, other in
            if one.item != other.item { return one.item < other.item }
            if one.log != other.log { return ranks[Int(one.log)] < ranks[Int(other.log)] }
            return one.slot < other.slot
        }
        (itemNumbers, raterNumbers, classNumbers) = (Numbers(), Numbers(), Numbers())
    }

    /// Authors by their own names, where only one company has one of that name.
    private static func authors(_ names: [String]) -> [String] {
        var companies: ByteMap<Int> = [:]
        let short = names.map { name in
            name.firstIndex(of: "/").map { String(name[name.index(after: $0)...]) } ?? name
        }
        for name in short { companies[name, default: 0] += 1 }
        return zip(names, short).map { companies[$1] == 1 ? $1 : $0 }
    }

    /// The labels of each item, the items ascending; also those that somebody examined and nobody labelled.
    func forEachItem(_ body: (_ item: Int32, _ labels: Range<Int>) -> Void) {
        var next = 0
        for item in items.indices {
            let first = next
            while next < labels.count, labels[next].item == item { next += 1 }
            body(Int32(item), first..<next)
        }
    }
}

/// Numbers for names, in the order in which they come.
struct Numbers {
    private var byName: ByteMap<Int32> = [:]
    private(set) var names: [String] = []

    mutating func number(_ name: String) -> Int32 {
        if let known = byName[name] { return known }
        let number = Int32(names.count)
        byName[name] = number
        names.append(name)
        return number
    }

    /// Names by their bytes, and the place there of each one.
    static func sorted(_ names: [String]) -> (names: [String], places: [Int32]) {
        let keys = names.map { ByteKey($0) }
        let order = keys.indices.sorted { keys[$0] < keys[$1] }
        var places = [Int32](repeating: 0, count: names.count)
        for (place, number) in order.enumerated() { places[number] = Int32(place) }
        return (order.map { names[$0] }, places)
    }
}

extension Node {
    /// The labels of a dataset as it is now, without those that were retracted.
    ///
    /// - Parameters:
    ///   - filter: Which labels; where it is left out, those of items that `filter` does not exclude.
    ///   - companies: Whose `examined` counts; empty for everybody's.
    ///   - seed: What intervals follow from; the state's digest where it is left out.
    ///   - gold: Known answers, which join the labels of their items; labels of other items, and of the company that
    ///     knew them, are left out.
    ///   - holds: Whether a label that the filter lets through is meant.
    func qualityLabels(
        _ dataset: DatasetID, _ question: QualityQuestion, filter: LabelFilter = .kept,
        companies: [Origin] = [], seed: [UInt8]? = nil, gold: GoldReference? = nil,
        where holds: (LabelView) throws -> Bool = { _ in true }
    ) throws -> QualityLabels {
        try require(dataset)
        try catchUp(dataset)
        let schema = try schema(of: dataset)
        let store = store
        let examiners = ByteSet(companies.map(\.description))
        let same = SameItems(store, dataset)
        let wanted = try gold.map { gold in
            ByteSet(try gold.set.items.map { try same.shown($0.key) })
        }
        var filter = filter
        for key in wanted ?? [] { filter.items += try same.names(of: key) }
        return try read(dataset) { merge in
            var found = QualityLabels()
            var book = AwarenessBook(merge)
            found.digest = seed ?? merge.state.digest.bytes
            found.isBlind = merge.state.membership.isBlind
            let grouped = try question.part.group.map { try items(of: $0, dataset, same) }
            try store.forEachItem(dataset, withoutExcluded: filter.isWithoutExcluded) { item in
                for (name, value) in item.fields
                where name.hasPrefix(Field.examinedPrefix) && value == .bool(true) {
                    let company = String(name.dropFirst(Field.examinedPrefix.count))
                    let shown = try same.shown(item)
                    guard examiners.isEmpty || examiners.contains(company),
                        wanted?.contains(shown) != false, grouped?.contains(shown) != false,
                        company != gold?.org.description
                    else { continue }
                    try found.note(examined: shown, by: company, question.by) {
                        try book.examined(shown, as: item.key, by: company)
                    }
                }
            }
            try store.forEachLabel(merge.state.logs.mapValues(\.origin), filter: filter) { label in
                guard !label.isRetracted, label.id.origin != gold?.org, !Self.isConsensus(label),
                    try question.part.holds(label, merge.rows), try holds(label)
                else { return }
                let item = try same.shown(label)
                if grouped?.contains(item) == false { return }
                let changes =
                    label.flags.contains(.hasRegisters)
                    ? try book.changes(of: label.key, field: question.field) : []
                found.add(
                    label, item: item, className: schema.className(label.className),
                    awareness: try book.number(label.key, changes),
                    early: try book.early(label, of: item, changes), question)
            }
            found.awareness = book.list
            if let gold {
                try found.add(
                    gold: gold, className: { schema.className($0) }, shown: { try same.shown($0) })
            }
            found.settle(question.by)
            return found
        }
    }

    /// The items of a group, by the keys under which they are shown.
    private func items(
        of group: String, _ dataset: DatasetID, _ same: SameItems
    ) throws -> ByteSet {
        var found = ByteSet()
        try store.forEachItem(dataset) { item in
            let said = item.fields[Field.Known.group.name]?.textValue
            if said?.hasSameBytes(as: group) == true { found.insert(try same.shown(item)) }
        }
        guard found.isEmpty else { return found }
        throw NodeError(
            .notFound, "no item of \(dataset) is of the group \(group)",
            hint: "countermark stage summary \(dataset) --group names the groups")
    }

    /// What a source begins with that is drawn from others' labels: it is nobody's judgement.
    static let consensusSource = "rule:consensus@"

    /// True for a label that was drawn from others'.
    static func isConsensus(_ label: LabelView) -> Bool {
        QualityLabels.source(label)?.hasPrefix(consensusSource) == true
    }
}

extension LabelFilter {
    /// All labels but those of items that the stage `filter` excludes.
    static var kept: LabelFilter {
        var filter = LabelFilter()
        filter.isWithoutExcluded = true
        return filter
    }
}
