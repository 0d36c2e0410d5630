import AnnotationModel

/// What a writer wrote, and what the format could not carry.
public struct ConversionReport: Hashable, Sendable {
    /// The items that were written.
    public internal(set) var items = 0
    /// The annotations that were written.
    public internal(set) var annotations = 0
    /// What was lost, in the order in which it was first met.
    public private(set) var losses: [Loss] = []
    private var indexByReason: ByteMap<Int> = [:]

    /// What a person should know of the export; nothing was lost by it.
    public private(set) var notes: [String] = []

    /// The items that could not be given a place of their own, each with why.
    public private(set) var leftOut: [LeftOut] = []

    /// What its labels may still imply.
    var frames = ExportBudget.frames
    var pixels = ExportBudget.pixels

    /// An item that has no place in the export.
    public struct LeftOut: Hashable, Sendable {
        /// The item's key.
        public var item: String
        /// Why it has none.
        public var why: String
    }

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

    /// The number of times that a part of a record was lost.
    public var poorer: Int { losses.reduce(0) { $0 + ($1.isSkipped ? 0 : $1.count) } }

    /// Says something that a person should know.
    mutating func note(_ what: String) {
        if !notes.contains(where: { $0.hasSameBytes(as: what) }) { notes.append(what) }
    }

    /// Counts a record that was left out.
    mutating func skip(_ why: String, example: String) { add(why, true, example) }

    /// Counts several records that were left out.
    mutating func skip(_ why: String, example: String, count: Int) {
        add(why, true, example, count: count)
    }

    /// Names an item that gets no place of its own, with the number of its labels that are left out.
    mutating func leaveOut(_ item: String, _ why: String, labels: Int) {
        leftOut.append(.init(item: item, why: why))
        skip("an item gets no place of its own here; it is named below", example: item)
        skip("the label's item gets no place of its own here", example: item, count: labels)
    }

    /// Counts a record of which a part was lost.
    mutating func lose(_ why: String, example: String, count: Int = 1) {
        add(why, false, example, count: count)
    }

    /// Adds the figures of a part.
    mutating func add(_ other: ConversionReport) {
        items += other.items
        annotations += other.annotations
        leftOut += other.leftOut
        for note in other.notes { self.note(note) }
        for loss in other.losses {
            add(loss.why, loss.isSkipped, loss.examples.first ?? "", count: loss.count)
            for example in loss.examples.dropFirst() {
                add(loss.why, loss.isSkipped, example, count: 0)
            }
        }
    }

    private mutating func add(
        _ why: String, _ isSkipped: Bool, _ example: String, count: Int = 1
    ) {
        guard let index = indexByReason[why] else {
            if count == 0 { return }
            indexByReason[why] = losses.count
            losses.append(
                .init(why: why, count: count, isSkipped: isSkipped, examples: [example]))
            return
        }
        losses[index].count += count
        if losses[index].examples.count < Self.examplesMax,
            !losses[index].examples.contains(where: { $0.hasSameBytes(as: example) })
        {
            losses[index].examples.append(example)
        }
    }
}
