/// What two raters said of the units that both have judged.
public struct RaterPair: Sendable {
    /// The two raters' numbers, the smaller one first.
    public let one, other: Int
    /// The number of categories.
    let categoryCount: Int
    /// The categories of both of each unit.
    private(set) var cells: [Cell] = []
    /// Where each item's units begin.
    private var itemStarts: [Int32] = []
    private var lastItem = -1

    struct Cell: Hashable, Sendable {
        let one, other: Int32
    }

    /// A pair of raters of whom nothing is known yet.
    public init(_ one: Int, _ other: Int, categoryCount: Int) {
        (self.one, self.other, self.categoryCount) = (one, other, categoryCount)
    }

    /// The number of units.
    public var unitCount: Int { cells.count }
    /// The number of items that they are of.
    public var itemCount: Int { itemStarts.count }

    /// Adds a unit that both have judged.
    ///
    /// - Parameter item: Its item, never descending and from 0 on.
    public mutating func append(item: Int, one: Int, other: Int) {
        if item != lastItem { itemStarts.append(Int32(cells.count)) }
        lastItem = item
        cells.append(Cell(one: Int32(one), other: Int32(other)))
    }

    /// How often the first rater said one category and the second another, by category.
    public var confusion: [(one: Int, other: Int, count: Int)] {
        var counts: [Cell: Int] = [:]
        for cell in cells { counts[cell, default: 0] += 1 }
        return counts.map { (Int($0.one), Int($0.other), $1) }.sorted {
            ($0.0, $0.1) < ($1.0, $1.1)
        }.map { (one: $0.0, other: $0.1, count: $0.2) }
    }

    // MARK: Measures

    /// The share of units in which both said the same, and Cohen's kappa; each with its interval.
    ///
    /// - Parameters:
    ///   - label: Tells the pair apart from others in the resampling: the raters' names.
    ///   - pairs: Of how many pairs figures are wanted: together they look at as much as one table does.
    public func figures(
        seed: [UInt8], label: String, among pairs: Int = 1
    ) -> (percent: Figure, cohenKappa: Figure) {
        let counts = Figure.Counts(
            items: itemCount, units: unitCount, judgements: 2 * unitCount)
        guard !cells.isEmpty else {
            let none = Figure(.failure(.noUnitJudgedTwice), counts: counts)
            return (none, none)
        }
        var margins = Margins(categoryCount)
        for cell in cells { margins.add(cell) }
        let outcomes = (margins.percent, margins.cohenKappa)
        var resampled: (percent: [Double], kappa: [Double]) = ([], [])
        var resampling = Resampling(
            seed: seed, label: label, steps: (unitCount + categoryCount) * max(1, pairs))
        if itemCount > 1 {
            var kinds = Kinds(cells, of: itemCount)
            for _ in 0..<resampling.replicates {
                margins.clear()
                if kinds?.draw(into: &margins, &resampling) == nil {
                    draw(into: &margins, &resampling)
                }
                if let value = try? margins.percent.get() { resampled.percent.append(value) }
                if let value = try? margins.cohenKappa.get() { resampled.kappa.append(value) }
            }
        }
        func figure(_ outcome: Result<Double, Absence>, _ values: [Double]) -> Figure {
            guard case .success = outcome else { return Figure(outcome, counts: counts) }
            return Figure(
                outcome, interval: Resampling.interval(values, tried: resampling.replicates),
                counts: counts)
        }
        return (figure(outcomes.0, resampled.percent), figure(outcomes.1, resampled.kappa))
    }

    /// Draws as many items as there are, and adds their units.
    private func draw(into margins: inout Margins, _ resampling: inout Resampling) {
        cells.withUnsafeBufferPointer { cells in
            itemStarts.withUnsafeBufferPointer { starts in
                for _ in 0..<starts.count {
                    let item = resampling.next(below: starts.count)
                    let end = item + 1 < starts.count ? Int(starts[item + 1]) : cells.count
                    for unit in Int(starts[item])..<end { margins.add(cells[unit]) }
                }
            }
        }
    }

    /// The different cells of units that are an item each, and which of them every item has: a byte for an item stays
    /// in the processor's cache, where draws go everywhere.
    private struct Kinds {
        private var kinds: [Cell] = []
        private var kindOfItem: [UInt8] = []
        private var tally: [Int]

        /// - Returns: Nil where items have several units, or units are of too many kinds.
        init?(_ cells: [Cell], of items: Int) {
            guard items == cells.count else { return nil }
            var numbers: [Cell: UInt8] = [:]
            kindOfItem.reserveCapacity(items)
            for cell in cells {
                if let known = numbers[cell] {
                    kindOfItem.append(known)
                    continue
                }
                guard kinds.count <= Int(UInt8.max) else { return nil }
                numbers[cell] = UInt8(kinds.count)
                kindOfItem.append(UInt8(kinds.count))
                kinds.append(cell)
            }
            tally = Array(repeating: 0, count: kinds.count)
        }

        /// Draws as many items as there are: the same ones as one by one.
        mutating func draw(into margins: inout Margins, _ resampling: inout Resampling) {
            kindOfItem.withUnsafeBufferPointer { items in
                tally.withUnsafeMutableBufferPointer { tally in
                    tally.update(repeating: 0)
                    for _ in 0..<items.count {
                        tally[Int(items[resampling.next(below: items.count)])] += 1
                    }
                }
            }
            for (kind, count) in zip(kinds, tally) where count > 0 { margins.add(kind, count) }
        }
    }

    /// How often each of the two said each category, and both the same.
    private struct Margins {
        var ones: [Int]
        var others: [Int]
        var agreeing = 0
        var total = 0

        init(_ categories: Int) {
            ones = Array(repeating: 0, count: categories)
            others = ones
        }

        mutating func clear() {
            for category in ones.indices { (ones[category], others[category]) = (0, 0) }
            (agreeing, total) = (0, 0)
        }

        mutating func add(_ cell: Cell, _ times: Int = 1) {
            ones[Int(cell.one)] += times
            others[Int(cell.other)] += times
            if cell.one == cell.other { agreeing += times }
            total += times
        }

        var percent: Result<Double, Absence> { .success(Double(agreeing) / Double(total)) }

        var cohenKappa: Result<Double, Absence> {
            let count = Double(total)
            var chance = 0.0
            for category in ones.indices where ones[category] > 0 {
                chance += Double(ones[category]) * Double(others[category])
            }
            // Chance alone agrees always only where both said one category, and the same one.
            guard chance < count * count else { return .failure(.oneCategory) }
            chance /= count * count
            return Figure.checked((Double(agreeing) / count - chance) / (1 - chance))
        }
    }
}

extension JudgementTable {
    /// The most raters of whom pairs are looked for: the counts of all pairs lie in memory.
    public static let pairedRatersMax = 2_000

    /// The pairs of raters that share units, those that share most first; ties by the raters' numbers.
    ///
    /// - Parameter limit: How many pairs at most.
    /// - Returns: The pairs' numbers and shared units, and how many there are in all; nil for more raters than
    ///   ``pairedRatersMax``.
    public func sharedUnits(
        limit: Int
    ) -> (pairs: [(one: Int, other: Int, units: Int)], total: Int)? {
        guard raterCount <= Self.pairedRatersMax else { return nil }
        var shared = [Int32](repeating: 0, count: raterCount * raterCount)
        for unit in 0..<unitCount {
            let range = Int(starts[unit])..<Int(starts[unit + 1])
            for one in range {
                let row = Int(raters[one]) * raterCount
                for other in (one + 1)..<max(one + 1, range.upperBound) {
                    shared[row + Int(raters[other])] += 1
                }
            }
        }
        var pairs: [(one: Int, other: Int, units: Int)] = []
        for (place, units) in shared.enumerated() where units > 0 {
            pairs.append((place / raterCount, place % raterCount, Int(units)))
        }
        let total = pairs.count
        pairs.sort { ($1.units, $0.one, $0.other) < ($0.units, $1.one, $1.other) }
        return (Array(pairs.prefix(limit)), total)
    }

    /// What two raters said of the units that both judged.
    public func pair(_ one: Int, _ other: Int) -> RaterPair {
        var pair = RaterPair(one, other, categoryCount: categoryCount)
        for unit in 0..<unitCount {
            var found: (Int32?, Int32?) = (nil, nil)
            for place in Int(starts[unit])..<Int(starts[unit + 1]) {
                if raters[place] == one { found.0 = categories[place] }
                if raters[place] == other { found.1 = categories[place] }
            }
            guard let first = found.0, let second = found.1 else { continue }
            pair.append(item: Int(items[unit]), one: Int(first), other: Int(second))
        }
        return pair
    }

    /// What the two raters of many pairs said, in one pass over the table.
    ///
    /// - Parameter body: Is called with each pair in their order.
    public func forEachPair(
        _ wanted: [(one: Int, other: Int, units: Int)], _ body: (RaterPair) throws -> Void
    ) rethrows {
        var first = 0
        while first < wanted.count {
            // As many at a time as keeps memory bounded, and one at least.
            var last = first
            var units = 0
            while last < wanted.count, last == first || units + wanted[last].units <= Self.blockMax
            {
                units += wanted[last].units
                last += 1
            }
            for pair in pairs(Array(wanted[first..<last])) { try body(pair) }
            first = last
        }
    }

    /// How many units of pairs lie in memory at once: 8 bytes each.
    static let blockMax = 1 << 20

    private func pairs(_ wanted: [(one: Int, other: Int, units: Int)]) -> [RaterPair] {
        var places: [Int: Int] = [:]
        for (place, pair) in wanted.enumerated() {
            places[pair.one * raterCount + pair.other] = place
        }
        var pairs = wanted.map { RaterPair($0.one, $0.other, categoryCount: categoryCount) }
        for unit in 0..<unitCount {
            let range = Int(starts[unit])..<Int(starts[unit + 1])
            for one in range {
                let row = Int(raters[one]) * raterCount
                for other in (one + 1)..<max(one + 1, range.upperBound) {
                    guard let place = places[row + Int(raters[other])] else { continue }
                    pairs[place].append(
                        item: Int(items[unit]), one: Int(categories[one]),
                        other: Int(categories[other]))
                }
            }
        }
        return pairs
    }
}
