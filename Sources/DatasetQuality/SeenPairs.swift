import LabelQuality

/// Judgements of every two raters, told apart by whether either had seen what the other said.
///
/// An item's judgements of two raters are blind where no changeset behind the labels of the one had merged one behind
/// the labels of the other; a rater without a label of the item speaks by its `examined`.
struct SeenPairs {
    /// The most judgements of pairs of which figures of all raters are computed: some 30 bytes each.
    static let pairsMax = 4_000_000

    /// By rater: with others where neither had seen the other's label.
    private(set) var blind: [AgreeingPairs]
    /// By rater: with others whose label it had seen.
    private(set) var informed: [AgreeingPairs]
    private var parts = Parted<[RaterPair]>([])
    private var pools = Parted(Pool())
    private let raterCount: Int
    /// The places of those pairs of raters that have figures of their own: the larger part of very many is not kept.
    private let places: [Int: Int]

    /// One thing for each kind of pairs.
    private struct Parted<Part> {
        var blind, informed: Part

        init(_ part: Part) { (blind, informed) = (part, part) }

        subscript(kind: PairKind) -> Part {
            get { kind == .blind ? blind : informed }
            _modify {
                if kind == .blind { yield &blind } else { yield &informed }
            }
        }
    }

    /// Judgements of pairs as units of two raters, for figures of all of them.
    private struct Pool {
        var entries = JudgementTable.Entries()
        var itemOfUnit: [Int32] = []

        mutating func add(_ item: Int32, _ one: Int, _ left: Int, _ other: Int, _ right: Int) {
            entries.append(unit: itemOfUnit.count, rater: one, category: left)
            entries.append(unit: itemOfUnit.count, rater: other, category: right)
            itemOfUnit.append(item)
        }
    }

    /// Nil where nothing can be told apart: of one log, or of more raters than are paired.
    ///
    /// - Parameter pairs: The raters of whom figures are wanted two by two.
    init?(
        _ things: JudgedThings, _ labels: QualityLabels,
        _ pairs: [(one: Int, other: Int, units: Int)], isOfField: Bool
    ) {
        let raters = things.table.raterCount
        guard labels.logCount > 1, raters <= JudgementTable.pairedRatersMax else { return nil }
        raterCount = raters
        places = Dictionary(
            uniqueKeysWithValues: pairs.enumerated().map { ($1.one * raters + $1.other, $0) })
        parts = Parted(
            pairs.map {
                RaterPair($0.one, $0.other, categoryCount: things.table.categoryCount)
            })
        blind = Array(repeating: AgreeingPairs(), count: raters)
        informed = blind
        var words = WordsOfItem(labels, things.task)
        things.forEachSaid(labels, isOfField: isOfField, where: { _, _ in true }) {
            item, one, other, said in
            words.look(at: item)
            guard let (oneSaw, otherSaw) = words.saw(Int32(one), Int32(other)) else { return }
            add(item, one, other, said, oneSaw: oneSaw, otherSaw: otherSaw)
        }
    }

    private mutating func add(
        _ item: Int32, _ one: Int, _ other: Int, _ said: [(Int, Int)], oneSaw: Bool, otherSaw: Bool
    ) {
        if said.isEmpty { return }
        let kind: PairKind = oneSaw || otherSaw ? .informed : .blind
        let tally = AgreeingPairs(units: said.count, agreeing: said.count { $0.0 == $0.1 })
        if kind == .blind {
            blind[one] += tally
            blind[other] += tally
        }
        if oneSaw { informed[one] += tally }
        if otherSaw { informed[other] += tally }
        if let place = places[one * raterCount + other] {
            for (left, right) in said {
                parts[kind][place].append(item: Int(item), one: left, other: right)
            }
        }
        if pools.blind.itemOfUnit.count + pools.informed.itemOfUnit.count > Self.pairsMax { return }
        for (left, right) in said { pools[kind].add(item, one, left, other, right) }
    }

    /// What two raters said where neither had seen the other's label, and where one had, as far as there is any.
    func parts(of one: Int, _ other: Int) -> [(kind: PairKind, said: RaterPair)] {
        guard let place = places[one * raterCount + other] else { return [] }
        return PairKind.allCases.compactMap { kind in
            let said = parts[kind][place]
            return said.unitCount > 0 ? (kind, said) : nil
        }
    }

    /// The figures over the pairs of all raters.
    func rows(
        _ measures: [Measure], _ things: JudgedThings, _ labels: QualityLabels
    ) -> [QualityRow] {
        let wanted = measures.filter { $0 == .percent || $0 == .krippendorffAlpha }
        let total = pools.blind.itemOfUnit.count + pools.informed.itemOfUnit.count
        if total == 0 { return [] }
        return PairKind.allCases.flatMap { kind -> [QualityRow] in
            let pool = pools[kind]
            let table = JudgementTable(
                pool.entries, itemOfUnit: pool.itemOfUnit, raterCount: raterCount,
                categoryCount: things.table.categoryCount, values: things.table.values)
            let figures =
                total > Self.pairsMax
                ? wanted.map { _ in Figure(.failure(.tooLarge)) }
                : Agreement.figures(wanted, of: table, level: things.level, seed: labels.digest)
            return zip(wanted, figures).map { measure, figure in
                QualityRow(
                    measure: measure.rawValue, task: things.task, raters: [], className: nil,
                    figure: figure, pairs: kind)
            }
        }
    }
}

extension AgreeingPairs {
    fileprivate static func += (sum: inout AgreeingPairs, more: AgreeingPairs) {
        sum.units += more.units
        sum.agreeing += more.agreeing
    }
}

extension QualityRow {
    /// The same figure, of pairs of this kind alone.
    func of(_ kind: PairKind) -> QualityRow {
        var row = self
        row.pairs = kind
        return row
    }
}

extension QualityLabels {
    /// How many logs hold labels or examinations.
    fileprivate var logCount: Int {
        awareness.reduce(into: Set<Int>()) { logs, next in
            for (log, _) in next.first { logs.insert(log) }
        }.count
    }
}

/// What the raters of one item knew, item after item.
///
/// Labels of one changeset have one awareness: so it is found out once whether that of one had seen that of another.
private struct WordsOfItem {
    private let labels: QualityLabels
    private let task: QualityTask
    private var item: Int32 = -1
    private var words: [Word] = []
    private var known: [Int64: Bool] = [:]

    /// How many pairs of changesets are remembered: some 16 bytes each.
    private static let knownMax = 1 << 18

    /// What one rater knew: by its labels of the task, else by any, else by its `examined`.
    private struct Word {
        let rater: Int32
        let isOfTask: Bool
        let place: Int32
        /// That of several changesets; nil where it is the one at `place`.
        var joined: Awareness?
    }

    init(_ labels: QualityLabels, _ task: QualityTask) { (self.labels, self.task) = (labels, task) }

    /// Goes to an item.
    mutating func look(at item: Int32) {
        if item == self.item { return }
        self.item = item
        words.removeAll(keepingCapacity: true)
        for isOfTask in [true, false] {
            for place in labels.range(of: item) {
                let label = labels.labels[place]
                if (labels.isWhole(label) == (task == .items)) == isOfTask {
                    add(label.rater, label.awareness, isOfTask)
                }
            }
        }
        for examination in labels.examinations(of: item)
        where examination.awareness >= 0 && word(examination.rater) == nil {
            words.append(
                Word(rater: examination.rater, isOfTask: false, place: examination.awareness))
        }
    }

    private func word(_ rater: Int32) -> Int? { words.firstIndex { $0.rater == rater } }

    private mutating func add(_ rater: Int32, _ place: Int32, _ isOfTask: Bool) {
        guard let found = word(rater) else {
            words.append(Word(rater: rater, isOfTask: isOfTask, place: place))
            return
        }
        let word = words[found]
        guard word.isOfTask == isOfTask, word.place != place else { return }
        var joined = word.joined ?? labels.awareness[Int(word.place)]
        joined.join(labels.awareness[Int(place)])
        words[found].joined = joined
    }

    /// Whether each of two raters had seen what the other said; nil where one of them said nothing.
    mutating func saw(_ one: Int32, _ other: Int32) -> (Bool, Bool)? {
        guard let one = word(one), let other = word(other) else { return nil }
        return (saw(words[one], words[other]), saw(words[other], words[one]))
    }

    private mutating func saw(_ one: Word, _ other: Word) -> Bool {
        func awareness(_ word: Word) -> Awareness {
            word.joined ?? labels.awareness[Int(word.place)]
        }
        guard one.joined == nil, other.joined == nil else {
            return awareness(one).saw(awareness(other))
        }
        let key = Int64(one.place) << 32 | Int64(other.place)
        if let known = known[key] { return known }
        if known.count >= Self.knownMax { known.removeAll(keepingCapacity: true) }
        let found = awareness(one).saw(awareness(other))
        known[key] = found
        return found
    }
}
