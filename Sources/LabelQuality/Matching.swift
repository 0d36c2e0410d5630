/// One label with a place, as matching sees it.
public struct PlacedLabel: Sendable {
    /// Who labelled.
    public let rater: Int
    /// The class.
    public let category: Int
    /// Where.
    public let shape: Shape
    /// Decides between labels of one place: a number that means the same on every node.
    public let order: Int

    /// A label.
    public init(rater: Int, category: Int, shape: Shape, order: Int) {
        (self.rater, self.category, self.shape, self.order) = (rater, category, shape, order)
    }
}

/// Which labels of one item mean the same thing.
///
/// Of every two raters, labels are paired so that the sum of the overlaps is largest, among pairs that overlap by
/// the threshold or more. Pairs then join into units, the largest overlap first, where no rater comes twice.
/// Nothing depends on the order of labels or raters.
public struct Matching: Sendable {
    /// A pair of labels of two raters.
    public struct Pair: Sendable, Equatable {
        /// The places of the labels in the list that was given; the first is of the rater with the smaller number.
        public let one, other: Int
        /// How far they overlap.
        public let overlap: Double

        /// The same pair in a list of which the one that it was found in is a part.
        ///
        /// - Parameter places: Where each label of the part stands in the whole.
        public func moved(by places: [Int]) -> Pair {
            Pair(one: places[one], other: places[other], overlap: overlap)
        }
    }

    /// The optimal pairs of every two raters.
    public private(set) var pairs: [Pair] = []
    /// The labels of each unit, by their places in the list.
    public private(set) var units: [[Int]] = []
    /// True if more labels lay upon each other than are compared; then nothing is matched.
    public private(set) var isTooDense = false

    /// How many pairs of labels of one item are compared.
    public static let comparisonsMax = 4_000_000
    /// What two labels of one class have before those that overlap as far: too little to weigh against any overlap.
    static let sameClassBonus = 1e-9

    /// Matches the labels of one item.
    public init(_ labels: [PlacedLabel], threshold: Double) {
        let sorted = labels.indices.sorted { Self.precedes(labels[$0], labels[$1]) }
        var byRater: [Int: [Int]] = [:]
        for place in sorted { byRater[labels[place].rater, default: []].append(place) }
        let raters = byRater.keys.sorted()
        var comparisons = 0
        for (number, one) in raters.enumerated() {
            for other in raters[(number + 1)...] {
                guard
                    let found = Self.pairs(
                        labels, byRater[one] ?? [], byRater[other] ?? [], threshold, &comparisons)
                else {
                    (isTooDense, pairs) = (true, [])
                    units = sorted.map { [$0] }
                    return
                }
                pairs += found
            }
        }
        units = Self.units(labels, sorted, pairs)
    }

    private static func precedes(_ one: PlacedLabel, _ other: PlacedLabel) -> Bool {
        let (a, b) = (one.shape.edges, other.shape.edges)
        if a.left != b.left { return a.left < b.left }
        if a.top != b.top { return a.top < b.top }
        if a.right != b.right { return a.right < b.right }
        if a.bottom != b.bottom { return a.bottom < b.bottom }
        if one.category != other.category { return one.category < other.category }
        return one.order < other.order
    }

    /// The optimal pairs of two raters, whose labels ascend by their left edge; nil if there are too many to compare.
    private static func pairs(
        _ labels: [PlacedLabel], _ ones: [Int], _ others: [Int], _ threshold: Double,
        _ comparisons: inout Int
    ) -> [Pair]? {
        let lefts = others.map { labels[$0].shape.edges.left }
        let widest = others.reduce(0) {
            max($0, labels[$1].shape.edges.right - labels[$1].shape.edges.left)
        }
        var edges: [Assignment.Edge] = []
        for (row, place) in ones.enumerated() {
            let label = labels[place]
            let bounds = label.shape.edges
            var column = first(lefts, from: bounds.left - widest)
            while column < others.count, lefts[column] <= bounds.right {
                comparisons += 1
                if comparisons > comparisonsMax { return nil }
                let other = labels[others[column]]
                if bounds.meets(other.shape.edges) {
                    let overlap = label.shape.overlap(other.shape)
                    if overlap > 0, overlap >= threshold {
                        let bonus = label.category == other.category ? sameClassBonus : 0
                        edges.append(
                            .init(
                                one: Int32(row), other: Int32(column), weight: overlap + bonus))
                    }
                }
                column += 1
            }
        }
        return Assignment.best(edges, ones: ones.count, others: others.count).map { edge in
            let (one, other) = (ones[Int(edge.one)], others[Int(edge.other)])
            let isSame = labels[one].category == labels[other].category
            return Pair(
                one: one, other: other,
                overlap: min(1, edge.weight - (isSame ? sameClassBonus : 0)))
        }
    }

    /// The first place whose value is not smaller.
    private static func first(_ sorted: [Double], from value: Double) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func units(
        _ labels: [PlacedLabel], _ sorted: [Int], _ pairs: [Pair]
    ) -> [[Int]] {
        var rank = [Int](repeating: 0, count: labels.count)
        for (number, place) in sorted.enumerated() { rank[place] = number }
        // By how they lie, not by who labelled: of two raters every pair is a unit anyway.
        func key(_ pair: Pair) -> (Double, Int, Int) {
            let (one, other) = (rank[pair.one], rank[pair.other])
            return (-pair.overlap, min(one, other), max(one, other))
        }
        var groups = Groups(labels.count)
        var members: [Int: [Int]] = [:]
        for pair in pairs.sorted(by: { key($0) < key($1) }) {
            let (one, other) = (groups.root(pair.one), groups.root(pair.other))
            if one == other { continue }
            let (left, right) = (members[one] ?? [one], members[other] ?? [other])
            let raters = Set(left.map { labels[$0].rater })
            if right.contains(where: { raters.contains(labels[$0].rater) }) { continue }
            groups.join(one, other)
            (members[one], members[other]) = (nil, nil)
            members[groups.root(one)] = left + right
        }
        var units: [[Int]] = []
        var place: [Int: Int] = [:]
        for label in sorted {
            let root = groups.root(label)
            if let known = place[root] {
                units[known].append(label)
            } else {
                place[root] = units.count
                units.append([label])
            }
        }
        return units
    }
}
