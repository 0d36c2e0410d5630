import AnnotationModel
import AnnotationStore
import DatasetQuality
import DatasetReading
import LabelExchange
import LabelQuality
import Provenance
import Signing

/// What the node knows of a release's labels, for those who have no node.
public struct ReleaseFacts {
    /// A name and how often it occurs.
    public struct Count: Sendable {
        /// The name.
        public let name: String
        /// How often.
        public let count: Int
    }

    /// The release.
    public let view: ReleaseView
    /// What it was recomputed to.
    public let check: ReleaseCheck
    /// The dataset's title at the release's heads.
    public let title: String
    /// Which of the dataset's releases it is, from 1 on.
    public let ordinal: Int
    /// The classes as the schema calls them, the most frequent first.
    public private(set) var classes: [Count] = []
    /// The companies whose labels it holds.
    public private(set) var companies: [Count] = []
    /// The people that are named as authors.
    public private(set) var authors: [Count] = []
    /// By what labels were made, as they say.
    public private(set) var sources: [Count] = []
    /// The companies that have examined items.
    public private(set) var examined: [Count] = []
    /// Labels of which something is contested.
    public private(set) var contested = 0
    /// Items with a label.
    public private(set) var labelledItems = 0
    /// The most labels of one item.
    public private(set) var labelsOfOneItem = 0
    /// When the first and the last label were signed, in seconds since 1970 as the signers claim.
    public private(set) var times: ClosedRange<Int64>?
    /// How far its companies agree.
    public let agreement: AgreementReport

    /// Goes through a release that is what its steward signed.
    init(_ node: Node, _ view: ReleaseView, _ check: ReleaseCheck, ordinal: Int) throws {
        (self.view, self.check, self.ordinal) = (view, check, ordinal)
        title = check.contents.title
        agreement = try check.contents.agreement(QualityQuestion(), digest: view.release.digest)
        try count(node)
    }

    private mutating func count(_ node: Node) throws {
        let contents = check.contents
        var (classes, companies) = (Tally(), Tally())
        var (authors, sources, examined, items) = (Tally(), Tally(), Tally(), Tally())
        var (contested, times) = (0, ClosedRange<Int64>?.none)
        let signers = try Signers(contents.node.merged(contents.dataset))
        try contents.forEachShownLabel { label, item, className in
            classes.add(className)
            companies.add(label.id.origin.description)
            items.add(item)
            let record = LabelRecord(label)
            if let author = record.author { authors.add(author) }
            sources.add(record.source ?? "not stated")
            if label.flags.isConflict { contested += 1 }
            guard let time = try signers.signer(of: label.id).time else { return }
            times = min(times?.lowerBound ?? time, time)...max(times?.upperBound ?? time, time)
        }
        try contents.forEachShownItem { item in
            for (name, value) in item.fields where value == .bool(true) {
                guard name.hasPrefix(Field.examinedPrefix) else { continue }
                examined.add(String(name.dropFirst(Field.examinedPrefix.count)))
            }
        }
        (self.contested, self.times) = (contested, times)
        (self.classes, self.companies) = (classes.counts, companies.counts)
        (self.authors, self.sources) = (authors.counts, sources.counts)
        self.examined = examined.counts
        (labelledItems, labelsOfOneItem) = (items.names, items.most)
    }

    /// The labels for each item, in words.
    public var labelsPerItem: String {
        let count = check.commitment.items
        if count == 0 { return "no items" }
        let mean = Double(check.commitment.labels) / Double(count)
        let rounded = (mean * 100).rounded() / 100
        return "\(rounded) on average over \(count) items, at most \(labelsOfOneItem); "
            + "\(count - min(count, labelledItems)) items without any"
    }

    /// A figure of all companies in words: with its interval and what it was made from, or why there is none.
    public static func words(_ row: QualityRow) -> String {
        let counts = row.figure.counts
        let of = "\(counts.items) items, \(counts.units) units, \(counts.judgements) judgements"
        guard let value = row.figure.value else {
            return
                "\(row.measure) of \(row.task.rawValue): \(row.figure.why?.words ?? "unknown") (\(of))"
        }
        let interval =
            row.figure.interval.map { " (95 % interval \(short($0.low)) to \(short($0.high)))" }
            ?? ""
        return "\(row.measure) of \(row.task.rawValue): \(short(value))\(interval), from \(of)"
    }

    /// A number with at most four digits behind the point.
    static func short(_ value: Double) -> String {
        let rounded = (value * 10_000).rounded() / 10_000
        return rounded == 0 ? "0.0" : "\(rounded)"
    }
}

/// How often names occur.
private struct Tally {
    private var byName: ByteMap<Int> = [:]
    var names: Int { byName.count }
    var most: Int { byName.map(\.value).max() ?? 0 }

    mutating func add(_ name: String) { byName[name, default: 0] += 1 }

    /// The most frequent first, of equal ones the one whose bytes are smaller.
    var counts: [ReleaseFacts.Count] {
        byName.map { ReleaseFacts.Count(name: $0.key, count: $0.value) }
            .sorted { ($1.count, ByteKey($0.name)) < ($0.count, ByteKey($1.name)) }
    }
}

extension Node {
    /// What is known of a release.
    ///
    /// - Throws: ``NodeError`` if it is not what its steward signed, or holds labels that are not shown here yet.
    public func facts(of name: String, in dataset: DatasetID) throws -> ReleaseFacts {
        let all = try releases(dataset)
        let view = try release(name, of: dataset)
        let check = try check(view.release, of: dataset)
        try requireRight(check, view.release)
        try requireShown(check.contents)
        let place = all.firstIndex { $0.release.name.hasSameBytes(as: name) } ?? 0
        return try ReleaseFacts(self, view, check, ordinal: place + 1)
    }
}

extension ReleaseContents {
    /// The dataset's title at the heads.
    var title: String { state.membership.title }

    /// Calls `body` with each label, the item that it is shown under and the class that its schema gives it.
    func forEachShownLabel(
        _ body: (_ label: LabelView, _ item: String, _ className: String) throws -> Void
    ) throws {
        let schema = DatasetSchema(text: self.schema)
        let same = SameItems(node.store, dataset)
        try forEachLabel { label in
            try body(label, try same.shown(label), schema.className(label.className))
        }
    }

    /// Calls `body` with each item that is shown under its own key.
    func forEachShownItem(_ body: (ItemRecord) throws -> Void) throws {
        let same = SameItems(node.store, dataset)
        try node.store.forEachItem(dataset, withoutExcluded: terms.isWithoutExcluded) { item in
            if try same.shown(item).hasSameBytes(as: item.key) { try body(item) }
        }
    }
}
