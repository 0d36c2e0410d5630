import AnnotationModel
import Signing

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
    /// The latest time that a counted entry of the steward's log claims, in Unix seconds.
    public internal(set) var governedTime: Int64 = .min
    /// The sum over all rows.
    public internal(set) var sum = StateSum()
    /// The counts.
    public internal(set) var counts = LabelCounts()
    /// True if something already applied stands differently now: the label set must be made anew.
    public internal(set) var needsRebuild = false
    private var numbers: [Origin: Int] = [:]

    /// The signing keys that the logs have introduced: chains of certificates (DER, leaf first), in
    /// the logs' order, by the logs' local numbers.
    public private(set) var chains: [Int: [[[UInt8]]]] = [:]
    /// The public keys of the logs' checkpoints, by the logs' local numbers.
    public private(set) var logKeys: [Int: [UInt8]] = [:]
    /// The keys with which organisations cosign, oldest first, by their logs' local numbers.
    public private(set) var witnessKeys: [Int: [[UInt8]]] = [:]
    /// Who may read a log, where its owner has narrowed that, by the logs' local numbers.
    public private(set) var audiences: [Int: [Origin]] = [:]
    /// The soonest end of a certificate that the steward's log has not passed.
    private var soonestEnd: Int64 = .max
    /// What the steward has retired in whichever log, by the certificates' fingerprints.
    private var stewardsRetirements: [Digest: UInt64] = [:]

    /// The state before anything.
    public init(dataset: DatasetID) {
        self.dataset = dataset
        membership = Membership(steward: dataset.owner)
    }

    /// Takes back what was saved.
    public init(
        dataset: DatasetID, logs: [LogProgress], governedTime: Int64, sum: StateSum,
        counts: LabelCounts, needsRebuild: Bool
    ) {
        self.init(dataset: dataset)
        for log in logs { add(log) }
        self.governedTime = governedTime
        (self.sum, self.counts, self.needsRebuild) = (sum, counts, needsRebuild)
        findSoonestEnd()
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

    /// Takes note that a log signed two histories which share their first entries only.
    ///
    /// - Parameter prefix: The number of entries that they share, proven by evidence; the smallest counts.
    public mutating func noteFork(log number: Int, prefix: UInt64) {
        guard var log = logs[number], prefix < log.forkedAt ?? .max else { return }
        log.forkedAt = prefix
        logs[number] = log
        let isCited = logs.values.contains { ($0.cited[number]?.size ?? 0) > prefix }
        if isCited || max(log.stored, log.citedSize) > prefix { needsRebuild = true }
    }

    /// True if an organisation may read a log: a member, within the audience that the log's owner has set.
    public func mayRead(_ log: Origin, by reader: Origin) -> Bool {
        if reader == dataset.owner || reader == log { return true }
        guard membership.isMember(reader) else { return false }
        guard log != dataset.owner, let number = numbers[log], let audience = audiences[number]
        else { return true }
        return audience.contains { membership.isOwner(reader, of: $0) }
    }

    // MARK: Acts

    /// Takes the acts of the next entry of the steward's log, in its order.
    mutating func govern(_ acts: [GovernanceAct], entry index: UInt64) {
        guard index >= governed else { return }
        governed = index + 1
        for act in acts {
            if case .retireKey(let fingerprint, let from) = act {
                retire(fingerprint, at: from)
                continue
            }
            guard let change = membership.apply(act) else { continue }
            let isConcerned = logs.values.contains { log in
                (change.origin == nil || change.origin == log.origin)
                    && max(log.applied, log.stored, log.citedSize) > change.fromIndex
            }
            if isConcerned { needsRebuild = true }
        }
    }

    /// Takes back an act that was saved; unlike ``govern(_:entry:)`` it moves nothing.
    ///
    /// - Parameter isEffective: What ``Merge/note(_:)`` found when the act was stored.
    public mutating func restore(
        _ act: GovernanceAct, log: Int, entry index: UInt64, isEffective: Bool
    ) {
        introduce(act, log: log)
        let isStewards = logs[log]?.origin == dataset.owner
        if isStewards { governed = max(governed, index + 1) }
        guard isEffective else { return }
        keep(act, log: log)
        guard isStewards else { return }
        if case .retireKey(let fingerprint, let from) = act, let key = Digest(fingerprint) {
            stewardsRetirements[key] = min(from, stewardsRetirements[key] ?? from)
        }
        _ = membership.apply(act)
    }

    /// Takes note of a signing key, which has to be known even where its entry does not count: otherwise
    /// nobody could check the signatures.
    mutating func introduce(_ act: GovernanceAct, log number: Int) {
        guard case .addKey(let chain, let logKey) = act else { return }
        chains[number, default: []].append(chain)
        if let logKey, logKeys[number] == nil { logKeys[number] = logKey }
        // The verifier has read the certificate before the entry was stored.
        guard let first = chain.first, let leaf = try? Certificate(der: first),
            let log = logs[number], log.keys[leaf.fingerprint] == nil
        else { return }
        var standing = SigningKeyStanding(notBefore: leaf.notBefore, notAfter: leaf.notAfter)
        standing.retiredAt = stewardsRetirements[leaf.fingerprint]
        logs[number]?.keys[leaf.fingerprint] = standing
        if log.origin == dataset.owner { return }
        if standing.notAfter >= governedTime { soonestEnd = min(soonestEnd, standing.notAfter) }
        if log.citedSize > log.stored {
            // Citations that went by before the certificate was known are gone through again.
            needsRebuild = true
        } else if standing.notAfter < governedTime {
            // Nobody has cited what the key signs from here on, the steward least of all.
            logs[number]?.keys[leaf.fingerprint]?.closedSize = log.governedSize
        }
    }

    /// Takes an act that any member's log may hold.
    mutating func keep(_ act: GovernanceAct, log number: Int) {
        switch act {
        case .addWitness(let key):
            if witnessKeys[number]?.contains(key) != true {
                witnessKeys[number, default: []].append(key)
            }
        case .setAudience(let origins): audiences[number] = origins.isEmpty ? nil : origins
        case .retireKey(let fingerprint, let from) where logs[number]?.origin != dataset.owner:
            guard let key = Digest(fingerprint) else { return }
            retire(key, at: from, in: number)
        default: break
        }
    }

    /// Retires a key for the steward, in whichever log introduced it.
    private mutating func retire(_ fingerprint: [UInt8], at index: UInt64) {
        guard let key = Digest(fingerprint), index < stewardsRetirements[key] ?? .max else {
            return
        }
        stewardsRetirements[key] = index
        for (number, log) in logs where log.keys[key] != nil {
            retire(key, at: index, in: number)
            // Even a key that its own log retired earlier: that act may itself be spoiled by now.
            if max(log.applied, log.stored) > index { needsRebuild = true }
        }
    }

    private mutating func retire(_ key: Digest, at index: UInt64, in number: Int) {
        guard let log = logs[number], let standing = log.keys[key],
            index < standing.retiredAt ?? .max
        else { return }
        logs[number]?.keys[key]?.retiredAt = index
        if max(log.applied, log.stored) > index { needsRebuild = true }
    }

    // MARK: Standing and time

    /// Where a log ends for everybody: what the versions of a forked log share, or where the steward cut it.
    func end(of number: Int) -> UInt64? {
        guard let log = logs[number] else { return nil }
        guard let cut = membership.members[log.origin]?.cutIndex else { return log.forkedAt }
        return min(cut, log.forkedAt ?? cut)
    }

    /// Why an entry does not count, whatever its context and its certificate's end say; nil if it may.
    ///
    /// - Parameter isAct: Whether a member's act about its own log is judged, which a reader may make.
    func standing(
        of log: LogProgress, index: UInt64, signer: Digest?, time: Int64, isAct: Bool = false
    ) -> NotCounted? {
        if let forkedAt = log.forkedAt, index >= forkedAt { return .forked }
        if let why = membership.whyNotCounted(log.origin, at: index),
            !(isAct && why == .readerRole)
        {
            return why
        }
        return signer.flatMap { log.keys[$0] }?.whyNotCounted(index: index, time: time)
    }

    /// True if the signer's certificate had expired before anybody else is known to have had the entry.
    func hasLapsed(_ log: LogProgress, index: UInt64, signer: Digest?) -> Bool {
        guard let lapsedAt = signer.flatMap({ log.keys[$0] })?.lapsedAt else { return false }
        return index >= lapsedAt
    }

    /// Takes note that a stored entry of one log cites another one up to a size, at a time.
    mutating func noteCitation(of number: Int, size: UInt64, time: Int64, isStewards: Bool) {
        guard let log = logs[number] else { return }
        if size > log.citedSize { logs[number]?.citedSize = size }
        if isStewards, size > log.governedSize { logs[number]?.governedSize = size }
        for (key, before) in log.keys where time <= before.notAfter && size > before.timelySize {
            var standing = before
            standing.timelySize = size
            logs[number]?.keys[key] = standing
            if let old = before.lapsedAt, old != standing.lapsedAt,
                max(log.applied, log.stored) > old
            {
                needsRebuild = true
            }
        }
    }

    /// Takes note of a time that the steward's log has reached: certificates that ended before it are
    /// expired from now on.
    mutating func noteTime(_ time: Int64) {
        guard time > governedTime else { return }
        governedTime = time
        guard time > soonestEnd else { return }
        for (number, log) in logs where log.origin != dataset.owner {
            for (key, before) in log.keys where before.closedSize == nil && before.notAfter < time {
                var standing = before
                standing.closedSize = log.governedSize
                logs[number]?.keys[key] = standing
                if let lapsedAt = standing.lapsedAt, max(log.applied, log.stored) > lapsedAt {
                    needsRebuild = true
                }
            }
        }
        findSoonestEnd()
    }

    private mutating func findSoonestEnd() {
        let owner = dataset.owner
        soonestEnd =
            logs.values.filter { $0.origin != owner }.flatMap { $0.keys.values }
            .filter { $0.closedSize == nil }.map(\.notAfter).min() ?? .max
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
