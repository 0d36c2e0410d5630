import AnnotationModel
import AnnotationStore
import CompanyHome
import Foundation
import PartnerNet
import Provenance

/// What an operator should know of one dataset beyond its labels.
public struct DatasetStanding: Sendable {
    /// A member and how it stands.
    public struct Member: Sendable {
        /// The organisation.
        public let org: Origin
        /// Its last role.
        public let role: Role
        /// The entry at which the steward has cut it; nil: it takes part.
        public let cutIndex: UInt64?
    }

    /// The members besides the steward.
    public var members: [Member] = []
    /// Who may read this organisation's own log, besides the steward; nil: all members.
    public var audience: [Origin]?
    /// Members whose log keys this node, as the steward, has still to name; until then nobody may cite them.
    public var unnamed: [Origin] = []
    /// What this organisation wrote and does not count.
    public var uncounted: [UncountedWrites] = []
    /// Entries and operations of all logs that are stored and do not count, readers' acts about their own logs
    /// left out: these take effect.
    public var notCounted = 0
    /// Own entries that are merged here and, as the steward says, do not count.
    public var beyondCut = 0
    /// Whether this organisation has left it.
    public var isLeft = false
    /// Entries of the own log that no other member is known to have merged.
    public var unshared: UInt64 = 0
}

extension Node {
    /// How a dataset stands.
    public func standing(of dataset: DatasetID) throws -> DatasetStanding {
        var standing = DatasetStanding()
        standing.uncounted = try uncountedWrites(dataset)
        standing.isLeft = try home.hasLeft(dataset)
        let state = try mergedState(dataset)
        standing.beyondCut =
            state.membership.members[home.origin]?.cutIndex == nil
            ? try writtenBeyondToldCut(dataset)?.entries ?? 0 : 0
        standing.notCounted =
            try state.counts.quarantined - store.actsOfReaders(state.logs.keys) + standing.beyondCut
        standing.members = state.membership.members.sorted { $0.key < $1.key }.map { org, member in
            .init(
                org: org, role: member.spans.last { $0.role != nil }?.role ?? .reader,
                cutIndex: member.cutIndex)
        }
        if let cut = try home.toldCut(dataset) {
            standing.members.removeAll { $0.org == home.origin }
            standing.members.append(.init(org: home.origin, role: .reader, cutIndex: cut))
        }
        if let own = state.progress(home.origin) {
            standing.audience = state.audiences[own.number]
            standing.unshared = own.stored - min(own.stored, own.citedSize)
        }
        if dataset.owner == home.origin { standing.unnamed = membersWithoutKey(state) }
        return standing
    }

    /// The free space of the home's disk, in bytes; nil where the system does not say.
    public func freeBytes() -> Int? { SpoolAccount.free(home.path) }

    /// What has to be free so that a node takes what partners bring.
    public static let headroomBytes = PartnerLimits.diskBytesLeft

    /// How many labels the dataset of a log has, retracted ones left out.
    func labelCount(of log: String) throws -> Int {
        let counts = try read(try Self.parts(of: log).dataset) { $0.state.counts }
        return counts.annotations - counts.retracted
    }
}
