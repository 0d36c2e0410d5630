import AnnotationModel
import AnnotationStore
import Foundation
import LogStorage
import Provenance
import Replication
import Signing
import TransparencyLog

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

/// One company's installation: its home, its logs and its label table, and the acts on them.
///
/// A node writes to its own logs alone. What it writes is signed, appended and durable before it is
/// merged into the label table, which can be made anew from the logs at any time.
public final class Node {
    /// The home.
    public let home: Home
    /// The derived label sets.
    public let store: LabelStore
    /// Whether a home that was copied or restored writes before a partner was asked.
    public var mayWriteUnchecked = false
    let now: () -> Int64
    private var knownWitness: Witness?
    private var signer: Signer?
    /// Certificates take longer to read than signatures to check.
    var verifiers: [LogVerifierKey: LogVerifier] = [:]
    static let verifiersMax = 256
    /// The forks proven by the evidence files of these names.
    var knownForks: (names: [String], forks: KnownForks)?

    /// What a partner is pushing to a serving node.
    let pushes = IncomingPushes()
    /// What is being fetched from a partner.
    let fetches = IncomingFetches()

    /// A person or tool whose certificate signs what this node writes; nil for the node's own.
    public var person: NodeIdentity?

    private struct Signer {
        let identity: NodeIdentity
        let logKey: SigningKey
    }

    /// How long a command waits for another process to finish its append.
    public static let lockTimeoutSeconds = 10.0
    /// Bytes of entries that are applied in one transaction: some seventy thousand labels, a fraction of a
    /// second in which other processes wait.
    static let bytesPerTransaction = 2 << 20

    /// Opens a home's node.
    ///
    /// - Parameter now: Seconds since 1970.
    public init(
        _ home: Home, now: @escaping () -> Int64 = { Int64(Date().timeIntervalSince1970) }
    ) throws {
        self.home = home
        self.now = now
        store = try LabelStore(path: home.path + "/state.sqlite")
    }

    /// A node over the same logs with an empty label table in memory.
    init(replaying other: Node) throws {
        home = other.home
        now = other.now
        store = try LabelStore(path: ":memory:")
    }

    private func signing() throws -> Signer {
        if let signer { return signer }
        let made = Signer(
            identity: try person ?? home.identity(), logKey: try home.logKey())
        signer = made
        return made
    }

    /// This organisation as a witness of its partners' logs.
    func witness() throws -> Witness {
        if let knownWitness { return knownWitness }
        let made = try Witness(name: home.origin.description, key: try home.witnessKey())
        knownWitness = made
        return made
    }

    // MARK: Writing

    /// Signs operations into this organisation's log of a dataset, and merges them.
    ///
    /// All or nothing: one checkpoint covers everything that `body` said, and if it throws, the log is as it was.
    ///
    /// - Parameter body: Hands operations over one by one; a bulk import never holds more than a few
    ///   changesets in memory. It gets the id that each operation will have.
    /// - Parameter citing: How much of each log the author knew, where that is less than all that is merged
    ///   here; nothing is cited backwards. It is asked when the log is locked and everything merged.
    /// - Returns: The number of changesets written.
    @discardableResult
    public func write(
        _ dataset: DatasetID, author: String? = nil, message: String? = nil, source: String? = nil,
        citing: () throws -> [Origin: UInt64]? = { nil },
        _ body: (_ append: (Operation) throws -> OperationID) throws -> Void
    ) throws -> Int {
        let writer = try LogWriter(
            directory: home.logFolder(home.origin, dataset),
            lockTimeoutSeconds: Self.lockTimeoutSeconds)
        defer { writer.close() }
        try requireAnchored()
        // Another process may have changed the key before it let go of the log.
        signer = nil
        try catchUp(dataset)
        var batch = OutgoingBatch(
            firstIndex: writer.size, heads: try headsToCite(dataset, citing()),
            author: author ?? person.map { NodeIdentity.name(of: $0.certificate) },
            message: message, source: source)
        try batch.introduce(try actsAboutKeys(dataset, index: writer.size))
        let before = writer.size
        do {
            try body { operation in
                let slot = try batch.append(operation) { try self.sign($0, dataset) }
                if batch.isLarge { try writer.stage(batch.takeEntries()) }
                return OperationID(origin: home.origin, slot: slot)
            }
            try batch.close { try self.sign($0, dataset) }
            try writer.stage(batch.takeEntries())
            try publish(writer, dataset)
        } catch {
            writer.discardStaged()
            throw error
        }
        try catchUp(dataset)
        return Int(writer.size - before)
    }

    /// Writes a few operations as one changeset.
    ///
    /// - Returns: Their ids.
    @discardableResult
    public func write(
        _ dataset: DatasetID, author: String? = nil, message: String? = nil,
        _ operations: [Operation]
    ) throws -> [OperationID] {
        var ids: [OperationID] = []
        try write(dataset, author: author, message: message) { append in
            for operation in operations { ids.append(try append(operation)) }
        }
        return ids
    }

    /// What the log has to say about keys before the next entry: the signer's certificate, if it is new
    /// there, and the keys of this node that it still knows as good and that are out of use.
    private func actsAboutKeys(_ dataset: DatasetID, index: UInt64) throws -> [Operation] {
        let signer = try signing()
        let known =
            index == 0 ? [:] : try read(dataset) { $0.state.progress(home.origin)?.keys ?? [:] }
        var acts: [Operation] = []
        if known[signer.identity.certificate.fingerprint] == nil {
            let logKey = index == 0 ? signer.logKey.verificationKey.ed25519Bytes : nil
            acts.append(
                .governance(.addKey(chain: signer.identity.chain.map(\.der), logKey: logKey)))
        }
        let present = try home.certificate().fingerprint
        for old in try home.retiredKeys()
        where old != present && known[old] != nil && known[old]?.retiredAt == nil {
            acts.append(.governance(.retireKey(fingerprint: old.bytes, index: index)))
        }
        let witness = try witness().verifier.publicKey
        let cosigning = try read(dataset) { merge in
            merge.state.number(home.origin).flatMap { merge.state.witnessKeys[$0] } ?? []
        }
        if !cosigning.contains(witness) { acts.append(.governance(.addWitness(key: witness))) }
        return acts
    }

    private func sign(_ payload: [UInt8], _ dataset: DatasetID) throws -> [UInt8] {
        let signer = try signing()
        let time = now()
        guard signer.identity.certificate.notBefore...signer.identity.certificate.notAfter ~= time
        else {
            throw NodeError(
                .failed, "certificate-expired",
                "the certificate of the signer is valid from \(signer.identity.certificate.notBefore) to "
                    + "\(signer.identity.certificate.notAfter) in Unix time, and it is \(time)",
                hint: "run countermark key rotate, or set the clock; nothing was written")
        }
        let header = COSEHeader(
            contentType: Changeset.contentType, issuer: home.origin.description,
            subject: dataset.description, issuedAt: time,
            certificateThumbprint: signer.identity.certificate.fingerprint)
        return try COSESign1.sign(payload: payload, header: header, key: signer.identity.key)
    }

    private func publish(_ writer: LogWriter, _ dataset: DatasetID) throws {
        let origin = try LogOrigin("\(home.origin)/\(dataset)")
        let key = try signing().logKey
        try writer.publish { size, root in
            let checkpoint = Checkpoint(origin: origin.description, size: size, root: root)
            return try SignedNote.sign(checkpoint.text, name: origin.description, key: key)
        }
    }

    /// The heads of other logs that moved since our last changeset cited them.
    private func headsToCite(
        _ dataset: DatasetID, _ known: [Origin: UInt64]?
    ) throws -> [Head] {
        try read(dataset) { merge in
            let cited = merge.state.progress(home.origin)?.cited ?? [:]
            var heads: [Head] = []
            for log in merge.state.logs.values where log.origin != home.origin {
                // Of a forked log only what all its versions share.
                let size = min(
                    log.applied, log.forkedAt ?? .max, known.map { $0[log.origin] ?? 0 } ?? .max)
                guard size > cited[log.number]?.size ?? 0,
                    let root = try root(of: log.origin, dataset, at: size)
                else { continue }
                heads.append(Head(origin: log.origin, size: size, root: root.bytes))
            }
            return heads
        }
    }

    // MARK: Merging

    private func root(of member: Origin, _ dataset: DatasetID, at size: UInt64) throws -> Digest? {
        let reader = try LogReader(directory: home.logFolder(member, dataset))
        return size <= reader.size ? try reader.root(at: size) : nil
    }

    /// Runs `body` on a dataset's merged state, which it must leave as it is.
    public func read<R>(_ dataset: DatasetID, _ body: (Merge) throws -> R) throws -> R {
        let found = try store.read(
            dataset, rootAt: { [self] in try root(of: $0, dataset, at: $1) }, body)
        // Nothing was merged yet: the empty state is made, once.
        return try found ?? merging(dataset, body)
    }

    /// Runs `body` on a dataset's merged state and saves what it changed, in one transaction.
    private func merging<R>(_ dataset: DatasetID, _ body: (Merge) throws -> R) throws -> R {
        try store.merge(
            dataset, rootAt: { [self] in try root(of: $0, dataset, at: $1) }, body)
    }

    /// Merges what the logs hold and the label table does not.
    public func catchUp(_ dataset: DatasetID) throws {
        let members = home.members(of: dataset)
        var readers: [Origin: LogReader] = [:]
        for member in members {
            readers[member] = try LogReader(directory: home.logFolder(member, dataset))
        }
        if readers.isEmpty { return }
        let forks = try forks()
        let isCurrent = try read(dataset) { merge in
            !merge.state.needsRebuild
                && readers.allSatisfy { origin, reader in
                    let log = merge.state.progress(origin)
                    let prefix = forks.prefix(of: "\(origin)/\(dataset)")
                    guard prefix == log?.forkedAt else { return false }
                    return log?.stored == reader.size && log?.applied == reader.size
                }
        }
        if isCurrent { return }
        while true {
            let step = try merging(dataset) { merge -> CatchUp in
                // Before the logs: what is forked is then never applied.
                for origin in readers.keys.sorted() {
                    guard let prefix = forks.prefix(of: "\(origin)/\(dataset)") else { continue }
                    merge.state.noteFork(log: merge.logNumber(origin), prefix: prefix)
                }
                try takeNote(of: readers, merge)
                if merge.state.needsRebuild { return .rebuild }
                return try applySome(merge, readers, dataset) ? .goOn : .done
            }
            switch step {
            case .goOn: continue
            case .done: return
            case .rebuild: return try rebuild(dataset)
            }
        }
    }

    private enum CatchUp {
        case goOn, done, rebuild
    }

    /// Throws the label table's rows of a dataset away and merges its logs from the first entry on.
    public func rebuild(_ dataset: DatasetID) throws {
        try store.clear(dataset)
        try catchUp(dataset)
    }

    /// Notes how much of each log is held, and folds the steward's acts.
    private func takeNote(of readers: [Origin: LogReader], _ merge: Merge) throws {
        let steward = merge.state.dataset.owner
        // The steward first: what counts is decided before anything is applied.
        for origin in readers.keys.sorted(by: { left, right in
            left == steward || (right != steward && left < right)
        }) {
            guard let reader = readers[origin] else { continue }
            try forEachNewEntry(reader, merge.logNumber(origin), merge) { try merge.note($0) }
        }
        for (origin, reader) in readers.sorted(by: { $0.key < $1.key }) {
            let number = merge.logNumber(origin)
            try forEachNewEntry(reader, number, merge) { merge.noteCitations($0) }
            merge.state.noteStored(number, size: reader.size)
        }
    }

    private func forEachNewEntry(
        _ reader: LogReader, _ number: Int, _ merge: Merge, _ body: (StoredEntry) throws -> Void
    ) throws {
        let held = merge.state.logs[number]?.stored ?? 0
        if reader.size <= held { return }
        try reader.forEachEntry(from: held, to: reader.size) { index, entry in
            let statement = try COSESign1.parse(entry)
            let view = try ChangesetView(statement.payload(in: entry))
            try body(
                StoredEntry(
                    log: number, index: index, time: statement.issuedAt ?? 0,
                    signer: statement.certificateThumbprint, heads: view.heads,
                    acts: try view.acts()))
            return true
        }
    }

    /// Applies up to a transaction's worth of entries; false if nothing was left to apply.
    private func applySome(
        _ merge: Merge, _ readers: [Origin: LogReader], _ dataset: DatasetID
    ) throws -> Bool {
        var budget = Self.bytesPerTransaction
        var moved = true
        while moved, budget > 0 {
            moved = false
            for log in merge.state.logs.values.sorted(by: { $0.number < $1.number }) {
                guard let reader = readers[log.origin], log.applied < log.stored else { continue }
                try reader.forEachEntry(from: log.applied, to: log.stored) { index, entry in
                    guard try merge.apply(entry, log: log.number, index: index) else {
                        return false
                    }
                    moved = true
                    budget -= entry.count
                    return budget > 0
                }
            }
        }
        return budget <= 0
    }
}

extension Merge {
    /// Applies an entry of a log's own folder: it was verified when it was stored.
    ///
    /// - Returns: False if it waits for another log.
    func apply(_ entry: UnsafeRawBufferPointer, log: Int, index: UInt64) throws -> Bool {
        let statement = try COSESign1.parse(entry)
        var hasher = TreeHasher()
        let outcome = try apply(
            VerifiedChangeset(
                log: log, index: index, leafHash: hasher.leaf(entry),
                time: statement.issuedAt ?? 0, signer: statement.certificateThumbprint,
                view: try ChangesetView(statement.payload(in: entry))))
        if case .applied = outcome { return true }
        return false
    }
}
