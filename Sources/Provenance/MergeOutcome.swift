/// What became of an entry that was handed to the merge.
public enum MergeOutcome: Equatable, Sendable {
    /// It is part of the label set, or stands listed with the reason why not.
    case applied(NotCounted?)
    /// It has merged more of a log than is applied here: hand it in again when that log has come so far.
    case waiting(log: Int, size: UInt64)
}
