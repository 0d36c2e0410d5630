import AnnotationModel
import Provenance
import Signing
import TransparencyLog

/// The door through which entries come into a copy of a log: a batch under a signed checkpoint, all of it
/// or nothing.
///
/// It is used in this order: made when the log's lock is held; ``admit(_:verify:)`` for each piece as it
/// comes; ``conclude(size:root:)`` with the root over what was held and what came. Only then may anything be
/// published.
public struct Admission {
    /// Why a batch is refused.
    public enum Refusal: Error, Equatable, Sendable {
        /// This node's own log, to which nobody else adds.
        case ownLog
        /// The log signed two histories, and what they share is held.
        case forked(prefix: UInt64)
        /// The entries do not begin where the held ones end.
        case position(held: UInt64)
        /// The checkpoint covers another number of entries.
        case wrongCheckpoint(covers: UInt64, here: UInt64)
        /// No entry introduces the key that signs the log's checkpoints.
        case noLogKey
        /// The log introduces another key than the one pinned for the organisation.
        case otherLogKey
        /// Entries and checkpoint do not continue what is held: damage, or another history.
        case doesNotExtend(held: UInt64, size: UInt64)
    }

    /// What is known here of the log that the entries are meant for.
    public struct Situation: Sendable {
        /// This node's organisation.
        public let own: Origin
        /// The number of entries held.
        public let held: UInt64
        /// The smallest proven common prefix, if the log is known to have forked.
        public let forkedAt: UInt64?
        /// The log key that was pinned for the organisation, or this node's own for its own log.
        public let pinnedKey: [UInt8]?
        /// Whether a node takes its own entries back after it was restored from a backup.
        public let isTakingBack: Bool

        /// A situation.
        public init(
            own: Origin, held: UInt64, forkedAt: UInt64? = nil, pinnedKey: [UInt8]? = nil,
            isTakingBack: Bool = false
        ) {
            (self.own, self.held, self.forkedAt) = (own, held, forkedAt)
            (self.pinnedKey, self.isTakingBack) = (pinnedKey, isTakingBack)
        }
    }

    /// The number of entries held and admitted so far.
    public private(set) var size: UInt64
    /// The operations in the entries admitted so far.
    public private(set) var operations = 0
    /// What the log has introduced so far.
    public private(set) var verifier: LogVerifier
    /// Whether the entries admitted change who may read the log: their checkpoint is then kept, so that whoever is
    /// excluded can be served up to it.
    public var changesReaders: Bool { verifier.changesReaders }
    private let situation: Situation
    private let note: [UInt8]
    private let claimed: UInt64
    private var log: String { "\(verifier.member)/\(verifier.dataset)" }

    /// Opens the door, if anything may come through it.
    ///
    /// - Parameters:
    ///   - from: the index of the first entry that comes.
    ///   - checkpoint: the note that covers exactly what is held and what comes.
    ///   - verifier: knows the keys that the held entries introduced.
    /// - Throws: ``Refusal``, or ``TransparencyLogError`` for a checkpoint that is none.
    public init(
        from: UInt64, checkpoint: [UInt8], verifier: LogVerifier, situation: Situation
    ) throws {
        try Self.require(situation, of: verifier.member)
        guard from == situation.held else { throw Refusal.position(held: situation.held) }
        claimed = try Checkpoint(text: try SignedNote(checkpoint).text).size
        guard claimed >= from else {
            throw Refusal.wrongCheckpoint(covers: claimed, here: from)
        }
        (self.verifier, self.situation, note, size) = (verifier, situation, checkpoint, from)
        self.verifier.begin()
    }

    /// Throws where nothing of a member's log is taken, whatever comes.
    public static func require(_ situation: Situation, of member: Origin) throws(Refusal) {
        guard (member == situation.own) == situation.isTakingBack else { throw .ownLog }
        // Below the common prefix both histories are one: a node that lacks some of it takes either.
        if let forkedAt = situation.forkedAt, situation.held >= forkedAt {
            throw .forked(prefix: forkedAt)
        }
    }

    /// Admits the next entries, one after another.
    public mutating func admit(_ entries: [[UInt8]]) throws {
        let cose = COSEVerifier()
        try admit(entries.count) { from, verifier in
            var operations = 0
            for (position, entry) in entries.enumerated() {
                operations += try entry.withUnsafeBytes { bytes throws(ProvenanceError) in
                    try verifier.verify(bytes, index: from + UInt64(position), with: cose)
                        .operationCount
                }
            }
            return operations
        }
    }

    /// Admits the next entries as the caller verifies them, which may do so on all cores.
    ///
    /// - Parameters:
    ///   - count: how many there are.
    ///   - verify: verifies each of them with the verifier, which learns keys on the way; gets the index of the
    ///     first one and returns the number of operations.
    public mutating func admit(
        _ count: Int, verify: (_ from: UInt64, inout LogVerifier) throws -> Int
    ) throws {
        guard UInt64(count) <= claimed - size else {
            throw Refusal.wrongCheckpoint(covers: claimed, here: size + UInt64(count))
        }
        operations += try verify(size, &verifier)
        size += UInt64(count)
    }

    /// Decides whether what came may be published under its checkpoint.
    ///
    /// - Parameter root: the root over what was held and what came.
    /// - Returns: The checkpoint, whose signature holds.
    /// - Throws: ``Refusal``, or ``TransparencyLogError`` if the log's key did not sign the checkpoint.
    @discardableResult
    public func conclude(size: UInt64, root: Digest) throws -> Checkpoint {
        guard let logKey = verifier.logKey else { throw Refusal.noLogKey }
        if let pinned = situation.pinnedKey, pinned != logKey { throw Refusal.otherLogKey }
        let checkpoint = try Checkpoint.open(
            note, verifier: try NoteVerifier(name: log, publicKey: logKey), origin: log)
        guard checkpoint.size == size, size == self.size else {
            throw Refusal.wrongCheckpoint(covers: checkpoint.size, here: size)
        }
        guard checkpoint.root == root else {
            throw Refusal.doesNotExtend(held: situation.held, size: size)
        }
        return checkpoint
    }
}
