/// How often values of which size were seen.
struct Histogram: Sendable {
    /// The largest values of the buckets, ascending.
    let bounds: [Double]
    /// How many fell into each bucket; the last is for what is larger than all bounds.
    private var counts: [Int]
    /// Of all values together.
    private(set) var sum = 0.0

    /// For durations of work on this machine, in seconds.
    static let work = Histogram([
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600,
    ])
    /// For durations between companies, in seconds: from at once to a week.
    static let travel = Histogram([
        1, 2, 5, 10, 30, 60, 300, 1_800, 3_600, 21_600, 86_400, 604_800,
    ])

    init(_ bounds: [Double]) {
        (self.bounds, counts) = (bounds, Array(repeating: 0, count: bounds.count + 1))
    }

    /// How many values were seen.
    var count: Int { counts.reduce(0, +) }

    /// How many values were not larger than each bound; nil stands for no bound.
    var cumulative: [(bound: Double?, count: Int)] {
        var count = 0
        return zip(bounds.map(Optional.some) + [nil], counts).map { bound, more in
            count += more
            return (bound, count)
        }
    }

    /// Counts a value.
    mutating func note(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}
