import AnnotationModel
import Signing

/// What the acts of all stored entries come to: members, roles, keys, audiences.
///
/// It is folded from the acts alone, apart from labels: who is a member, what is cut and which keys hold are
/// known also where labels cannot be merged. The fold begins anew with each new act: acts are few, their number is
/// bounded for each member (``MemberLimits``), and so nothing depends on the order in which logs arrive.
public struct Governance: Sendable, Equatable {
    /// The fold of the steward's acts.
    public private(set) var membership: Membership
    /// The chains of certificates (DER, leaf first) that the logs have introduced, by the logs' local numbers.
    public private(set) var chains: [Int: [[[UInt8]]]] = [:]
    /// The public keys of the logs' checkpoints as the logs themselves introduce them.
    public private(set) var logKeys: [Int: [UInt8]] = [:]
    /// The keys with which organisations cosign, oldest first.
    public private(set) var witnessKeys: [Int: [[UInt8]]] = [:]
    /// Who may read a log, where its owner has narrowed that.
    public private(set) var audiences: [Int: [Origin]] = [:]
    /// The changes of a log's audience, by the entries that made them.
    private var audienceChanges: [Int: [AudienceChange]] = [:]
    /// The standing of the signing keys, by log and fingerprint.
    public private(set) var keys: [Int: [Digest: SigningKeyStanding]] = [:]
    /// The releases, in the order of the steward's log.
    public private(set) var releases: [Release] = []
    /// The sealed sets of gold items, in the order of the logs' local numbers and their entries.
    public private(set) var gold: [GoldSeal] = []
    /// Which digests logs have countersigned last, by the release's name and the log's local number.
    private var countersignatures: ByteMap<[Int: [UInt8]]> = [:]
    /// From where on acts of a kind are beyond ``MemberLimits`` and count for nothing, by log and code.
    private var beyondFrom: [Int: [Int: OperationKey]] = [:]

    private struct AudienceChange: Sendable, Equatable {
        let entry: UInt64
        let audience: [Origin]
    }

    /// Nothing but the steward.
    public init(steward: Origin) { membership = Membership(steward: steward) }

    /// Folds the acts of all logs.
    ///
    /// - Parameters:
    ///   - acts: By log, each log's in the order of its entries.
    ///   - steward: The local number of the steward's log; nil while it is not held.
    ///   - logs: The logs by local number: whose they are, and where a fork ends them.
    init(
        steward origin: Origin, number steward: Int?, acts: [Int: [NotedAct]],
        logs: [Int: LogProgress]
    ) {
        self.init(steward: origin)
        for (log, list) in acts { introduce(list, log) }
        // The steward's first: they decide what the members' acts are worth.
        if let steward, let list = acts[steward], let log = logs[steward] {
            for act in list { take(act, steward, log, isStewards: true) }
        }
        for (number, list) in acts.sorted(by: { $0.key < $1.key }) where number != steward {
            guard let log = logs[number] else { continue }
            for act in list { take(act, number, log, isStewards: false) }
        }
    }

    /// Keys are known whether or not their entry counts: otherwise nobody could check the signatures.
    private mutating func introduce(_ list: [NotedAct], _ log: Int) {
        var counts: [Int: Int] = [:]
        for noted in list {
            if let max = MemberLimits.actsMax(noted.act) {
                counts[noted.act.code, default: 0] += 1
                if counts[noted.act.code, default: 0] > max {
                    if beyondFrom[log]?[noted.act.code] == nil {
                        beyondFrom[log, default: [:]][noted.act.code] = noted.operation
                    }
                    continue
                }
            }
            guard case .addKey(let chain, let logKey) = noted.act else { continue }
            chains[log, default: []].append(chain)
            if let logKey, logKeys[log] == nil { logKeys[log] = logKey }
            guard let key = noted.introduced, keys[log]?[key.fingerprint] == nil else { continue }
            keys[log, default: [:]][key.fingerprint] = SigningKeyStanding(
                number: (keys[log]?.count ?? 0) + 1, notBefore: key.notBefore,
                notAfter: key.notAfter)
        }
    }

    /// Takes an act if its entry is in standing as far as the acts before it say.
    private mutating func take(
        _ noted: NotedAct, _ number: Int, _ log: LogProgress, isStewards: Bool
    ) {
        let index = noted.operation.slot.entry
        guard !isBeyondLimits(noted.act, at: noted.operation),
            standing(of: log, index: index, signer: noted.signer, time: noted.time, isAct: true)
                == nil
        else { return }
        switch noted.act {
        case .addWitness(let key):
            if witnessKeys[number]?.contains(key) != true {
                witnessKeys[number, default: []].append(key)
            }
        case .setAudience(let origins):
            audiences[number] = origins.isEmpty ? nil : origins
            audienceChanges[number, default: []].append(.init(entry: index, audience: origins))
        case .retireKey(let fingerprint, let from):
            guard let key = Digest(fingerprint) else { return }
            retire(key, at: from, by: number, isStewards: isStewards)
        case .countersign(let name, let digest):
            // The release itself is the steward's word.
            if !isStewards { countersignatures[name, default: [:]][number] = digest }
        case .sealGold(let name, let commitment): seal(name, commitment, noted, number)
        case .openGold(let set, let salt): open(set, salt, noted, number)
        case .release(let name, let digest, let heads, let terms):
            if isStewards { release(name, digest, heads, terms, at: noted) }
        default:
            if isStewards { membership.apply(noted.act, at: index) }
        }
    }

    /// The first release of a name holds: what was countersigned cannot become another one.
    private mutating func release(
        _ name: String, _ digest: [UInt8], _ heads: [TreeHead], _ terms: ReleaseTerms,
        at noted: NotedAct
    ) {
        let known = releases.firstIndex { $0.name.hasSameBytes(as: name) }
        if let reason = terms.withdrawal {
            guard let known, releases[known].digest == digest else { return }
            if releases[known].withdrawal == nil { releases[known].withdrawal = reason }
        } else if known == nil {
            releases.append(
                Release(
                    name: name, digest: digest, heads: heads, terms: terms,
                    operation: noted.operation, time: noted.time,
                    policy: membership.releasePolicy))
        }
    }

    /// The first seal of a name holds: what was sealed cannot become something else.
    private mutating func seal(
        _ name: String, _ commitment: [UInt8], _ noted: NotedAct, _ number: Int
    ) {
        if goldPlace(name, number) != nil { return }
        gold.append(
            GoldSeal(
                name: name, commitment: commitment, operation: noted.operation, time: noted.time))
    }

    private mutating func open(
        _ set: GoldSet, _ salt: [UInt8], _ noted: NotedAct, _ number: Int
    ) {
        guard let place = goldPlace(set.name, number) else { return }
        gold[place].openings.append(
            .init(operation: noted.operation, set: set, salt: salt, time: noted.time))
    }

    private func goldPlace(_ name: String, _ log: Int) -> Int? {
        gold.firstIndex { $0.operation.log == log && $0.name.hasSameBytes(as: name) }
    }

    /// The local numbers of the logs that have countersigned a release, ascending.
    public func countersigners(of release: Release) -> [Int] {
        (countersignatures[release.name] ?? [:]).filter { $0.value == release.digest }.keys
            .sorted()
    }

    /// The countersignatures in standing that are of no release: of a name that the steward has not given, or of
    /// another digest than the one that it has signed for the name; by log.
    public var strayCountersignatures: [Int: [String]] {
        let digests = ByteMap(
            releases.map { ($0.name, $0.digest) }, uniquingKeysWith: { first, _ in first })
        var found: [Int: [String]] = [:]
        for (name, byLog) in countersignatures {
            for (log, digest) in byLog where digests[name] != digest {
                found[log, default: []].append(name)
            }
        }
        return found
    }

    /// The steward retires keys in whichever log introduced them, and its last word holds; a member those of its own
    /// log, and its first word holds, so that nobody can move it again and again.
    private mutating func retire(
        _ key: Digest, at index: UInt64, by number: Int, isStewards: Bool
    ) {
        if isStewards {
            for log in Array(keys.keys) where keys[log]?[key] != nil {
                keys[log]?[key]?.retiredBySteward = index
            }
        } else if keys[number]?[key] != nil, keys[number]?[key]?.retiredByOwner == nil {
            keys[number]?[key]?.retiredByOwner = index
        }
    }

    /// True if a log's acts of a kind are too many from this one or an earlier one on.
    func isBeyondLimits(_ act: GovernanceAct, at operation: OperationKey) -> Bool {
        guard let first = beyondFrom[operation.log]?[act.code] else { return false }
        return operation >= first
    }

    // MARK: Judging

    /// Why an entry is not in standing; nil if it is.
    ///
    /// - Parameter isAct: Whether a member's act about its own log is judged, which a reader may make.
    public func standing(
        of log: LogProgress, index: UInt64, signer: Digest?, time: Int64, isAct: Bool = false
    ) -> NotCounted? {
        if let forkedAt = log.forkedAt, index >= forkedAt { return .forked }
        if let why = membership.whyNotCounted(log.origin, at: index),
            !(isAct && why == .readerRole)
        {
            return why
        }
        return signer.flatMap { keys[log.number]?[$0] }?.whyNotCounted(index: index, time: time)
    }

    /// True if an organisation may read a log: a member, within the audience that the log's owner has set.
    public func mayRead(_ log: Origin, number: Int?, by reader: Origin) -> Bool {
        if reader == membership.steward || reader == log { return true }
        guard membership.isMember(reader) else { return false }
        return !isExcluded(reader, from: log, number: number)
    }

    /// The entry of a log with the act since which it keeps an organisation out; nil if it does not.
    func exclusion(of reader: Origin, from log: Origin, number: Int?) -> UInt64? {
        guard let number, isExcluded(reader, from: log, number: number) else { return nil }
        var since: UInt64?
        for change in audienceChanges[number] ?? [] {
            let isIn =
                change.audience.isEmpty
                || change.audience.contains { membership.isOwner(reader, of: $0) }
            since = isIn ? nil : since ?? change.entry
        }
        return since
    }

    /// True if a log's own act keeps an organisation out.
    func isExcluded(_ reader: Origin, from log: Origin, number: Int?) -> Bool {
        if reader == membership.steward || reader == log || log == membership.steward {
            return false
        }
        guard let number, let audience = audiences[number] else { return false }
        return !audience.contains { membership.isOwner(reader, of: $0) }
    }
}
