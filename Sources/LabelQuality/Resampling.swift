/// Resampling of items with replacement, the same on every machine for the same seed.
struct Resampling {
    /// How often items are drawn anew where that is cheap.
    static let replicatesMax = 1_000
    /// How often at least: fewer have no 2.5 % at either end.
    static let replicatesMin = 100
    /// How many judgements all resamplings together look at, before there are fewer of them: some
    /// tenths of a second.
    static let stepsMax = 40_000_000
    /// The share of resamplings that may have no number before there is no interval.
    static let undefinedShareMax = 0.5

    private var generator: SeededGenerator
    let replicates: Int

    /// - Parameter steps: How many judgements one resampling looks at.
    init(seed: [UInt8], label: String, steps: Int) {
        generator = SeededGenerator(seed: seed + [0] + Array(label.utf8))
        replicates = Self.replicates(steps: steps)
    }

    static func replicates(steps: Int) -> Int {
        min(replicatesMax, max(replicatesMin, stepsMax / max(1, steps)))
    }

    /// Draws as many items as there are, and counts how often each was drawn.
    mutating func draw(into weights: inout [Int32]) {
        let count = weights.count
        weights.withUnsafeMutableBufferPointer { weights in
            weights.update(repeating: 0)
            for _ in 0..<count { weights[generator.below(count)] += 1 }
        }
    }

    /// One item of so many.
    mutating func next(below count: Int) -> Int { generator.below(count) }

    /// The interval of the numbers that resamplings gave, of so many that were tried.
    static func interval(_ values: [Double], tried: Int) -> Figure.Interval? {
        guard !values.isEmpty, Double(values.count) >= Double(tried) * (1 - undefinedShareMax)
        else { return nil }
        let sorted = values.sorted()
        return .init(low: quantile(sorted, 0.025), high: quantile(sorted, 0.975))
    }

    /// A quantile of ascending numbers, linear between two of them.
    static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        let place = share * Double(sorted.count - 1)
        let low = Int(place)
        let high = min(low + 1, sorted.count - 1)
        return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
    }
}

/// xoshiro256** (Blackman and Vigna 2018), seeded through SplitMix64 from the FNV-1a hash of bytes.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// A generator whose numbers follow from the bytes.
    public init(seed: [UInt8]) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in seed { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        func next() -> UInt64 {
            hash &+= 0x9e37_79b9_7f4a_7c15
            var mixed = hash
            mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
            return mixed ^ mixed >> 31
        }
        state = (next(), next(), next(), next())
    }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        let turned = state.1 &* 5
        let result = (turned << 7 | turned >> 57) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = state.3 << 45 | state.3 >> 19
        return result
    }

    /// A number below a positive bound; the bias of 2^-32 at a billion is nobody's concern here.
    mutating func below(_ bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }
}
