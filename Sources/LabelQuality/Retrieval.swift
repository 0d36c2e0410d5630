/// How well one rater's labels find another's: precision, recall, their harmonic mean, and the average precision.
///
/// The reference is one rater, not the truth. A label of the rater that is matched with one of the same class is
/// a hit; any other one is a false one, and a label of the reference that no hit belongs to is missed.
public struct Retrieval: Sendable {
    private struct Item {
        var hits = 0
        var claims = 0
        var wanted = 0
    }
    private struct Claim {
        let confidence: Double
        let isHit: Bool
    }

    private var items: [Item] = []
    private var claims: [Claim] = []
    private var lastItem = -1
    private var lacksConfidence = false

    /// Nothing yet.
    public init() {}

    private mutating func place(of item: Int) -> Int {
        if item != lastItem { items.append(Item()) }
        lastItem = item
        return items.count - 1
    }

    /// Notes that both have looked at an item, whether they found anything or not.
    ///
    /// - Parameter item: Never descending.
    public mutating func note(item: Int) { _ = place(of: item) }

    /// Adds a label of the rater.
    public mutating func claim(item: Int, isHit: Bool, confidence: Double?) {
        let place = place(of: item)
        items[place].claims += 1
        if isHit { items[place].hits += 1 }
        if let confidence, confidence.isFinite {
            claims.append(Claim(confidence: confidence, isHit: isHit))
        } else {
            lacksConfidence = true
        }
    }

    /// Adds a label of the reference.
    public mutating func want(item: Int) {
        let place = place(of: item)
        items[place].wanted += 1
    }

    /// The four figures.
    public struct Figures: Sendable, Equatable {
        /// Hits among what the rater labelled.
        public let precision: Figure
        /// Hits among what the reference labelled.
        public let recall: Figure
        /// The harmonic mean of the two.
        public let f1: Figure
        /// The precision at each confidence, weighted by how much the recall rises there.
        public let averagePrecision: Figure
    }

    /// The figures, with intervals of all but the average precision.
    public func figures(seed: [UInt8], label: String) -> Figures {
        let all = items.reduce(into: Item()) { Self.add($1, to: &$0) }
        let counts = Figure.Counts(
            items: items.count, units: all.claims + all.wanted - all.hits,
            judgements: all.claims + all.wanted)
        let measures = [Self.precision, Self.recall, Self.f1]
        let outcomes = measures.map { $0(all) }
        var resampled = [[Double]](repeating: [], count: measures.count)
        var resampling = Resampling(seed: seed, label: label, steps: items.count)
        if items.count > 1 {
            for _ in 0..<resampling.replicates {
                var drawn = Item()
                for _ in items.indices {
                    Self.add(items[resampling.next(below: items.count)], to: &drawn)
                }
                for (place, measure) in measures.enumerated() {
                    if let value = try? measure(drawn).get() { resampled[place].append(value) }
                }
            }
        }
        let figures = outcomes.enumerated().map { place, outcome in
            guard case .success = outcome else { return Figure(outcome, counts: counts) }
            return Figure(
                outcome,
                interval: Resampling.interval(resampled[place], tried: resampling.replicates),
                counts: counts)
        }
        return Figures(
            precision: figures[0], recall: figures[1], f1: figures[2],
            averagePrecision: Figure(averagePrecision(wanted: all.wanted), counts: counts))
    }

    private static func add(_ item: Item, to sum: inout Item) {
        sum.hits += item.hits
        sum.claims += item.claims
        sum.wanted += item.wanted
    }

    private static func precision(_ item: Item) -> Result<Double, Absence> {
        if item.claims == 0, item.wanted == 0 { return .failure(.nothingOnEitherSide) }
        if item.claims == 0 { return .failure(.nothingClaimed) }
        return .success(Double(item.hits) / Double(item.claims))
    }

    private static func recall(_ item: Item) -> Result<Double, Absence> {
        if item.claims == 0, item.wanted == 0 { return .failure(.nothingOnEitherSide) }
        if item.wanted == 0 { return .failure(.nothingToFind) }
        return .success(Double(item.hits) / Double(item.wanted))
    }

    private static func f1(_ item: Item) -> Result<Double, Absence> {
        if item.claims == 0, item.wanted == 0 { return .failure(.nothingOnEitherSide) }
        return .success(2 * Double(item.hits) / Double(item.claims + item.wanted))
    }

    /// Labels of one confidence come together, so that their order does not matter.
    private func averagePrecision(wanted: Int) -> Result<Double, Absence> {
        if claims.isEmpty, !lacksConfidence {
            return .failure(wanted == 0 ? .nothingOnEitherSide : .nothingClaimed)
        }
        if wanted == 0 { return .failure(.nothingToFind) }
        if lacksConfidence { return .failure(.noConfidences) }
        let sorted = claims.sorted { $0.confidence > $1.confidence }
        var (seen, hits, before, sum) = (0, 0, 0, 0.0)
        for (place, claim) in sorted.enumerated() {
            seen += 1
            if claim.isHit { hits += 1 }
            let isLast =
                place + 1 == sorted.count || sorted[place + 1].confidence != claim.confidence
            guard isLast else { continue }
            sum += Double(hits - before) / Double(wanted) * Double(hits) / Double(seen)
            before = hits
        }
        return .success(sum)
    }
}
