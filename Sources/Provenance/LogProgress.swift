import AnnotationModel
import Signing

/// How far one log of a dataset has come on this node.
public struct LogProgress: Sendable, Equatable {
    /// The log's local number, 1...32,767.
    public let number: Int
    /// The organisation whose log it is.
    public let origin: Origin
    /// Entries held in the log's folder; zero where the log is not held.
    public var stored: UInt64 = 0
    /// Entries merged into the label set.
    public var applied: UInt64 = 0
    /// The height of the last applied entry.
    public var height: Int64 = 0
    /// The accumulated heads that the log's author has cited, by the cited log's number.
    public var cited: [Int: CitedHead] = [:]
    /// True if an applied entry cited this log while it was not held.
    public var wasCitedWhileAbsent = false

    /// A head that an author cited.
    public struct CitedHead: Sendable, Equatable {
        /// The size.
        public var size: UInt64
        /// The root.
        public var root: Digest
        /// False until the root was compared and the context found to contain the cited entry's.
        public var isChecked: Bool

        /// A head as cited.
        public init(size: UInt64, root: Digest, isChecked: Bool) {
            (self.size, self.root, self.isChecked) = (size, root, isChecked)
        }
    }

    let tag: LogTag

    /// A log of which nothing is known yet.
    public init(number: Int, origin: Origin) {
        self.number = number
        self.origin = origin
        tag = LogTag(origin)
    }

    /// What the log's next entry has merged, its own log left out.
    var context: CausalContext {
        var context = CausalContext()
        for (log, head) in cited { context[log] = head.size }
        return context
    }
}

/// The part of a merge's state that is not rows: small, kept in memory, saved with each batch.
public struct MergeState: Sendable, Equatable {
    /// The dataset.
    public let dataset: DatasetID
    /// The logs by local number.
    public internal(set) var logs: [Int: LogProgress] = [:]
    /// The fold of the steward's acts.
    public internal(set) var membership: Membership
    /// Entries of the steward's log that the fold has seen.
    public internal(set) var governed: UInt64 = 0
    /// The sum over all rows.
    public internal(set) var sum = StateSum()
    /// The counts.
    public internal(set) var counts = LabelCounts()
    /// True if something already applied stands differently now: the label set must be made anew.
    public internal(set) var needsRebuild = false
    private var numbers: [Origin: Int] = [:]

    /// The state before anything.
    public init(dataset: DatasetID) {
        self.dataset = dataset
        membership = Membership(steward: dataset.owner)
    }

    /// Takes back what was saved.
    public init(
        dataset: DatasetID, logs: [LogProgress], sum: StateSum, counts: LabelCounts,
        needsRebuild: Bool
    ) {
        self.init(dataset: dataset)
        for log in logs { add(log) }
        (self.sum, self.counts, self.needsRebuild) = (sum, counts, needsRebuild)
    }

    /// The local number of an organisation's log.
    public func number(_ origin: Origin) -> Int? { numbers[origin] }

    /// The progress of an organisation's log.
    public func progress(_ origin: Origin) -> LogProgress? { numbers[origin].flatMap { logs[$0] } }

    /// Adds a log under its local number.
    public mutating func add(_ log: LogProgress) {
        logs[log.number] = log
        numbers[log.origin] = log.number
    }

    /// Takes note that more of a log is held now.
    public mutating func noteStored(_ number: Int, size: UInt64) {
        guard var log = logs[number] else { return }
        if size <= log.stored { return }
        if log.stored == 0, log.wasCitedWhileAbsent { needsRebuild = true }
        log.stored = size
        logs[number] = log
    }

    /// Takes the acts of the next entry of the steward's log, in its order.
    public mutating func govern(_ acts: [GovernanceAct], entry index: UInt64) {
        guard index >= governed else { return }
        governed = index + 1
        for act in acts {
            guard let change = membership.apply(act) else { continue }
            let concerned = logs.values.contains { log in
                (change.origin == nil || change.origin == log.origin)
                    && log.applied > change.fromIndex
            }
            if concerned { needsRebuild = true }
        }
    }

    /// Takes back an act that was saved; unlike ``govern(_:entry:)`` it moves nothing.
    public mutating func restore(_ act: GovernanceAct, log: Int, entry index: UInt64) {
        keep(act, log: log)
        guard logs[log]?.origin == dataset.owner else { return }
        governed = max(governed, index + 1)
        _ = membership.apply(act)
    }

    /// The signing keys that the logs have introduced: chains of certificates (DER, leaf first), in
    /// the logs' order, by the logs' local numbers.
    public private(set) var chains: [Int: [[[UInt8]]]] = [:]
    /// The public keys of the logs' checkpoints, by the logs' local numbers.
    public private(set) var logKeys: [Int: [UInt8]] = [:]

    /// Takes note of the keys that an act introduces.
    public mutating func keep(_ act: GovernanceAct, log: Int) {
        guard case .addKey(let chain, let logKey) = act else { return }
        chains[log, default: []].append(chain)
        if let logKey, logKeys[log] == nil { logKeys[log] = logKey }
    }

    /// The dataset's state digest: SHA-256 over its name, the sum and the counts.
    public var digest: Digest {
        var hasher = SHA256Hasher()
        hasher.update(Array("countermark/state/v1\n\(dataset)\n".utf8))
        hasher.update(sum.digest)
        for count in [counts.items, counts.annotations] {
            hasher.update(withUnsafeBytes(of: UInt64(count).littleEndian) { Array($0) })
        }
        return hasher.finish()
    }
}
