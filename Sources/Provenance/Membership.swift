import AnnotationModel

/// Who may do what in one dataset: the fold of the steward's acts, in the order of its log.
///
/// Membership is not merged. One writer, one order; so every node that holds the steward's log decides
/// the same, whenever an entry claims to have been written.
public struct Membership: Sendable, Equatable {
    /// One member.
    public struct Member: Sendable, Equatable {
        /// From which index of the member's log on it has which role, ascending.
        public internal(set) var spans: [Span]
        /// Entries at and beyond this index do not count.
        public internal(set) var cutIndex: UInt64?
        /// The root certificates that the steward has ever named, DER: what was introduced under an old one stays
        /// checkable for a member that comes later.
        public internal(set) var roots: [[UInt8]]
        /// The keys of the member's checkpoints as the steward named them, ascending by its entries.
        public internal(set) var logKeys: [NamedKey] = []

        /// A log key, named by an entry of the steward's log.
        public struct NamedKey: Sendable, Equatable {
            /// The entry of the steward's log.
            public let entry: UInt64
            /// The Ed25519 public key, 32 bytes.
            public let key: [UInt8]
        }

        /// The key that the steward's first entries name; nil where they name none.
        public func logKey(within entries: UInt64) -> [UInt8]? {
            logKeys.last { $0.entry < entries }?.key
        }

        /// A role from an index on.
        public struct Span: Sendable, Equatable {
            /// The first entry that has the role.
            public let fromIndex: UInt64
            /// The role; nil between a cut and a return.
            public let role: Role?
        }
    }

    /// The organisation whose log governs the dataset.
    public let steward: Origin
    /// The dataset's title.
    public private(set) var title = ""
    /// The label schema, JSON text.
    public private(set) var schema = ""
    /// The rule that picks the value to show of a contested field.
    public private(set) var policy = ResolutionPolicy.causalHeight
    /// Whether companies are kept from seeing each other's labels of an item until they have examined it.
    public private(set) var isBlind = false
    /// Which organisations' cosignatures make an entry a witnessed one; nil without a policy.
    public private(set) var witnessPolicy: MemberQuorum?
    /// Which organisations have to countersign releases that are named from here on; nil without a policy.
    public private(set) var releasePolicy: MemberQuorum?
    /// Who acts as the owner of what an ended log added: the next log, by the ended one.
    public private(set) var successors: [Origin: Origin] = [:]
    /// The members by origin, the steward not among them.
    public private(set) var members: [Origin: Member] = [:]
    /// True once the steward's log defined the dataset.
    public private(set) var isDefined = false

    /// A dataset without any act.
    public init(steward: Origin) { self.steward = steward }

    /// Takes one act of the steward's log.
    ///
    /// Acts that name the steward's own log as a member change nothing.
    public mutating func apply(_ act: GovernanceAct, at entry: UInt64) {
        switch act {
        case .defineDataset(let title, let schema):
            if !isDefined { (self.title, self.schema, isDefined) = (title, schema, true) }
        case .setSchema(let schema): self.schema = schema
        case .setPolicy(let name):
            if let policy = ResolutionPolicy(rawValue: name) { self.policy = policy }
        case .setBlind(let isBlind): self.isBlind = isBlind
        case .setMember(let origin, let role, let roots, let logKey, let fromIndex):
            if origin == steward { return }
            setMember(origin, role, roots, fromIndex)
            if let logKey { name(logKey, of: origin, at: entry) }
        case .cutLog(let origin, let index):
            guard origin != steward, let member = members[origin] else { return }
            members[origin]?.cutIndex = min(index, member.cutIndex ?? index)
        case .setWitnessPolicy(let threshold, let witnesses):
            witnessPolicy = MemberQuorum(threshold: threshold, members: witnesses)
        case .setReleasePolicy(let threshold, let members):
            releasePolicy = MemberQuorum(threshold: threshold, members: members)
        case .succeedLog(let origin, let successor): succeed(origin, by: successor)
        case .release, .addKey, .retireKey, .countersign, .addWitness, .setAudience, .sealGold,
            .openGold:
            return
        }
    }

    private mutating func succeed(_ origin: Origin, by successor: Origin) {
        guard origin != steward, origin != successor, !isOwner(origin, of: successor) else {
            return
        }
        successors[origin] = successor
    }

    private mutating func name(_ key: [UInt8], of origin: Origin, at entry: UInt64) {
        if members[origin]?.logKeys.last?.key == key { return }
        members[origin]?.logKeys.append(.init(entry: entry, key: key))
    }

    /// True if an organisation is the owner of what a log added: the log's own, or its successor.
    public func isOwner(_ origin: Origin, of log: Origin) -> Bool {
        var owner = log
        // A succession never leads back, so the walk is as long as the map at most.
        while owner != origin {
            guard let next = successors[owner] else { return false }
            owner = next
        }
        return true
    }

    /// True if an organisation takes part in the dataset now.
    public func isMember(_ origin: Origin) -> Bool {
        origin == steward || members[origin].map { $0.cutIndex == nil } ?? false
    }

    private mutating func setMember(
        _ origin: Origin, _ role: Role, _ roots: [[UInt8]], _ fromIndex: UInt64
    ) {
        var member = members[origin] ?? Member(spans: [], cutIndex: nil, roots: [])
        for root in roots where !member.roots.contains(root) { member.roots.append(root) }
        member.spans.removeAll { $0.fromIndex >= fromIndex }
        // A member that is set again after a cut comes back from the index that the act names.
        if let cut = member.cutIndex {
            member.cutIndex = nil
            if cut < fromIndex {
                member.spans.removeAll { $0.fromIndex >= cut }
                member.spans.append(.init(fromIndex: cut, role: nil))
            }
        }
        member.spans.append(.init(fromIndex: fromIndex, role: role))
        members[origin] = member
    }

    /// The role of a member's log at an index; nil where its entries do not count.
    public func role(of origin: Origin, at index: UInt64) -> Role? {
        if origin == steward { return .steward }
        guard let member = members[origin] else { return nil }
        if let cut = member.cutIndex, index >= cut { return nil }
        return member.spans.last { $0.fromIndex <= index }.flatMap(\.role)
    }

    /// Why no entry of this log counts at an index; nil if it may.
    public func whyNotCounted(_ origin: Origin, at index: UInt64) -> NotCounted? {
        guard let role = role(of: origin, at: index) else {
            guard let member = members[origin] else { return .notMember }
            if let cut = member.cutIndex, index >= cut { return .beyondCut }
            let isGap = member.spans.last { $0.fromIndex <= index } != nil
            return isGap ? .beyondCut : .notMember
        }
        return role == .reader ? .readerRole : nil
    }

    /// True where a log may count otherwise from some entry on than under another fold.
    func differs(from other: Membership, for origin: Origin) -> Bool {
        members[origin]?.spans != other.members[origin]?.spans
            || members[origin]?.cutIndex != other.members[origin]?.cutIndex
    }
}

/// How many of which organisations are asked for: to have cosigned a checkpoint before what it covers is called
/// witnessed, or to have countersigned a release before it holds.
public struct MemberQuorum: Sendable, Equatable {
    /// The number of organisations.
    public let threshold: Int
    /// Those that are asked; none stand for all members.
    public let members: [Origin]

    /// A number of organisations, and which.
    public init(threshold: Int, members: [Origin]) {
        (self.threshold, self.members) = (threshold, members)
    }

    /// True if another one asks for as many of the same, in whatever order it names them.
    public func isSame(as other: MemberQuorum) -> Bool {
        threshold == other.threshold && Set(members) == Set(other.members)
    }

    /// Those of some organisations that are asked.
    public func asked(of organisations: [Origin]) -> [Origin] {
        members.isEmpty ? organisations : organisations.filter(members.contains)
    }
}

/// The steward's rule that picks one value of a contested field to show; the field stays contested.
public enum ResolutionPolicy: String, Sendable, CaseIterable {
    /// The larger causal height, then the smaller leaf hash.
    case causalHeight = "causal-height"
    /// The company that added the annotation, then as `causal-height`.
    case ownerDecides = "owner-decides"
    /// The higher role, then as `causal-height`.
    case roleRank = "role-rank"
}
