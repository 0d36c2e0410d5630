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
        /// The pinned root certificates, DER.
        public internal(set) var roots: [[UInt8]]

        /// A role from an index on.
        public struct Span: Sendable, Equatable {
            /// The first entry that has the role.
            public let fromIndex: UInt64
            /// The role.
            public let role: Role
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
    /// Which organisations' cosignatures make an entry a witnessed one; nil without a policy.
    public private(set) var witnessPolicy: WitnessRequirement?
    /// Who acts as the owner of what an ended log added: the next log, by the ended one.
    public private(set) var successors: [Origin: Origin] = [:]
    /// The members by origin, the steward not among them.
    public private(set) var members: [Origin: Member] = [:]
    /// True once the steward's log defined the dataset.
    public private(set) var isDefined = false

    /// Entries whose standing an act has changed: the log, and from which index on.
    public struct Change: Sendable, Equatable {
        /// The log concerned; nil means all (the policy moved).
        public let origin: Origin?
        /// The first entry concerned.
        public let fromIndex: UInt64
    }

    /// A dataset without any act.
    public init(steward: Origin) { self.steward = steward }

    /// Takes one act of the steward's log.
    ///
    /// - Returns: What stands differently now, if anything can.
    public mutating func apply(_ act: GovernanceAct) -> Change? {
        switch act {
        case .defineDataset(let title, let schema):
            if isDefined { return nil }
            (self.title, self.schema, isDefined) = (title, schema, true)
            return nil
        case .setSchema(let schema):
            self.schema = schema
            return nil
        case .setPolicy(let name):
            guard let policy = ResolutionPolicy(rawValue: name), policy != self.policy else {
                return nil
            }
            self.policy = policy
            return Change(origin: nil, fromIndex: 0)
        case .setMember(let origin, let role, let roots, let fromIndex):
            return setMember(origin, role, roots, fromIndex)
        case .cutLog(let origin, let index):
            guard origin != steward, members[origin] != nil else { return nil }
            let index = min(index, members[origin]?.cutIndex ?? index)
            members[origin]?.cutIndex = index
            return Change(origin: origin, fromIndex: index)
        case .setWitnessPolicy(let threshold, let witnesses):
            witnessPolicy = WitnessRequirement(threshold: threshold, witnesses: witnesses)
            return nil
        case .succeedLog(let origin, let successor): return succeed(origin, by: successor)
        case .release, .addKey, .retireKey, .countersign, .addWitness, .setAudience: return nil
        }
    }

    private mutating func succeed(_ origin: Origin, by successor: Origin) -> Change? {
        guard origin != steward, origin != successor, !isOwner(origin, of: successor) else {
            return nil
        }
        successors[origin] = successor
        // What the successor wrote may be an owner's word now, whenever it wrote it.
        return Change(origin: successor, fromIndex: 0)
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
    ) -> Change? {
        if origin == steward { return nil }
        var member = members[origin] ?? Member(spans: [], cutIndex: nil, roots: [])
        if !roots.isEmpty { member.roots = roots }
        member.spans.removeAll { $0.fromIndex >= fromIndex }
        member.spans.append(.init(fromIndex: fromIndex, role: role))
        var from = fromIndex
        // A member that is set again after a cut comes back from the index that the act names.
        if let cut = member.cutIndex {
            member.cutIndex = nil
            from = min(from, cut)
            if cut < fromIndex {
                member.spans.removeAll { $0.fromIndex >= cut && $0.fromIndex < fromIndex }
                member.gaps(from: cut, to: fromIndex)
            }
        }
        members[origin] = member
        return Change(origin: origin, fromIndex: from)
    }

    /// The role of a member's log at an index; nil where its entries do not count.
    public func role(of origin: Origin, at index: UInt64) -> Role? {
        if origin == steward { return .steward }
        guard let member = members[origin] else { return nil }
        if let cut = member.cutIndex, index >= cut { return nil }
        return member.spans.last { $0.fromIndex <= index }?.role
    }

    /// Why no entry of this log counts at an index; nil if it may.
    public func whyNotCounted(_ origin: Origin, at index: UInt64) -> NotCounted? {
        guard let role = role(of: origin, at: index) else {
            if let cut = members[origin]?.cutIndex, index >= cut { return .beyondCut }
            return .notMember
        }
        return role == .reader ? .readerRole : nil
    }
}

extension Membership.Member {
    /// Between a cut and a return nothing counts: a reader's span says so.
    fileprivate mutating func gaps(from cut: UInt64, to fromIndex: UInt64) {
        let position = spans.firstIndex { $0.fromIndex >= cut } ?? spans.endIndex
        spans.insert(.init(fromIndex: cut, role: .reader), at: position)
    }
}

/// How many of which organisations have to have cosigned a checkpoint before what it covers is called
/// witnessed.
public struct WitnessRequirement: Sendable, Equatable {
    /// The number of organisations.
    public let threshold: Int
    /// Those that are asked; none stand for all members.
    public let witnesses: [Origin]

    /// A requirement.
    public init(threshold: Int, witnesses: [Origin]) {
        (self.threshold, self.witnesses) = (threshold, witnesses)
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
