/// Labels that a model's predictions speak against: confident learning (Northcutt, Jiang, Chuang 2021), as cleanlab's
/// `find_label_issues` with `filter_by="confident_learning"`, ranked by self-confidence.
public struct LabelErrors: Sendable {
    /// A label, and how probable each class is by a model.
    public struct Example: Sendable {
        /// The class that was given.
        public let given: Int
        /// How probable each class is, as many as there are; what is not finite counts 0.
        public let probabilities: [Double]

        /// A label with a prediction.
        public init(given: Int, probabilities: [Double]) {
            self.given = given
            self.probabilities = probabilities.map { $0.isFinite ? min(1, max(0, $0)) : 0 }
        }
    }

    /// A label that is probably wrong.
    public struct Candidate: Sendable, Equatable {
        /// Its place among the examples.
        public let example: Int
        /// How probable the given class is.
        public let selfConfidence: Double
        /// The class that it most probably is.
        public let suggested: Int
    }

    /// By class: how sure the model is on average where it was given; nil where it was not.
    public let thresholds: [Double?]
    /// The candidates, the least probable labels first.
    public let candidates: [Candidate]

    /// What cleanlab takes for equal.
    private static let tolerance = 1e-6

    /// Looks for candidates.
    ///
    /// - Parameter classCount: How many classes there are; examples of others are passed over.
    public init(_ examples: [Example], classCount: Int) {
        var sums = [Double](repeating: 0, count: classCount)
        var counts = [Int](repeating: 0, count: classCount)
        func isWhole(_ example: Example) -> Bool {
            (0..<classCount).contains(example.given) && example.probabilities.count == classCount
        }
        for example in examples where isWhole(example) {
            sums[example.given] += example.probabilities[example.given]
            counts[example.given] += 1
        }
        let thresholds = (0..<classCount).map { place -> Double? in
            counts[place] == 0
                ? nil : max(2 * Self.tolerance, sums[place] / Double(counts[place]))
        }
        var found: [Candidate] = []
        for (place, example) in examples.enumerated() where isWhole(example) {
            let predicted = Self.largest(example.probabilities)
            guard predicted != example.given,
                let guess = Self.guess(example, thresholds, predicted), guess != example.given
            else { continue }
            found.append(
                Candidate(
                    example: place, selfConfidence: example.probabilities[example.given],
                    suggested: guess))
        }
        self.thresholds = thresholds
        candidates = found.sorted {
            ($0.selfConfidence, $0.example) < ($1.selfConfidence, $1.example)
        }
    }

    /// The class of which the model is as sure as it is of those that have it; of several the most probable of all
    /// classes.
    private static func guess(
        _ example: Example, _ thresholds: [Double?], _ predicted: Int
    ) -> Int? {
        let confident = thresholds.indices.filter { place in
            thresholds[place].map { example.probabilities[place] >= $0 - tolerance } ?? false
        }
        return confident.count > 1 ? predicted : confident.first
    }

    private static func largest(_ values: [Double]) -> Int {
        var best = 0
        for place in values.indices where values[place] > values[best] { best = place }
        return best
    }
}
