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
    /// The heads that are still to be cited, the most important first.
    private var heads: [Head]
    /// Those that the changeset cites which is being filled.
    private var citing: [Head] = []
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
    mutating func introduce(_ acts: [Operation], sign: ([UInt8]) throws -> [UInt8]) throws {
        if acts.isEmpty { return }
        (citing, heads) = Changeset.split(heads)
        if let first = try filled(with: acts, orNil: !citing.isEmpty) {
            builder = first
            return
        }
        // Beside so many heads there is no room for them: they go first, in changesets that cite nothing.
        let waiting = citing + heads
        (citing, heads) = ([], [])
        for act in acts { _ = try append(act, sign: sign) }
        try close(sign)
        heads = waiting
    }

    /// Adds an operation; signs the changeset before it if that is full, or cites less than the operation needs.
    ///
    /// - Returns: Where the operation will stand.
    mutating func append(
        _ operation: Operation, sign: ([UInt8]) throws -> [UInt8]
    ) throws -> Slot {
        if builder != nil, !heads.isEmpty, let target = operation.target,
            heads.contains(where: { $0.origin == target.origin })
        {
            try close(sign)
        }
        // In place: a copy of the builder would copy its buffer for each operation.
        if try builder?.append(operation) != true {
            try close(sign)
            try begin(with: operation)
        }
        return Slot(entry: nextIndex, position: (builder?.count ?? 1) - 1)
    }

    /// Begins a changeset with an operation.
    ///
    /// What the operation speaks of is cited first, and as much of the rest as fits beside it: the remainder goes with
    /// the changesets that follow, or with the next write.
    private mutating func begin(with operation: Operation) throws {
        let steward = heads.first
        let target = operation.target.flatMap { target in
            heads.first { $0.origin == target.origin }
        }
        let needed = [steward, target == steward ? nil : target].compactMap { $0 }
        let all = needed + heads.filter { !needed.contains($0) }
        let fitting = Changeset.split(all)
        for (cited, rest) in [fitting, (needed, Array(all.dropFirst(needed.count)))] {
            (citing, heads) = (cited, rest)
            let isLast = cited.count == needed.count
            if let made = try filled(with: [operation], orNil: !isLast) {
                builder = made
                return
            }
        }
    }

    /// A changeset that cites what is to be cited and holds some operations; nil where they do not all fit.
    ///
    /// - Parameter orNil: Whether an operation that is too large beside the heads is one that does not fit.
    private func filled(with operations: [Operation], orNil: Bool) throws -> ChangesetBuilder? {
        var made = try newBuilder()
        for operation in operations {
            let fits: Bool
            do throws(AnnotationModelError) {
                fits = try made.append(operation)
            } catch {
                if orNil, case .limit = error { return nil }
                throw error
            }
            if !fits { return nil }
        }
        return made
    }

    private func newBuilder() throws -> ChangesetBuilder {
        try ChangesetBuilder(author: author, message: message, source: source, heads: citing)
    }

    /// Signs the changeset that is being filled.
    mutating func close(_ sign: ([UInt8]) throws -> [UInt8]) throws {
        guard let full = builder, full.count > 0 else { return }
        builder = nil
        let payload = try full.payload(heads: citing)
        // Whatever a command made of its input: what others would refuse is never signed. The log could not go on
        // behind it.
        try payload.withUnsafeBytes { try ChangesetView($0).check() }
        let entry = try sign(payload)
        citing = []
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
