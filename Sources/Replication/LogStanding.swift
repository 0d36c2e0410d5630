import Signing
import TransparencyLog

/// What a partner's checkpoint of a log is to the tree that is held here.
public enum LogStanding: Equatable, Sendable {
    /// The same tree.
    case same
    /// A beginning of the tree that is held: the partner lacks the rest.
    case behind(size: UInt64)
    /// A larger tree, of which the entries from the held size on may be fetched. Whether it continues the
    /// held one shows when they came.
    case ahead(from: UInt64)
    /// Another root at a size that is held: the log signed two histories, or the checkpoint is not
    /// the log's.
    case otherHistory

    /// Compares a checkpoint with what is held.
    ///
    /// - Parameters:
    ///   - theirs: the partner's checkpoint; its signature need not have been checked.
    ///   - held: the number of entries held.
    ///   - root: the root of the held tree at a size.
    public static func judge(
        _ theirs: Checkpoint, held: UInt64, root: (UInt64) throws -> Digest
    ) rethrows -> LogStanding {
        if theirs.size == 0 { return held == 0 ? .same : .behind(size: 0) }
        if theirs.size > held { return .ahead(from: held) }
        guard try root(theirs.size) == theirs.root else { return .otherHistory }
        return theirs.size == held ? .same : .behind(size: theirs.size)
    }
}

/// What is to be done about one log at a contact with a partner.
public enum LogStep: Equatable, Sendable {
    /// Nothing: both hold the same, or the log's fork is known.
    case rest
    /// Fetch the entries from this index on and admit them under the partner's checkpoint.
    case fetch(from: UInt64)
    /// Fetch this organisation's own entries back: the home was restored from a backup.
    case takeBack(from: UInt64)
    /// Give the partner the entries from this index on.
    case give(from: UInt64)
    /// Fetch hash tiles, and prove where the two histories part.
    case investigate

    /// Decides what to do.
    ///
    /// - Parameters:
    ///   - standing: what the partner's checkpoint is to the held tree.
    ///   - isOwn: whether the log is this organisation's own.
    ///   - held: the number of entries held.
    ///   - forkedAt: the smallest proven common prefix, if the log is known to have forked.
    public static func decide(
        _ standing: LogStanding, isOwn: Bool, held: UInt64, forkedAt: UInt64?
    ) -> LogStep {
        switch standing {
        case .same: return .rest
        case .otherHistory: return .investigate
        case .ahead(let from):
            // Of a forked log nothing more is taken; but this may be a third history, which parts earlier.
            if let forkedAt, held >= forkedAt { return .investigate }
            return isOwn ? .takeBack(from: from) : .fetch(from: from)
        case .behind(let size):
            if let forkedAt, size >= forkedAt { return .rest }
            // A partner that holds less of its own log was restored, and takes back what is given.
            return .give(from: size)
        }
    }
}
