/// What a writer wrote, and what the format could not carry.
public struct ConversionReport: Hashable, Sendable {
    /// The items that were written.
    public internal(set) var items = 0
    /// The annotations that were written.
    public internal(set) var annotations = 0
    /// What was lost, in the order in which it was first met.
    public private(set) var losses: [Loss] = []
    private var indexByReason: [String: Int] = [:]

    /// One kind of loss.
    public struct Loss: Hashable, Sendable {
        /// What was lost and why, and what would keep it.
        public var why: String
        /// How many records it concerns.
        public var count: Int
        /// True if the records were left out; false if only a part of them was.
        public var isSkipped: Bool
        /// The first few, by item.
        public var examples: [String]
    }

    /// How many examples are kept of one kind of loss.
    public static let examplesMax = 5

    /// An empty report.
    public init() {}

    /// The number of records that were left out.
    public var skipped: Int { losses.reduce(0) { $0 + ($1.isSkipped ? $1.count : 0) } }

    /// Counts a record that was left out.
    mutating func skip(_ why: String, example: String) { add(why, true, example) }

    /// Counts a record of which a part was lost.
    mutating func lose(_ why: String, example: String) { add(why, false, example) }

    /// Adds the figures of a part.
    mutating func add(_ other: ConversionReport) {
        items += other.items
        annotations += other.annotations
        for loss in other.losses {
            for _ in 0..<loss.count { add(loss.why, loss.isSkipped, loss.examples.first ?? "") }
        }
    }

    private mutating func add(_ why: String, _ isSkipped: Bool, _ example: String) {
        guard let index = indexByReason[why] else {
            indexByReason[why] = losses.count
            losses.append(.init(why: why, count: 1, isSkipped: isSkipped, examples: [example]))
            return
        }
        losses[index].count += 1
        if losses[index].examples.count < Self.examplesMax,
            !losses[index].examples.contains(example)
        {
            losses[index].examples.append(example)
        }
    }
}
