import AnnotationModel
import Signing

/// Where the entries of a home's logs lie: the tables hold what was touched, the logs all else.
public protocol EntrySource: AnyObject {
    /// The bytes of an entry.
    ///
    /// - Parameter leaf: The leaf hash that the entry must have; nil for one that was compared just now.
    /// - Throws: ``AnnotationStoreError/unreadableEntry(log:index:why:)``.
    func entry(
        of log: Origin, in dataset: DatasetID, at index: UInt64, leaf: Digest?
    ) throws -> [UInt8]
}
