import AnnotationModel
import LogStorage
import Signing
import TransparencyLog

/// Changesets on their way into this organisation's own log: filled one after another, signed when
/// full, appended together.
struct OutgoingBatch {
    private let author: String?
    private let message: String?
    private let source: String?
    private var heads: [Head]
    private var builder: ChangesetBuilder?
    private var entries = EntryBatch()
    private var nextIndex: UInt64
    private var hasher = TreeHasherBox()

    /// Bytes of signed entries that are appended in one go.
    static let bytesPerCommit = 4 << 20

    init(
        firstIndex: UInt64, heads: [Head], author: String?, message: String?, source: String?
    ) {
        nextIndex = firstIndex
        (self.heads, self.author, self.message, self.source) = (heads, author, message, source)
    }

    /// True if it is time to append what is signed.
    var isLarge: Bool { entries.bytes.count >= Self.bytesPerCommit }

    /// Puts acts about keys in front of everything.
    mutating func introduce(_ acts: [Operation]) throws {
        if acts.isEmpty { return }
        var first = try newBuilder()
        for act in acts where try !first.append(act) {
            throw AnnotationModelError.limit(
                what: "the acts about keys of one changeset", value: acts.count,
                max: Changeset.payloadBytesMax)
        }
        builder = first
    }

    /// Adds an operation; signs the changeset before it if that is full.
    ///
    /// - Returns: Where the operation will stand.
    mutating func append(
        _ operation: Operation, sign: ([UInt8]) throws -> [UInt8]
    ) throws -> Slot {
        // In place: a copy of the builder would copy its buffer for each operation.
        if builder == nil { builder = try newBuilder() }
        if try builder?.append(operation) != true {
            try close(sign)
            builder = try newBuilder()
            guard try builder?.append(operation) == true else {
                throw AnnotationModelError.limit(
                    what: "the size of one operation", value: 0, max: Changeset.payloadBytesMax)
            }
        }
        return Slot(entry: nextIndex, position: (builder?.count ?? 1) - 1)
    }

    private func newBuilder() throws -> ChangesetBuilder {
        try ChangesetBuilder(
            author: author, message: message, source: source, heads: heads.count)
    }

    /// Signs the changeset that is being filled.
    mutating func close(_ sign: ([UInt8]) throws -> [UInt8]) throws {
        guard let full = builder, full.count > 0 else { return }
        builder = nil
        let payload = try full.payload(heads: heads)
        // Whatever a command made of its input: what others would refuse is never signed. The log could not go on
        // behind it.
        try payload.withUnsafeBytes { try ChangesetView($0).check() }
        let entry = try sign(payload)
        heads = []
        try entry.withUnsafeBytes { try entries.append($0, leaf: hasher.leaf($0)) }
        nextIndex += 1
    }

    /// The signed entries; the batch goes on behind them.
    mutating func takeEntries() -> EntryBatch {
        let taken = entries
        entries = EntryBatch()
        return taken
    }
}

/// A tree hasher that a copyable value can hold.
final class TreeHasherBox {
    private var hasher = TreeHasher()

    func leaf(_ entry: UnsafeRawBufferPointer) -> Digest { hasher.leaf(entry) }
}
