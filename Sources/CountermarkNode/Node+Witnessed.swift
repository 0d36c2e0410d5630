import AnnotationModel
import CompanyHome
import LogStorage
import PlainErrors
import Provenance
import Signing
import TransparencyLog

/// How far witnesses have followed one log, for `status` and `show`.
public struct LogWitnessing: Sendable, Equatable {
    /// A witness and the largest tree that it has cosigned.
    public struct Witness: Sendable, Equatable {
        /// The organisation.
        public let org: String
        /// The number of entries.
        public let size: UInt64
        /// When, in seconds since 1970.
        public let time: Int64
    }

    /// The witnesses, by name.
    public let witnesses: [Witness]
    /// The number of entries that as many witnesses as the steward's policy asks for have cosigned; nil
    /// without a policy.
    public let witnessedSize: UInt64?
    /// How many witnesses the policy asks for; nil without a policy.
    public let required: Int?
    /// Those that the policy asks.
    fileprivate let asked: Set<String>

    /// How many witnesses have cosigned at least so many entries.
    public func count(covering size: UInt64) -> Int { witnesses.count { $0.size >= size } }

    /// The newest word of any witness, in seconds since 1970.
    public var newest: Int64? { witnesses.map(\.time).max() }

    /// The witnesses that have cosigned an entry.
    public func seen(_ index: UInt64) -> [Witness] { witnesses.filter { $0.size > index } }

    /// Whether an entry is witnessed as the policy asks; nil without a policy.
    public func isMet(_ index: UInt64) -> Bool? {
        required.map { required in seen(index).count { asked.contains($0.org) } >= required }
    }
}

extension Node {
    /// How far witnesses have followed a log.
    public func witnessing(of member: Origin, _ dataset: DatasetID) throws -> LogWitnessing {
        let set = CosignedCheckpoint.readable(directory: home.logFolder(member, dataset))
        let membership = try mergedState(dataset).membership
        let policy = membership.witnessPolicy
        var asked = policy?.members ?? []
        if asked.isEmpty {
            asked = [membership.steward] + membership.members.keys.filter(membership.isMember)
        }
        let names = Set(asked.filter { $0 != member }.map(\.description))
        return LogWitnessing(
            witnesses: set.witnesses.sorted { $0.key < $1.key }.map {
                .init(org: $0.key, size: $0.value.size, time: $0.value.time)
            },
            witnessedSize: policy.map { set.sizeCosigned(by: $0.threshold, of: names) },
            required: policy?.threshold, asked: names)
    }

    /// The steward's act that says how many of which organisations have to have cosigned.
    public func setWitnessPolicy(
        _ dataset: DatasetID, threshold: Int, witnesses: [Origin]
    ) throws {
        try requireSteward(dataset)
        try catchUp(dataset)
        let asked = MemberQuorum(threshold: threshold, members: witnesses)
        // A checkpoint has room for so many lines.
        let known = try requireReachable(
            asked, "witnesses", dataset, limit: CosignatureSet.linesMax)
        if known.witnessPolicy.map({ asked.isSame(as: $0) }) == true { return }
        try write(
            dataset,
            [.governance(.setWitnessPolicy(threshold: threshold, witnesses: witnesses))])
    }

    /// Throws for an organisation of which a dataset has neither a word nor a log: its name is misspelt.
    package func requireKnown(_ origin: Origin, in dataset: DatasetID) throws {
        if try logNames(dataset).values.contains(origin) { return }
        if try mergedState(dataset).membership.isMember(origin) { return }
        throw NodeError.notFound(
            "member", origin.description, hint: "see countermark dataset show \(dataset)")
    }

    /// Throws where a policy asks for more organisations than there are, or for some that are no members.
    ///
    /// - Returns: The membership as it is now.
    func requireReachable(
        _ asked: MemberQuorum, _ what: String, _ dataset: DatasetID, limit: Int
    ) throws -> Membership {
        let membership = try mergedState(dataset).membership
        for origin in asked.members where !membership.isMember(origin) {
            throw NodeError.notFound(
                "member", origin.description, hint: "see countermark dataset show \(dataset)")
        }
        let count = asked.members.isEmpty ? membership.members.count : asked.members.count
        guard (0...min(count, limit)).contains(asked.threshold) else {
            throw NodeError(
                .badThreshold, "\(asked.threshold) of \(count) \(what) cannot be reached",
                hint: "ask for as many as there are, or fewer")
        }
        return membership
    }
}
