import AnnotationModel
import Signing

/// An entry of a log on its way into the label set.
///
/// Only ``MergeDriver`` makes one, of a ``StoredChangeset``: the bytes passed every check of form, and the signature
/// held when the entry was stored.
public struct VerifiedChangeset {
    /// The local number of the log.
    public let log: Int
    /// The index in the log.
    public let index: UInt64
    /// The leaf hash.
    public let leafHash: Digest
    /// Seconds since 1970 as the signer claims.
    public let time: Int64
    /// The fingerprint of the signer's certificate; nil stands for a key without an end.
    public let signer: Digest?
    /// The payload.
    public let view: ChangesetView

    init(
        log: Int, index: UInt64, leafHash: Digest, time: Int64, signer: Digest? = nil,
        view: ChangesetView
    ) {
        self.log = log
        self.index = index
        self.leafHash = leafHash
        self.time = time
        self.signer = signer
        self.view = view
    }
}
