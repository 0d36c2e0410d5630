import AnnotationModel

/// All that a log's verifier depends on.
struct LogVerifierKey: Hashable {
    let member: Origin
    let dataset: DatasetID
    /// Keys that the log has introduced.
    let keys: Int
    /// Entries of the steward's log that were folded.
    let governed: UInt64
    /// When a partner's root last changed, in seconds since 1970.
    let trusted: Double
}
