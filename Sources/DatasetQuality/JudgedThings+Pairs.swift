import LabelQuality

extension JudgedThings {
    /// What the two raters of each chosen pair said.
    ///
    /// Of places, each pair of raters has its own best matching, whatever a third one marked.
    func forEachPair(
        _ wanted: [(one: Int, other: Int, units: Int)], _ labels: QualityLabels,
        isOfField: Bool, _ body: (RaterPair) -> Void
    ) {
        guard task == .places else { return table.forEachPair(wanted, body) }
        var pairs = wanted.map { RaterPair($0.one, $0.other, categoryCount: table.categoryCount) }
        var placeOf: [Int: Int] = [:]
        let raters = table.raterCount
        for (place, pair) in wanted.enumerated() {
            placeOf[pair.one * raters + pair.other] = place
        }
        forEachSaid(
            labels, isOfField: isOfField,
            where: { placeOf[Int($0) * raters + Int($1)] != nil }
        ) { item, one, other, said in
            guard let place = placeOf[one * raters + other] else { return }
            for (left, right) in said {
                pairs[place].append(item: Int(item), one: left, other: right)
            }
        }
        for pair in pairs { body(pair) }
    }

    /// What every two raters said of the things of each item, the items ascending.
    ///
    /// - Parameter isWanted: Of which two raters, the one with the smaller number first.
    func forEachSaid(
        _ labels: QualityLabels, isOfField: Bool, where isWanted: (Int32, Int32) -> Bool,
        _ body: (_ item: Int32, _ one: Int, _ other: Int, _ said: [(Int, Int)]) -> Void
    ) {
        guard task == .places else { return forEachSaidOfWholes(isWanted, body) }
        var nextMatch = 0
        labels.forEachItem { item, range in
            let first = nextMatch
            while nextMatch < matched.count, matched[nextMatch].item == item { nextMatch += 1 }
            let looked = looked(at: item)
            guard looked.count > 1 else { return }
            let mine = PairsOfItem(
                labels, range, categoryOfLabel, matched[first..<nextMatch],
                raters: table.raterCount)
            for (number, one) in zip(looked.indices, looked) {
                for other in looked[(number + 1)...] where isWanted(one, other) {
                    body(
                        item, Int(one), Int(other), mine.said(one, other, isOfField: isOfField))
                }
            }
        }
    }

    private func forEachSaidOfWholes(
        _ isWanted: (Int32, Int32) -> Bool,
        _ body: (_ item: Int32, _ one: Int, _ other: Int, _ said: [(Int, Int)]) -> Void
    ) {
        for unit in 0..<table.unitCount {
            let judgements = table.judgements(of: unit)
            for (number, one) in judgements.enumerated() {
                for other in judgements[(number + 1)...]
                where isWanted(Int32(one.rater), Int32(other.rater)) {
                    body(
                        itemOfUnit[unit], one.rater, other.rater,
                        [(one.category, other.category)])
                }
            }
        }
    }
}

/// The labels of places of one item, by rater, and who is matched with whom.
private struct PairsOfItem {
    private var byRater: [Int32: [Int32]] = [:]
    private var partner: [Int64: Int32] = [:]
    private let raters: Int
    private let categories: [Int32]

    init(
        _ labels: QualityLabels, _ range: Range<Int>, _ categories: [Int32],
        _ matched: ArraySlice<JudgedThings.Match>, raters: Int
    ) {
        (self.raters, self.categories) = (raters, categories)
        for place in range where !labels.isWhole(labels.labels[place]) {
            byRater[labels.labels[place].rater, default: []].append(Int32(place))
        }
        for match in matched {
            let (one, other) = (
                labels.labels[Int(match.one)].rater, labels.labels[Int(match.other)].rater
            )
            partner[key(match.one, other)] = match.other
            partner[key(match.other, one)] = match.one
        }
    }

    private func key(_ label: Int32, _ rater: Int32) -> Int64 {
        Int64(label) * Int64(raters) + Int64(rater)
    }

    /// What two raters said of each thing that either marked; of an item in which neither marked anything, nothing of
    /// nothing.
    func said(_ one: Int32, _ other: Int32, isOfField: Bool) -> [(Int, Int)] {
        var said: [(Int, Int)] = []
        let (ones, others) = (byRater[one] ?? [], byRater[other] ?? [])
        func category(_ label: Int32) -> Int { Int(categories[Int(label)]) }
        for label in ones {
            if let partner = partner[key(label, other)] {
                said.append((category(label), category(partner)))
            } else {
                said.append((category(label), isOfField ? -1 : Categories.nothing))
            }
        }
        for label in others where partner[key(label, one)] == nil {
            said.append((isOfField ? -1 : Categories.nothing, category(label)))
        }
        if ones.isEmpty, others.isEmpty, !isOfField {
            said.append((Categories.nothing, Categories.nothing))
        }
        return said.filter { $0.0 >= 0 && $0.1 >= 0 }
    }
}
