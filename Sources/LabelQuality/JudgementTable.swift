/// What raters said of units: flat arrays by unit, without an allocation for a judgement.
///
/// A unit is one thing that several raters may have judged: a whole item, or a place in it that their labels
/// share. Categories are small numbers in the caller's order. A rater who has not judged a unit has no entry
/// there: what is missing is missing, and never a category.
public struct JudgementTable: Sendable {
    /// Judgements in any order, before they are sorted into a table.
    public struct Entries: Sendable {
        var units: [Int32] = []
        var raters: [Int32] = []
        var categories: [Int32] = []

        /// Nothing yet.
        public init() {}

        /// The number of judgements.
        public var count: Int { units.count }

        /// Makes room for so many judgements.
        public mutating func reserveCapacity(_ count: Int) {
            units.reserveCapacity(count)
            raters.reserveCapacity(count)
            categories.reserveCapacity(count)
        }

        /// Gives each category the number that `places` has for it.
        public mutating func renumberCategories(_ places: [Int32]) {
            for place in categories.indices where places.indices.contains(Int(categories[place])) {
                categories[place] = places[Int(categories[place])]
            }
        }

        /// Adds one judgement.
        public mutating func append(unit: Int, rater: Int, category: Int) {
            units.append(Int32(clamping: unit))
            raters.append(Int32(clamping: rater))
            categories.append(Int32(clamping: category))
        }
    }

    /// How many raters are numbered, whether they judged anything or not.
    public let raterCount: Int
    /// How many categories are numbered, whether they occur or not.
    public let categoryCount: Int
    /// The number that each category stands for; empty where categories are names.
    public let values: [Double]
    /// How many items have a judged unit.
    public let itemCount: Int
    /// Where each unit's judgements begin, and at the end how many there are.
    let starts: [Int32]
    /// The rater of each judgement, ascending within a unit.
    let raters: [Int32]
    /// The category of each judgement.
    let categories: [Int32]
    /// The item of each unit; -1 where nobody judged the unit.
    let items: [Int32]

    /// Sorts judgements into a table.
    ///
    /// Of several judgements of one rater on one unit the smallest category is kept; what names a unit, a rater
    /// or a category that is not numbered is left out.
    ///
    /// - Parameter itemOfUnit: The item of each unit, never descending.
    public init(
        _ entries: Entries, itemOfUnit: [Int32], raterCount: Int, categoryCount: Int,
        values: [Double] = []
    ) {
        (self.raterCount, self.categoryCount, self.values) = (raterCount, categoryCount, values)
        let unitCount = itemOfUnit.count
        func isNumbered(_ place: Int) -> Bool {
            (0..<unitCount).contains(Int(entries.units[place]))
                && (0..<raterCount).contains(Int(entries.raters[place]))
                && (0..<categoryCount).contains(Int(entries.categories[place]))
        }
        var ends = [Int32](repeating: 0, count: unitCount + 1)
        for place in 0..<entries.count where isNumbered(place) {
            ends[Int(entries.units[place]) + 1] += 1
        }
        for unit in 0..<unitCount { ends[unit + 1] += ends[unit] }
        let total = Int(ends[unitCount])
        var raters = [Int32](repeating: 0, count: total)
        var categories = [Int32](repeating: 0, count: total)
        var next = ends
        for place in 0..<entries.count where isNumbered(place) {
            let unit = Int(entries.units[place])
            let slot = Int(next[unit])
            next[unit] += 1
            raters[slot] = entries.raters[place]
            categories[slot] = entries.categories[place]
        }
        starts = Self.sortWithinUnits(ends, &raters, &categories)
        (self.raters, self.categories) = (raters, categories)
        (items, itemCount) = Self.numbered(itemOfUnit, starts)
    }

    private init(
        _ table: JudgementTable, categories: [Int32], categoryCount: Int, values: [Double]
    ) {
        (raterCount, itemCount) = (table.raterCount, table.itemCount)
        (starts, raters, items) = (table.starts, table.raters, table.items)
        (self.categories, self.categoryCount, self.values) = (categories, categoryCount, values)
    }

    /// The table with the categories that occur alone, and which those are.
    func withOccurringCategories() -> (table: JudgementTable, categories: [Int]) {
        var numbers = [Int32](repeating: -1, count: categoryCount)
        for category in categories { numbers[Int(category)] = 0 }
        let occurring = numbers.indices.filter { numbers[$0] == 0 }
        if occurring.count == categoryCount { return (self, occurring) }
        for (number, category) in occurring.enumerated() { numbers[category] = Int32(number) }
        let table = JudgementTable(
            self, categories: categories.map { numbers[Int($0)] },
            categoryCount: occurring.count,
            values: values.isEmpty ? [] : occurring.map { values[$0] })
        return (table, occurring)
    }

    /// Sorts each unit's judgements by rater and category, and keeps one of each rater.
    private static func sortWithinUnits(
        _ starts: [Int32], _ raters: inout [Int32], _ categories: inout [Int32]
    ) -> [Int32] {
        var kept = starts
        var out = 0
        var order: [(rater: Int32, category: Int32)] = []
        for unit in 0..<(starts.count - 1) {
            let range = Int(starts[unit])..<Int(starts[unit + 1])
            kept[unit] = Int32(out)
            let isSorted = range.dropFirst().allSatisfy { raters[$0 - 1] < raters[$0] }
            if !isSorted {
                order.removeAll(keepingCapacity: true)
                for place in range { order.append((raters[place], categories[place])) }
                order.sort { $0 < $1 }
                for (offset, entry) in order.enumerated() {
                    raters[range.lowerBound + offset] = entry.rater
                    categories[range.lowerBound + offset] = entry.category
                }
            }
            for place in range {
                if place > range.lowerBound, raters[place] == raters[place - 1] { continue }
                // Nothing is written beyond what has been read.
                raters[out] = raters[place]
                categories[out] = categories[place]
                out += 1
            }
        }
        kept[starts.count - 1] = Int32(out)
        raters.removeLast(raters.count - out)
        categories.removeLast(categories.count - out)
        return kept
    }

    private static func numbered(
        _ itemOfUnit: [Int32], _ starts: [Int32]
    ) -> (items: [Int32], count: Int) {
        var items = [Int32](repeating: -1, count: itemOfUnit.count)
        var count = 0
        var last: Int32?
        for unit in itemOfUnit.indices where starts[unit] < starts[unit + 1] {
            if itemOfUnit[unit] != last { count += 1 }
            last = itemOfUnit[unit]
            items[unit] = Int32(count - 1)
        }
        return (items, count)
    }

    /// The number of units, judged or not.
    public var unitCount: Int { items.count }
    /// The number of judgements.
    public var judgementCount: Int { raters.count }

    /// How many judgements each rater made.
    public func judgementsByRater() -> [Int] {
        var counts = [Int](repeating: 0, count: raterCount)
        for rater in raters { counts[Int(rater)] += 1 }
        return counts
    }

    /// The judgements of one unit, by rater.
    public func judgements(of unit: Int) -> [(rater: Int, category: Int)] {
        (Int(starts[unit])..<Int(starts[unit + 1])).map {
            (Int(raters[$0]), Int(categories[$0]))
        }
    }
}
