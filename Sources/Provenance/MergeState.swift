import AnnotationModel
import Signing
import TransparencyLog

/// The part of a merge's state that is not rows: small, kept in memory, saved with each batch.
public struct MergeState: Sendable, Equatable {
    /// The dataset.
    public let dataset: DatasetID
    /// The organisation whose node this is; nil for one that may read every log.
    public let reader: Origin?
    /// The logs by local number.
    public internal(set) var logs: [Int: LogProgress] = [:]
    /// What the acts of the stored entries come to.
    public private(set) var governance: Governance
    /// The sum over all rows.
    public internal(set) var sum = StateSum()
    /// The counts.
    public internal(set) var counts = LabelCounts()
    /// Set if something already applied stands differently now: the label set must be made anew.
    public internal(set) var needsRebuild: RebuildCause?
    private var numbers: [Origin: Int] = [:]
    private var acts: [Int: [NotedAct]] = [:]
    /// How many acts of each kind are kept, by log and code.
    private var actCounts: [Int: [Int: Int]] = [:]

    /// Who made it necessary to make the label set anew.
    public enum RebuildCause: Int, Sendable, Comparable {
        /// A member other than the steward: it has to wait for its turn, so that nobody keeps the others busy.
        case member = 1
        /// The steward, or this node itself.
        case steward = 2

        /// The steward's cause outranks a member's.
        public static func < (left: RebuildCause, right: RebuildCause) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    /// The state before anything.
    ///
    /// - Parameter reader: Whose node it is: logs that their owners keep from it are not waited for.
    public init(dataset: DatasetID, reader: Origin? = nil) {
        (self.dataset, self.reader) = (dataset, reader)
        governance = Governance(steward: dataset.owner)
    }

    /// Takes back what was saved.
    ///
    /// - Parameter acts: By log, each log's in the order of its entries.
    public init(
        dataset: DatasetID, reader: Origin?, logs: [LogProgress], acts: [Int: [NotedAct]],
        sum: StateSum, counts: LabelCounts, needsRebuild: RebuildCause?
    ) {
        self.init(dataset: dataset, reader: reader)
        for log in logs { add(log) }
        (self.sum, self.counts, self.needsRebuild) = (sum, counts, needsRebuild)
        for (log, list) in acts { keep(list, log: log) }
        fold()
    }

    /// This state, as far as the logs have come since.
    ///
    /// - Returns: Nil where other acts are in force than in this state: more of a log is stored, a fork was found, or
    ///   the logs are others.
    public func going(
        on logs: [LogProgress], sum: StateSum, counts: LabelCounts, needsRebuild: RebuildCause?
    ) -> MergeState? {
        guard logs.count == self.logs.count else { return nil }
        var state = self
        for log in logs {
            guard let known = self.logs[log.number], known.origin == log.origin,
                known.stored == log.stored, known.forkedAt == log.forkedAt
            else { return nil }
            if known != log { state.logs[log.number] = log }
        }
        (state.sum, state.counts, state.needsRebuild) = (sum, counts, needsRebuild)
        return state
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

    // MARK: Governance

    /// The fold of the steward's acts.
    public var membership: Membership { governance.membership }
    /// The chains of certificates (DER, leaf first) that the logs have introduced, by local number.
    public var chains: [Int: [[[UInt8]]]] { governance.chains }
    /// The public keys of the logs' checkpoints, by local number.
    public var logKeys: [Int: [UInt8]] { governance.logKeys }
    /// The keys with which organisations cosign, oldest first, by their logs' local numbers.
    public var witnessKeys: [Int: [[UInt8]]] { governance.witnessKeys }
    /// Who may read a log, where its owner has narrowed that, by local number.
    public var audiences: [Int: [Origin]] { governance.audiences }
    /// Entries of the steward's log that were folded.
    public var governed: UInt64 { progress(dataset.owner)?.stored ?? 0 }

    /// The standing of the signing keys that a log has introduced, by their certificates' fingerprints.
    public func keys(of log: Int) -> [Digest: SigningKeyStanding] { governance.keys[log] ?? [:] }

    /// Keeps acts of stored entries; they take effect with the next ``fold()``.
    ///
    /// - Returns: Those that are kept: of a kind as many as ``MemberLimits`` admits, and the first beyond.
    @discardableResult
    mutating func keep(_ noted: [NotedAct], log: Int) -> [NotedAct] {
        var kept: [NotedAct] = []
        for act in noted {
            if let max = MemberLimits.actsMax(act.act) {
                let count = actCounts[log]?[act.act.code] ?? 0
                if count > max { continue }
                actCounts[log, default: [:]][act.act.code] = count + 1
            }
            kept.append(act)
        }
        acts[log, default: []].append(contentsOf: kept)
        return kept
    }

    /// The acts of a log's stored entries, in their order.
    public func acts(of log: Int) -> [GovernanceAct] { acts[log]?.map(\.act) ?? [] }

    /// Takes note that a log's next entry waits for another log.
    public mutating func noteWait(of log: Int, for other: Int, size: UInt64, at time: Int64) {
        if let known = logs[log]?.waiting, known.log == other, known.size == size { return }
        logs[log]?.waiting = .init(log: other, size: size, since: time)
    }

    /// Folds the acts anew.
    mutating func fold() {
        governance = Governance(
            steward: dataset.owner, number: numbers[dataset.owner], acts: acts, logs: logs)
    }

    /// Asks for the label set to be made anew.
    mutating func askForRebuild(_ cause: RebuildCause) {
        needsRebuild = max(cause, needsRebuild ?? cause)
    }

    /// True if an organisation may read a log: a member, within the audience that the log's owner has set.
    public func mayRead(_ log: Origin, by reader: Origin) -> Bool {
        governance.mayRead(log, number: numbers[log], by: reader)
    }

    /// The entry of a log with the act since which it keeps an organisation out; nil if it does not.
    public func exclusion(of reader: Origin, from log: Origin) -> UInt64? {
        governance.exclusion(of: reader, from: log, number: numbers[log])
    }

    /// True if a log's own act, which is held here, keeps the log from this node.
    func isKeptFromReader(_ log: LogProgress) -> Bool {
        guard let reader else { return false }
        return governance.isExcluded(reader, from: log.origin, number: log.number)
    }

    // MARK: Standing

    /// Where a log ends for everybody: what the versions of a forked log share, or where the steward cut it.
    public func end(of log: LogProgress) -> UInt64? {
        guard let cut = membership.members[log.origin]?.cutIndex else { return log.forkedAt }
        return min(cut, log.forkedAt ?? cut)
    }

    /// How much of a log has to be applied before something that has merged `size` of its entries can be.
    ///
    /// What lies beyond the log's end counts for nobody, and what its owner keeps from this node never comes: neither
    /// is waited for.
    func required(_ size: UInt64, of log: LogProgress) -> UInt64 {
        var required = size
        if let end = end(of: log) { required = min(required, end) }
        if required > log.stored, isKeptFromReader(log) { required = log.stored }
        return required
    }

    /// Why an entry is not in standing; nil if it is.
    ///
    /// - Parameter isAct: Whether a member's act about its own log is judged, which a reader may make.
    func standing(
        of log: LogProgress, index: UInt64, signer: Digest?, time: Int64, isAct: Bool = false
    ) -> NotCounted? {
        governance.standing(of: log, index: index, signer: signer, time: time, isAct: isAct)
    }

    /// The log key that a head of an organisation's log has to be signed with, as far as an entry has merged the
    /// steward's log; nil for one that the steward had not named by then.
    public func logKey(of origin: Origin, named entries: UInt64) -> [UInt8]? {
        if origin == dataset.owner { return numbers[origin].flatMap { governance.logKeys[$0] } }
        return membership.members[origin]?.logKey(within: entries)
    }

    /// The dataset's state digest: SHA-256 over its name, the sum and the counts.
    public var digest: Digest {
        var hasher = SHA256Hasher()
        hasher.update(Array("countermark/state/v3\n\(dataset)\n".utf8))
        hasher.update(sum.digest)
        for count in [counts.items, counts.annotations] {
            hasher.update(withUnsafeBytes(of: UInt64(count).littleEndian) { Array($0) })
        }
        return hasher.finish()
    }

    /// All that the label set follows from; two nodes with the same mark must have the same digest.
    ///
    /// Its version moves with the digest's: nodes whose digests mean different things never compare them.
    ///
    /// SHA-256 over a line for each log, ascending by origin: `origin applied acts`, with ` fork` where evidence
    /// ends the log, and a line feed. `acts` is the number of acts in the stored entries, which are in force
    /// before their entries' turn comes.
    public var mark: Digest {
        var hasher = SHA256Hasher()
        hasher.update(Array("countermark/mark/v2\n\(dataset)\n".utf8))
        for log in logs.values.sorted(by: { $0.origin < $1.origin }) {
            let count = acts[log.number]?.count ?? 0
            if log.applied == 0, count == 0, log.forkedAt == nil { continue }
            let fork = log.forkedAt.map { " \($0)" } ?? ""
            hasher.update(Array("\(log.origin) \(log.applied) \(count)\(fork)\n".utf8))
        }
        return hasher.finish()
    }
}
