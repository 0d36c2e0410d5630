import LogStorage
import Signing
import TransparencyLog

/// The logs of one company as its nodes share them: rows that decide, and bytes that are checked.
public struct SharedLogStore: Sendable {
    /// The store's address, as it is shown.
    public let address: String
    /// The rows.
    public let table: any SharedLogTable
    /// The labels as rows for analysts; nil for a store that is no database.
    public let labelRows: LabelRows?
    private let objects: (any PartBytes)?

    /// The most parts that are listed at once.
    public static let partsPerPage = 1_000
    /// The most bytes that a part may have: several times what is written.
    private static let partBytesMax = 16 * EntryBatch.bytesPerPiece

    /// A store.
    ///
    /// - Parameter objects: Where bytes go; nil for the rows.
    public init(address: String, table: any SharedLogTable, objects: (any PartBytes)? = nil) {
        (self.address, self.table, self.objects) = (address, table, objects)
        labelRows = (table as? PostgresLogTable).map { LabelRows($0) }
    }

    private static func name(_ sha256: Digest) -> String { "parts/\(sha256.hex)" }

    // MARK: Writing

    /// Puts a log's entries into the store, from one size up to the reader's, under the reader's checkpoint.
    ///
    /// The bytes are there before the row moves, and the row is moved only from the size that is named: so of
    /// several nodes that write at once one succeeds, whatever each of them has signed before.
    ///
    /// - Parameters:
    ///   - isBound: Whether the last entry changes who may read the log.
    ///   - server: The server that has to answer still; nil for any.
    /// - Throws: ``LogMoved``, and nothing has changed; ``SharedStoreError``.
    public func append(
        _ log: String, from old: UInt64, _ reader: LogReader, isBound: Bool,
        on server: StoreServer? = nil
    ) throws {
        let head = SharedHead(log: log, size: reader.size, root: reader.statedRoot)
        var kept: [SharedPart] = []
        if let objects {
            // No transaction waits for an object store.
            try forEachPart(from: old, reader, isBound) { part, bytes in
                try objects.put(Self.name(part.sha256), bytes)
                kept.append(part)
            }
        }
        let isDone = try table.append(from: old, to: head, on: server) { put in
            for part in kept { try put(part, nil) }
            if objects == nil { try forEachPart(from: old, reader, isBound, put) }
        }
        if !isDone { throw LogMoved(log: log) }
    }

    private func forEachPart(
        from old: UInt64, _ reader: LogReader, _ isBound: Bool,
        _ body: (SharedPart, [UInt8]) throws -> Void
    ) throws {
        var first = old
        try reader.forEachBatch(from: old, to: reader.size) { batch in
            let isLast = first + UInt64(batch.count) == reader.size
            try body(
                SharedPart(
                    first: first, count: UInt64(batch.count),
                    sha256: SHA256Hasher.hash(batch.bytes),
                    checkpoint: isLast ? reader.checkpoint : [], isBound: isLast && isBound,
                    isObject: objects != nil), batch.bytes)
            first += UInt64(batch.count)
        }
    }

    // MARK: Reading

    /// Entries of a log under one checkpoint.
    public struct Stretch: Sendable {
        /// Where they lie.
        public fileprivate(set) var parts: [SharedPart] = []
        /// The checkpoint that covers the log up to the last of them.
        public var checkpoint: [UInt8] { parts.last?.checkpoint ?? [] }
        /// The size that the log has with them.
        public var end: UInt64 { parts.last?.end ?? 0 }
    }

    /// What there is of a log behind a size, cut where a checkpoint has to be kept by itself.
    ///
    /// - Throws: ``SharedStoreError/damaged(log:why:)`` where parts are missing.
    public func stretches(of log: String, from: UInt64, to end: UInt64) throws -> [Stretch] {
        var stretches: [Stretch] = []
        var open = Stretch()
        var next = from
        while next < end {
            let page = try table.parts(of: log, from: next)
            guard !page.isEmpty else {
                throw SharedStoreError.damaged(log: log, why: "entry \(next) is missing")
            }
            for part in page where next < end {
                guard part.count > 0, part.first <= next, part.end > next,
                    part.first == next || next == from
                else {
                    throw SharedStoreError.damaged(log: log, why: "entry \(next) is missing")
                }
                open.parts.append(part)
                next = part.end
                if part.isBound, !part.checkpoint.isEmpty {
                    stretches.append(open)
                    open = Stretch()
                }
            }
        }
        if !open.parts.isEmpty { stretches.append(open) }
        guard stretches.allSatisfy({ !$0.checkpoint.isEmpty }) else {
            throw SharedStoreError.damaged(log: log, why: "a checkpoint is missing")
        }
        return stretches
    }

    /// The entries of a part from one index on, compared with the part's hash.
    ///
    /// - Throws: ``SharedStoreError/damaged(log:why:)`` for other bytes than were put there.
    public func batch(_ part: SharedPart, of log: String, from: UInt64) throws -> EntryBatch {
        let what = "entries \(part.first) to \(part.end - 1)"
        guard let bytes = try bytes(part, of: log) else {
            throw SharedStoreError.damaged(log: log, why: "the bytes of \(what) are missing")
        }
        guard bytes.count <= Self.partBytesMax, SHA256Hasher.hash(bytes) == part.sha256 else {
            throw SharedStoreError.damaged(
                log: log, why: "\(what) have other bytes than were put there")
        }
        var batch = EntryBatch()
        var hasher = TreeHasher()
        var index = part.first
        do {
            try bytes.withUnsafeBytes { buffer in
                try EntryBundle.forEachEntry(buffer) { _, entry in
                    if index >= from { try batch.append(entry, leaf: hasher.leaf(entry)) }
                    index += 1
                }
            }
        } catch let error as TransparencyLogError {
            throw SharedStoreError.damaged(log: log, why: "\(what) are no entries: \(error)")
        }
        guard index == part.end else {
            throw SharedStoreError.damaged(
                log: log, why: "\(what) are \(index - part.first) entries")
        }
        return batch
    }

    private func bytes(_ part: SharedPart, of log: String) throws -> [UInt8]? {
        guard part.isObject else { return try table.bytes(of: log, first: part.first) }
        guard let objects else {
            throw SharedStoreError.damaged(
                log: log, why: "its bytes lie in an object store, which this home does not name")
        }
        return try objects.get(Self.name(part.sha256), atMost: Self.partBytesMax)
    }

    /// The root over all that a log has in the store, from the bytes.
    public func root(of log: String, size: UInt64) throws -> Digest {
        var range = CompactRange()
        var hasher = TreeHasher()
        for stretch in try stretches(of: log, from: 0, to: size) {
            for part in stretch.parts {
                range.append(
                    contentsOf: try batch(part, of: log, from: part.first).leaves, &hasher)
            }
        }
        return range.root(&hasher)
    }

    /// The head of one log; nil where there is none.
    public func head(of log: String) throws -> SharedHead? {
        try table.heads().first { $0.log == log }
    }
}

extension SharedLogStore: SharedWitness {
    /// The checkpoint that was cosigned last.
    public func latest(of log: String) throws -> [UInt8]? { try table.witnessed(log) }

    /// Moves it.
    public func move(
        _ log: String, from old: UInt64?, to size: UInt64, note: [UInt8]
    ) throws -> Bool {
        try table.moveWitness(log, from: old, to: size, note: note)
    }
}
