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
    private var parts: [PairKind: [Int: RaterPair]] = [.blind: [:], .informed: [:]]
    private var pools: [PairKind: Pool] = [.blind: Pool(), .informed: Pool()]
    private let raterCount: Int
    /// The pairs of raters that have figures of their own: the larger part of very many is not kept.
    private let wanted: Set<Int>

    /// Judgements of pairs as units of two raters, for figures of all of them.
    private struct Pool {
        var entries = JudgementTable.Entries()
        var itemOfUnit: [Int32] = []
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
        wanted = Set(pairs.map { $0.one * raters + $0.other })
        blind = Array(repeating: AgreeingPairs(), count: raters)
        informed = blind
        var words: (item: Int32, of: [Int32: Awareness]) = (-1, [:])
        var ranges: [Int32: Range<Int>] = [:]
        labels.forEachItem { ranges[$0] = $1 }
        things.forEachSaid(labels, isOfField: isOfField, where: { _, _ in true }) {
            item, one, other, said in
            if words.item != item {
                words = (item, labels.awareness(of: item, ranges[item] ?? 0..<0, things.task))
            }
            guard let a = words.of[Int32(one)], let b = words.of[Int32(other)] else { return }
            add(item, one, other, said, oneSaw: a.saw(b), otherSaw: b.saw(a), things)
        }
    }

    private mutating func add(
        _ item: Int32, _ one: Int, _ other: Int, _ said: [(Int, Int)], oneSaw: Bool, otherSaw: Bool,
        _ things: JudgedThings
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
        keep(said, of: one, other, item, kind, things)
        let known =
            (pools[.blind]?.itemOfUnit.count ?? 0) + (pools[.informed]?.itemOfUnit.count ?? 0)
        if known > Self.pairsMax { return }
        for (left, right) in said {
            let unit = pools[kind]?.itemOfUnit.count ?? 0
            pools[kind]?.itemOfUnit.append(item)
            pools[kind]?.entries.append(unit: unit, rater: one, category: left)
            pools[kind]?.entries.append(unit: unit, rater: other, category: right)
        }
    }

    private mutating func keep(
        _ said: [(Int, Int)], of one: Int, _ other: Int, _ item: Int32, _ kind: PairKind,
        _ things: JudgedThings
    ) {
        let key = one * raterCount + other
        guard wanted.contains(key) else { return }
        var pair =
            parts[kind]?.removeValue(forKey: key)
            ?? RaterPair(one, other, categoryCount: things.table.categoryCount)
        for (left, right) in said { pair.append(item: Int(item), one: left, other: right) }
        parts[kind]?[key] = pair
    }

    /// What two raters said where neither had seen the other's label, and where one had, as far as there is any.
    func parts(of one: Int, _ other: Int) -> [(kind: PairKind, said: RaterPair)] {
        PairKind.allCases.compactMap { kind in
            parts[kind]?[one * raterCount + other].map { (kind, $0) }
        }
    }

    /// The figures over the pairs of all raters.
    func rows(
        _ measures: [Measure], _ things: JudgedThings, _ labels: QualityLabels
    ) -> [QualityRow] {
        let wanted = measures.filter { $0 == .percent || $0 == .krippendorffAlpha }
        let total = pools.values.reduce(0) { $0 + $1.itemOfUnit.count }
        if total == 0 { return [] }
        return PairKind.allCases.flatMap { kind -> [QualityRow] in
            let pool = pools[kind] ?? Pool()
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
    var logCount: Int { Set(awareness.flatMap { $0.first.map(\.log) }).count }

    /// What each rater knew who has looked at an item: by its labels of the task, else by any, else by `examined`.
    fileprivate func awareness(
        of item: Int32, _ range: Range<Int>, _ task: QualityTask
    ) -> [Int32: Awareness] {
        var places: [Int32: [Bool: Set<Int32>]] = [:]
        for place in range {
            let label = labels[place]
            let isOfTask = (label.shape == nil) == (task == .items)
            places[label.rater, default: [:]][isOfTask, default: []].insert(label.awareness)
        }
        var found = places.compactMapValues { of -> Awareness? in
            joined(of[true] ?? of[false] ?? [])
        }
        for (rater, place) in awarenessOfExamined[item] ?? [:] where found[rater] == nil {
            found[rater] = awareness[Int(place)]
        }
        return found
    }

    private func joined(_ places: Set<Int32>) -> Awareness? {
        guard let first = places.first else { return nil }
        return places.dropFirst().reduce(into: awareness[Int(first)]) {
            $0.join(awareness[Int($1)])
        }
    }
}
