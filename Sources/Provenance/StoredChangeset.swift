import AnnotationModel
import Signing

/// An entry as a node's own folder gives it back: it was verified before it was stored, and its bytes were compared
/// with the log's tree when they were read.
public struct StoredChangeset {
    /// The index in the log.
    public let index: UInt64
    /// The leaf hash.
    public let leafHash: Digest
    /// The length of the entry in bytes.
    public let byteCount: Int
    /// What it says; nil where it cannot be read as what the protocol says.
    public let content: Content?

    /// What an entry says.
    public struct Content {
        /// Seconds since 1970 as the signer claims; 0 where it claims none.
        public let time: Int64
        /// The fingerprint of the signer's certificate; nil stands for a key without an end.
        public let signer: Digest?
        /// The payload.
        public let view: ChangesetView
        private let knownActs: [(position: Int, act: GovernanceAct)]?

        /// What an entry says.
        ///
        /// - Parameter acts: Its governance acts with their positions; nil where nobody has looked for them.
        public init(
            time: Int64, signer: Digest?, view: ChangesetView,
            acts: [(position: Int, act: GovernanceAct)]? = nil
        ) {
            (self.time, self.signer, self.view, knownActs) = (time, signer, view, acts)
        }

        /// The governance acts with their positions.
        ///
        /// - Throws: ``AnnotationModelError`` for operations that cannot be read.
        public func acts() throws(AnnotationModelError) -> [(position: Int, act: GovernanceAct)] {
            if let knownActs { return knownActs }
            return try view.acts()
        }

        /// Whether it changes who may read the log.
        public func changesReaders() throws(AnnotationModelError) -> Bool {
            try acts().contains { if case .setAudience = $0.act { true } else { false } }
        }
    }

    /// An entry in memory, whose bytes stay as they are while it is in use.
    public init(_ entry: UnsafeRawBufferPointer, index: UInt64, leafHash: Digest) {
        (self.index, self.leafHash, byteCount) = (index, leafHash, entry.count)
        if let statement = try? COSESign1.parse(entry),
            let view = try? ChangesetView(statement.payload(in: entry))
        {
            content = Content(
                time: statement.issuedAt ?? 0, signer: statement.certificateThumbprint, view: view)
        } else {
            content = nil
        }
    }

    /// An entry whose payload is at hand without its envelope.
    public init(_ content: Content, index: UInt64, leafHash: Digest, byteCount: Int) {
        (self.index, self.leafHash) = (index, leafHash)
        (self.byteCount, self.content) = (byteCount, content)
    }
}

/// One log as far as it is held, as a merge reads it.
public protocol HeldEntries {
    /// The number of entries that are held.
    var size: UInt64 { get }

    /// Calls `body` with the entries from one index to another (exclusive) in their order; damage ends the walk.
    ///
    /// - Parameter body: Returns false to stop.
    /// - Throws: What `body` throws.
    func forEachStored(
        from: UInt64, to: UInt64, _ body: (StoredChangeset) throws -> Bool) throws
}
