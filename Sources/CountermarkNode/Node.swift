import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import Foundation
import LabelText
import LogStorage
import PartnerNet
import Provenance
import Replication
import SharedStore
import Signing
import TransparencyLog

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
    /// Whether the operator says that this machine's clock is right, whatever partners' say.
    public var isClockRight = false
    /// Tells the operator what does not keep a command from its work.
    public var warn: (String) -> Void = { _ in }
    /// Tells of documents that another node of this company has changed, by their names.
    var onDocument: (String) -> Void = { _ in }
    let now: () -> Int64
    private var knownWitness: Witness?
    private var signer: Signer?
    /// The certificate of a person whose entry this node checks or carries, whose key it has never seen.
    private var carried: Certificate?
    /// Certificates take longer to read than signatures to check.
    var verifiers: [LogVerifierKey: LogVerifier] = [:]
    static let verifiersMax = 256
    /// The forks proven by the evidence files of these names.
    var knownForks: (names: [String], forks: KnownForks)?
    /// How much of each log this node goes by; nil for all that is held.
    private(set) var heads: [Origin: UInt64]?
    /// What a log has taken last and the label table has not, where it is little.
    var newest: (log: String, piece: HeldPiece)?

    /// What a partner is pushing to a serving node.
    let pushes = IncomingPushes()
    /// What was found out about damaged logs, and who may have them looked at.
    let mendingLooks = MendingLooks()
    /// What is being fetched from a partner.
    let fetches = IncomingFetches()

    /// What the last write signed and does not count all the same, because others' acts came in between.
    public private(set) var uncounted: [UncountedWrites] = []
    /// The dataset of the last write.
    public private(set) var lastWritten: DatasetID?
    /// Whether anything was signed since this value was made.
    public private(set) var hasWritten = false
    /// Whether this value holds an own log's lock.
    private(set) var isWriting = false
    /// Who writes, where what is under way begins again by itself if another node of the company was faster.
    var repeater: String?
    /// The server of the company's store that a write has begun with; nil where there is none.
    var settledServer: StoreServer?
    /// Logs of which what the company's store holds could not be taken, by name, with the reason.
    public internal(set) var untakenLogs: [String: String] = [:]
    /// Told of each own log that has a new checkpoint, with its first new entry and its size: these entries
    /// stay, whatever the command fails at afterwards.
    public var onPublish: ((_ log: String, _ first: UInt64, _ size: UInt64) -> Void)?

    /// Labels whose rows are in memory at once, some 60 MB: of more, more lie side by side in the database's index.
    var rowsPerPiece = 400_000

    /// Hears how far long work is, some hundred times a second.
    public var onProgress: ((WorkProgress) -> Void)?
    /// The wish to end long work early; nil where nobody can ask.
    public var interruption: Interruption?

    /// Measures what this node does; nil where nobody asks.
    package var meter: NodeMeter?

    /// A person or tool whose certificate signs what this node writes; nil for the node's own.
    public var person: NodeIdentity?

    struct Signer {
        let identity: NodeIdentity
        let logKey: SigningKey
    }

    /// Logs that could not be read when they were merged last, by name, with the reason: the others go on.
    public internal(set) var unreadableLogs: [String: String] = [:]
    /// Why this node, as the steward, could not name the log keys of members whose first entries came.
    var namingProblems: [DatasetID: String] = [:]
    /// Datasets of this organisation of which logs came whose keys may have to be named.
    var toName: Set<DatasetID> = []
    /// Whether that waits for all logs of a contact.
    private(set) var isNamingHeld = false

    /// Opens a home's node.
    ///
    /// - Parameter now: Seconds since 1970.
    public init(
        _ home: Home, now: @escaping () -> Int64 = { Int64(Date().timeIntervalSince1970) }
    ) throws {
        self.home = home
        self.now = now
        heads = nil
        store = try LabelStore(
            path: home.path + "/state.sqlite", reader: home.origin, source: HomeEntries(home),
            known: home.knownStates)
    }

    /// A node over the same logs with an empty label table in memory.
    ///
    /// - Parameter heads: How much of each log it goes by, of others nothing; nil for all that is held.
    init(replaying other: Node, at heads: [Origin: UInt64]? = nil) throws {
        home = other.home
        now = other.now
        self.heads = heads
        store = try LabelStore(
            path: ":memory:", reader: other.home.origin, source: HomeEntries(other.home))
        (onProgress, interruption) = (other.onProgress, other.interruption)
    }

    /// Lets a replay go by more of each log.
    ///
    /// - Returns: False, and nothing has changed, where it goes by more of some log already.
    func goOn(upTo sizes: [Origin: UInt64]) -> Bool {
        guard let heads, heads.allSatisfy({ $0.value <= sizes[$0.key] ?? 0 }) else { return false }
        self.heads = sizes
        return true
    }

    /// Counts long work of this node.
    func ticker(_ meter: ReadMeter? = nil) -> ProgressTicker {
        ProgressTicker(onProgress, meter, interruption)
    }

    /// The certificate by which what is written next will be judged.
    func signersCertificate() throws -> Certificate {
        try carried ?? signing().identity.certificate
    }

    /// Whether what is written next is signed by somebody else than the node.
    var isForSomebody: Bool { person != nil || carried != nil }

    /// Judges by another certificate than this node's, whose key is elsewhere.
    func carrying<R>(_ certificate: Certificate, _ body: () throws -> R) rethrows -> R {
        carried = certificate
        defer { carried = nil }
        return try body()
    }

    /// Lets the log keys of all logs that come be named together, which is one changeset instead of one for each.
    func holdNaming() { isNamingHeld = true }

    /// Names what has waited.
    func endHoldingNaming() {
        isNamingHeld = false
        nameWhatCame()
    }

    func signing() throws -> Signer {
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

    /// Forgets what was written before: what is told of the next act is of that alone.
    ///
    /// For values that outlive an act.
    package func beginAct() { (uncounted, lastWritten, hasWritten) = ([], nil, false) }

    /// Signs operations into this organisation's log of a dataset, and merges them.
    ///
    /// All or nothing: one checkpoint covers everything that `body` said, and if it throws, the log is as it was.
    ///
    /// - Parameter body: Hands operations over one by one; a bulk import never holds more than a few
    ///   changesets in memory. It gets the id that each operation will have. Where several nodes share a store, it is
    ///   called again if another one was faster: one that counts something is called within ``repeating(_:)``.
    /// - Parameter citing: How much of each log the author knew, where that is less than all that is merged
    ///   here; nothing is cited backwards. It is asked when the log is locked and everything merged.
    /// - Returns: The number of changesets written.
    @discardableResult
    public func write(
        _ dataset: DatasetID, author: String? = nil, message: String? = nil, source: String? = nil,
        citing: () throws -> [Origin: UInt64]? = { nil },
        _ body: (_ append: (Operation) throws -> OperationID) throws -> Void
    ) throws -> Int {
        try repeating {
            try writeOnce(
                dataset, author: author, message: message, source: source, citing: citing, body)
        }
    }

    private func writeOnce(
        _ dataset: DatasetID, author: String?, message: String?, source: String?,
        citing: () throws -> [Origin: UInt64]?,
        _ body: (_ append: (Operation) throws -> OperationID) throws -> Void
    ) throws -> Int {
        let writer = try openToWrite(dataset)
        defer { closeWritten(writer) }
        try requireCounted(dataset, at: writer.size, isAct: true)
        if writer.size == 0 { try home.signedHeads(dataset).begin() }
        let acts = try actsBeforeWriting(dataset, index: writer.size)
        let ends = try blindEnds(dataset)
        let heads = try headsToCite(dataset, citing(), naming: acts.named, ends: ends)
        let judging = try BlindJudging(self, dataset, citing: heads)
        var batch = OutgoingBatch(
            firstIndex: writer.size, heads: heads,
            author: author ?? person.map { NodeIdentity.name(of: $0.certificate) },
            message: message, source: source)
        try batch.introduce(acts.acts) { try sign($0, dataset) }
        var limits = try OwnLimits(self, dataset, acts.acts)
        let before = writer.size
        var isChecked = false
        func isFirstLabel(_ operation: Operation) -> Bool {
            if case .governance = operation { return false }
            defer { isChecked = true }
            return !isChecked
        }
        do {
            try body { operation in
                try limits.admit(operation)
                try judging?.require(operation)
                if isFirstLabel(operation) {
                    try requireCounted(dataset, at: before, isAct: false)
                }
                let slot = try batch.append(operation) { try self.sign($0, dataset) }
                if batch.isLarge { try writer.stage(batch.takeEntries()) }
                return OperationID(origin: home.origin, slot: slot)
            }
            try batch.close { try self.sign($0, dataset) }
            let entries = batch.takeEntries()
            try writer.stage(entries)
            try publish(writer, dataset, newest: entries)
        } catch {
            writer.discardStaged()
            notePublished(writer, dataset, from: before)
            throw error
        }
        notePublished(writer, dataset, from: before)
        try catchUp(dataset)
        uncounted = try uncountedWrites(dataset, from: before)
        return Int(writer.size - before)
    }

    /// Opens this organisation's own log for one write, with everything merged that is held.
    private func openToWrite(_ dataset: DatasetID) throws -> LogWriter {
        try requireSettledStore("\(home.origin)/\(dataset)")
        let writer = try ownWriter(dataset)
        isWriting = true
        do {
            // Another process may have changed the key before it let go of the log.
            signer = nil
            (uncounted, lastWritten) = ([], dataset)
            try bringUp(dataset, own: writer)
            try catchUp(dataset)
            try requireOwnHistory(dataset, writer)
            try requireClock(dataset)
            return writer
        } catch {
            closeWritten(writer)
            throw error
        }
    }

    private func closeWritten(_ writer: LogWriter) {
        isWriting = false
        writer.close()
    }

    /// Appends an entry that somebody else has signed, and merges it.
    ///
    /// - Parameter check: Throws for what must not be appended; asked when the log is locked and everything merged.
    /// - Returns: Where the entry stands.
    func carry(
        _ entry: [UInt8], to dataset: DatasetID, signedBy certificate: Certificate,
        _ check: (LogWriter) throws -> Void
    ) throws -> UInt64 {
        try repeating {
            try carrying(certificate) { try carryOnce(entry, to: dataset, check) }
        }
    }

    private func carryOnce(
        _ entry: [UInt8], to dataset: DatasetID, _ check: (LogWriter) throws -> Void
    ) throws -> UInt64 {
        let writer = try openToWrite(dataset)
        defer { closeWritten(writer) }
        let index = writer.size
        try check(writer)
        try requireCounted(dataset, at: index, isAct: false)
        if index == 0 { try home.signedHeads(dataset).begin() }
        var batch = EntryBatch()
        let hasher = TreeHasherBox()
        try entry.withUnsafeBytes { try batch.append($0, leaf: hasher.leaf($0)) }
        do {
            try writer.stage(batch)
            try publish(writer, dataset, newest: batch)
        } catch {
            writer.discardStaged()
            notePublished(writer, dataset, from: index)
            throw error
        }
        notePublished(writer, dataset, from: index)
        try catchUp(dataset)
        uncounted = try uncountedWrites(dataset, from: index)
        return index
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
            ids = []
            for operation in operations { ids.append(try append(operation)) }
        }
        return ids
    }

    private func sign(_ payload: [UInt8], _ dataset: DatasetID) throws -> [UInt8] {
        let signer = try signing()
        let time = now()
        guard signer.identity.certificate.notBefore...signer.identity.certificate.notAfter ~= time
        else { throw try outsideValidity() }
        let header = COSEHeader(
            contentType: Changeset.contentType, issuer: home.origin.description,
            subject: dataset.description, issuedAt: time,
            certificateThumbprint: signer.identity.certificate.fingerprint)
        return try COSESign1.sign(payload: payload, header: header, key: signer.identity.key)
    }

    private func notePublished(_ writer: LogWriter, _ dataset: DatasetID, from first: UInt64) {
        guard writer.size > first else { return }
        hasWritten = true
        onPublish?("\(home.origin)/\(dataset)", first, writer.size)
    }

    /// - Parameter newest: The last entries of those that are published.
    private func publish(
        _ writer: LogWriter, _ dataset: DatasetID, newest entries: EntryBatch
    ) throws {
        let origin = try LogOrigin("\(home.origin)/\(dataset)")
        let key = try signing().logKey
        let heads = home.signedHeads(dataset)
        var record: SignedHeads.Prepared?
        var isShared = false
        let begun = ContinuousClock.now
        do {
            try writer.publish { size, root in
                let checkpoint = Checkpoint(origin: origin.description, size: size, root: root)
                let note = try SignedNote.sign(
                    checkpoint.text, name: origin.description, key: key)
                record = try heads.prepare(note, size: size, isOwn: true)
                // Where nodes share a store, what lost its race was never said: nobody has seen this signature.
                isShared = try share(origin.description, writer, under: note)
                return note
            }
        } catch LogStorageError.unconfirmed(let path) {
            // The checkpoint may stand: then so does the record.
            try? record?.commit()
            throw LogStorageError.unconfirmed(path: path)
        } catch  where isShared {
            try? record?.commit()
            throw notKept(origin.description, error)
        } catch {
            record?.discard()
            throw error
        }
        meter?.noteAppend(.now - begun)
        if entries.bytes.count <= EntryBatch.bytesPerPiece {
            newest = (
                origin.description,
                HeldPiece(entries, from: writer.size - UInt64(entries.count))
            )
        }
        // The entries count from here on, whatever becomes of the record: the next write records more.
        try? record?.commit(isDurable: false)
    }
}
