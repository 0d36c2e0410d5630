import Glibc
import Signing
import TransparencyLog

/// The last checkpoints of one own log that its key is known to have signed, kept apart from the log.
///
/// The log's folder can come back from a backup, or lose its checkpoint; then this record says how much was signed, and
/// nothing is signed that does not extend it. A file is named by the number of entries, so that a backup that is
/// copied over it does not replace it: `<size>.own` was signed here, `<size>.seen` was shown by somebody else.
/// `0.own` says that the first entry is about to be written.
public struct SignedHeads: Sendable {
    /// A checkpoint of the record.
    public struct Head: Sendable {
        /// The file.
        public let path: String
        /// The number of entries.
        public let size: UInt64
        /// The signed note; empty where only the file's name can be read.
        public let note: [UInt8]
        /// The root; nil where only the file's name can be read.
        public let root: Digest?
        /// False where it was shown by somebody else.
        public let isOwn: Bool
        /// False where the file's bytes are not those that were written.
        public let isWhole: Bool
        /// False for a file that was copied or restored.
        public let isInPlace: Bool
    }

    private enum Kind: String { case own, seen }

    private let folder: String

    /// The record in a folder, which is made with the first file.
    public init(folder: String) { self.folder = folder }

    /// All that is recorded, the largest last.
    ///
    /// - Throws: ``LogStorageError`` for a folder that cannot be read: that is not one in which nothing was recorded.
    public func all() throws(LogStorageError) -> [Head] {
        var heads: [Head] = []
        for name in try DurableFile.names(in: folder) {
            let parts = name.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 2, let size = UInt64(parts[0]),
                let kind = Kind(rawValue: String(parts[1])), String(size) == parts[0]
            else { continue }
            let found = try IdentifiedFile("\(folder)/\(name)").read()
            let note = found?.content ?? []
            let checkpoint = (try? SignedNote(note)).flatMap { try? Checkpoint(text: $0.text) }
            // A damaged file's name still tells how much was signed.
            let isRead = checkpoint?.size == size
            heads.append(
                Head(
                    path: "\(folder)/\(name)", size: size, note: isRead ? note : [],
                    root: isRead ? checkpoint?.root : nil,
                    isOwn: kind == .own, isWhole: found?.isWhole == true && (isRead || size == 0),
                    isInPlace: found?.isInPlace ?? false))
        }
        return heads.sorted { $0.size < $1.size }
    }

    /// Says that the first entry is about to be written: what then lies beside no checkpoint was never signed.
    public func begin() throws(LogStorageError) {
        if try DurableFile.isThere("\(folder)/0.\(Kind.own)") { return }
        try IdentifiedFile("\(folder)/0.\(Kind.own)").write([])
    }

    /// Records a checkpoint, durably, and forgets smaller ones of the same kind.
    ///
    /// - Parameter isOwn: Whether it was signed here.
    public func keep(_ note: [UInt8], size: UInt64, isOwn: Bool) throws(LogStorageError) {
        try prepare(note, size: size, isOwn: isOwn).commit()
    }

    /// Puts a checkpoint on the disk that is recorded only by ``Prepared/commit()``: what is out of room shows before
    /// anything is signed.
    public func prepare(
        _ note: [UInt8], size: UInt64, isOwn: Bool
    ) throws(LogStorageError) -> Prepared {
        let kind = isOwn ? Kind.own : Kind.seen
        let file = try IdentifiedFile("\(folder)/\(size).\(kind)").stage(note)
        return Prepared(folder: folder, file: file, size: size, suffix: ".\(kind)")
    }

    /// A checkpoint that is about to be recorded.
    public struct Prepared: Sendable {
        fileprivate let folder: String
        fileprivate let file: StagedFile
        fileprivate let size: UInt64
        fileprivate let suffix: String

        /// Records it.
        ///
        /// - Parameter isDurable: False where the checkpoint itself is durable in the log: a record that is lost with
        ///   the power says nothing that the log does not say, and after a new start nothing is signed before partners
        ///   were heard.
        public func commit(isDurable: Bool = true) throws(LogStorageError) {
            if isDurable { try file.commit() } else { try file.place() }
            for name in try DurableFile.names(in: folder) where name.hasSuffix(suffix) {
                if let other = UInt64(name.dropLast(suffix.count)), other < size {
                    let path = "\(folder)/\(name)"
                    _ = try FreedFiles.freeingLater(path) { () throws(LogStorageError) in
                        unlink(path)
                    }
                }
            }
        }

        /// Drops it.
        public func discard() { file.discard() }
    }
}
