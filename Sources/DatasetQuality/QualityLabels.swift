import AnnotationFormats
import AnnotationModel
import AnnotationStore
import LabelQuality
import Provenance
import Signing

/// A dataset's labels as its raters gave them, numbered alike on every node.
///
/// Raters, classes and items are in the order of their bytes, the labels of an item in that of their ids, so that
/// nothing depends on the order in which a home got its logs. A label of a whole item takes 32 bytes: there are
/// millions of them, and what else a label has lies beside them.
package struct QualityLabels {
    package struct Label {
        package fileprivate(set) var item: Int32
        package fileprivate(set) var rater: Int32
        package fileprivate(set) var className: Int32
        /// What its signers had merged: a place in ``QualityLabels/awareness``.
        let awareness: Int32
        /// The same of what was written until its company had examined the item; -1 where it was added later.
        let early: Int32
        /// The place of what else it has; -1 for a label of the whole item that has nothing else.
        fileprivate let detail: Int32
        /// The place of its log among ``QualityLabels/origins``, and its own in the log.
        fileprivate let place: OperationKey
    }

    /// What a label has besides its class.
    package struct Detail {
        /// Nil for the whole item.
        var shape: Shape?
        /// As it was signed, where that is asked for.
        var selector: Selector?
        package var confidence: Double?
        /// The field that is asked for.
        var value: FieldValue?
        /// Whether a model predicted it.
        package var isModel = false

        fileprivate var isNothing: Bool {
            shape == nil && selector == nil && confidence == nil && value == nil && !isModel
        }
    }

    /// A company's word that it has examined an item.
    package struct Examination {
        fileprivate(set) var item: Int32
        fileprivate(set) var rater: Int32
        /// What its signers had merged; -1 where that is not known.
        let awareness: Int32
        /// The operation that said so, by the node's own numbers; nil where that is not known.
        package let operation: OperationKey?
    }

    package var digest: [UInt8] = []
    /// Whether companies were kept from seeing each other's labels.
    var isBlind = false
    package private(set) var raters: [String] = []
    package private(set) var classes: [String] = []
    /// The items: some may have no label.
    package private(set) var items = NamePool()
    private(set) var origins: [Origin] = []
    package private(set) var labels: [Label] = []
    private var details: [Detail] = []
    /// What was merged by those who signed labels and examinations.
    var awareness: [Awareness] = []
    /// Who says that he has examined an item, by item and rater.
    private var examinations: [Examination] = []
    /// Where each item's labels begin, and its examinations.
    private var labelStarts: [Int32] = []
    private var examinationStarts: [Int32] = []

    /// The place of the known answers among the raters; nil where there are none.
    private(set) var goldRater: Int?

    private var raterNumbers = Numbers()
    private var classNumbers = Numbers()
    private var originNumbers: [Origin: Int] = [:]

    // MARK: A label

    /// The label's id.
    package func id(_ label: Label) -> OperationID {
        OperationID(origin: origins[label.place.log], slot: label.place.slot)
    }

    /// Whether it is of the item as a whole.
    package func isWhole(_ label: Label) -> Bool {
        label.detail < 0 || details[Int(label.detail)].shape == nil
    }

    /// What it has besides its class.
    package func detail(_ label: Label) -> Detail {
        label.detail < 0 ? Detail() : details[Int(label.detail)]
    }

    // MARK: An item

    /// The labels of an item.
    package func range(of item: Int32) -> Range<Int> {
        Int(labelStarts[Int(item)])..<Int(labelStarts[Int(item) + 1])
    }

    /// Who says that he has examined an item, by rater.
    func examinations(of item: Int32) -> ArraySlice<Examination> {
        examinations[
            Int(examinationStarts[Int(item)])..<Int(examinationStarts[Int(item) + 1])]
    }

    /// The labels of each item, the items ascending; also those that somebody examined and nobody labelled, and those
    /// of which nobody said anything.
    package func forEachItem(_ body: (_ item: Int32, _ labels: Range<Int>) -> Void) {
        for item in 0..<Int32(items.count) { body(item, range(of: item)) }
    }

    // MARK: Gathering

    /// Numbers for what labels say, until ``settle(_:)`` gives them those that are the same everywhere.
    package mutating func number(ofItem key: UnsafeRawBufferPointer) -> Int32 { items.add(key) }

    package mutating func number(ofItem key: String) -> Int32 { items.add(key) }

    /// - Parameter guess: The number that it probably has.
    func knownNumber(ofItem key: UnsafeRawBufferPointer, guess: Int32 = -1) -> Int32? {
        items.number(of: key, guess: guess)
    }

    package mutating func number(ofClass name: String) -> Int32 { classNumbers.number(name) }

    package mutating func number(ofRater name: String) -> Int32 { raterNumbers.number(name) }

    package mutating func number(ofLog origin: Origin) -> Int {
        if let known = originNumbers[origin] { return known }
        origins.append(origin)
        originNumbers[origin] = origins.count - 1
        return origins.count - 1
    }

    /// Makes room for so many labels, so that the list is not copied as it grows.
    mutating func reserve(labels count: Int) { labels.reserveCapacity(count) }

    package mutating func note(_ examination: Examination) { examinations.append(examination) }

    /// Adds a label; those of one log in the order of their ids.
    ///
    /// - Parameter log: The number of its log.
    package mutating func add(
        item: Int32, rater: Int32, className: Int32, log: Int, slot: Slot, awareness: Int32,
        early: Int32, _ detail: Detail
    ) {
        let isPlain = detail.isNothing
        if !isPlain { details.append(detail) }
        labels.append(
            Label(
                item: item, rater: rater, className: className, awareness: awareness, early: early,
                detail: isPlain ? -1 : Int32(details.count - 1),
                place: OperationKey(log: log, slot: slot)))
    }

    /// Adds known answers as labels of a rater of their own, who has examined all their items.
    ///
    /// - Parameter shown: The key under which an item is shown.
    package mutating func add(
        gold: GoldReference, className: (String) -> String, shown: (String) throws -> String
    ) rethrows {
        let rater = raterNumbers.number(Self.goldName)
        let log = number(ofLog: gold.org)
        // What was known when they were sealed is nobody's concern: they are held against all.
        let known = Int32(awareness.count)
        awareness.append(Awareness(log: 0, entry: 0, seen: CausalContext()))
        for (number, item) in gold.set.items.enumerated() {
            let place = items.add(try shown(item.key))
            note(Examination(item: place, rater: rater, awareness: -1, operation: nil))
            for (position, answer) in item.answers.enumerated() {
                add(
                    item: place, rater: rater,
                    className: classNumbers.number(className(answer.className)), log: log,
                    slot: Slot(entry: UInt64(number), position: position & 0xfff),
                    awareness: known, early: -1, Detail(shape: Shape(answer.selector)))
            }
        }
    }

    /// Nobody else's name: those of others hold no such character, or begin with an organisation.
    private static let goldName = "\u{0}"

    // MARK: Settling

    /// Puts everything into an order that is the same on every node.
    mutating func settle(_ kind: QualityQuestion.RaterKind) {
        let names = kind == .author ? Self.authors(raterNumbers.names) : raterNumbers.names
        let (raters, raterOrder) = Numbers.sorted(names)
        let (classes, classOrder) = Numbers.sorted(classNumbers.names)
        (self.raters, self.classes) = (raters, classes)
        goldRater = raters.firstIndex(of: Self.goldName)
        if let goldRater { self.raters[goldRater] = Self.goldRaterName }
        let sortedItems = items.sorted()
        if let sortedItems { items = sortedItems.names }
        let itemOrder = sortedItems?.places
        for place in labels.indices {
            if let itemOrder { labels[place].item = itemOrder[Int(labels[place].item)] }
            labels[place].rater = raterOrder[Int(labels[place].rater)]
            labels[place].className = classOrder[Int(labels[place].className)]
        }
        for place in examinations.indices {
            if let itemOrder { examinations[place].item = itemOrder[Int(examinations[place].item)] }
            examinations[place].rater = raterOrder[Int(examinations[place].rater)]
        }
        sortLabels()
        sortExaminations()
        (raterNumbers, classNumbers, originNumbers) = (Numbers(), Numbers(), [:])
    }

    /// Sorts labels by item, and those of an item by their ids, where they lie.
    private mutating func sortLabels() {
        let ranks = origins.map { origin in origins.count { $0 < origin } }
        func isInOrder(_ place: Int) -> Bool {
            let (one, other) = (labels[place - 1].place, labels[place].place)
            return one.log == other.log
                ? one.slot < other.slot : ranks[one.log] <= ranks[other.log]
        }
        if !(1..<max(1, labels.count)).allSatisfy(isInOrder) {
            labels.sort { one, other in
                one.place.log == other.place.log
                    ? one.place.slot < other.place.slot
                    : ranks[one.place.log] < ranks[other.place.log]
            }
        }
        labelStarts = Self.starts(labels.lazy.map(\.item), items.count)
        var next = labelStarts
        var targets = labels.map { label in
            defer { next[Int(label.item)] += 1 }
            return next[Int(label.item)]
        }
        labels.withUnsafeMutableBufferPointer { labels in
            targets.withUnsafeMutableBufferPointer { targets in
                for place in labels.indices {
                    while Int(targets[place]) != place {
                        let target = Int(targets[place])
                        labels.swapAt(place, target)
                        targets.swapAt(place, target)
                    }
                }
            }
        }
    }

    /// Of several that one rater gave under several keys of an item, the last one is kept.
    private mutating func sortExaminations() {
        var sorted: [Examination] = []
        sorted.reserveCapacity(examinations.count)
        let order = examinations.indices.sorted { one, other in
            let (a, b) = (examinations[one], examinations[other])
            return (a.item, a.rater, one) < (b.item, b.rater, other)
        }
        for place in order {
            let next = examinations[place]
            if let last = sorted.last, (last.item, last.rater) == (next.item, next.rater) {
                sorted.removeLast()
            }
            sorted.append(next)
        }
        examinations = sorted
        examinationStarts = Self.starts(sorted.lazy.map(\.item), items.count)
    }

    /// Where what is of each item begins, once it is sorted.
    private static func starts(_ items: some Sequence<Int32>, _ count: Int) -> [Int32] {
        var starts = [Int32](repeating: 0, count: count + 1)
        for item in items { starts[Int(item) + 1] += 1 }
        for item in 0..<count { starts[item + 1] += starts[item] }
        return starts
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
