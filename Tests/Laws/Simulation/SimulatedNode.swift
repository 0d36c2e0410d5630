import AnnotationModel
import Provenance
import Signing
import TransparencyLog

/// One company's node in memory: what is on its disk, and what it has derived from that.
///
/// Whatever it decides, it decides with the code of the project: the verifier, notes, proofs, the merge.
final class SimulatedNode {
    /// What survives a crash, and what a backup copies.
    struct Disk {
        var logs: [Origin: HeldLog] = [:]
        var evidence: [Origin: ForkProof] = [:]
        var cosigned: [Origin: WitnessedTree] = [:]
        /// Cosignatures on the own log's checkpoints, by size.
        var witnesses: [UInt64: [UInt8]] = [:]
        /// Which of the company's signers signs now.
        var signer = 0
    }

    let company: Company
    let dataset: DatasetID
    let companies: [Company]
    var origin: Origin { company.origin }
    var disk = Disk()
    /// Members to hear from before the first write after a restore.
    var unheard: Set<Origin> = []
    /// How much of the own log partners have shown since the last restore.
    var ownShown: UInt64 = 0

    private(set) var storage = MemoryLabelStorage()
    private(set) var merge: Merge
    private var verifiers: [Origin: LogVerifier] = [:]
    private(set) var refusals: [String: Int] = [:]
    let cose = COSEVerifier()

    init(_ company: Company, companies: [Company], dataset: DatasetID) {
        (self.company, self.companies, self.dataset) = (company, companies, dataset)
        merge = Merge(state: MergeState(dataset: dataset), storage: storage) { _, _ in nil }
        startMerge()
    }

    var state: MergeState { merge.state }
    var ownSize: UInt64 { disk.logs[origin]?.size ?? 0 }

    /// True unless a restored node may still lack entries of its own log.
    var ownIsComplete: Bool { unheard.isEmpty && ownSize >= ownShown }

    /// True if a new entry would fork nothing and would know all that the own log has cited.
    var mayWrite: Bool {
        ownIsComplete && (state.progress(origin)?.applied ?? 0) == ownSize
            && disk.evidence[origin] == nil
    }

    func logName(_ member: Origin) -> String { "\(member)/\(dataset)" }

    func refuse(_ what: String) { refusals[what, default: 0] += 1 }

    // MARK: Deriving

    private func startMerge() {
        storage = MemoryLabelStorage()
        merge = Merge(state: MergeState(dataset: dataset), storage: storage) {
            [unowned self] origin, size in disk.logs[origin]?.root(at: size)
        }
    }

    /// Forgets everything that is not on disk and derives it again.
    func restart() throws {
        verifiers = [:]
        try rebuild()
    }

    private func rebuild() throws {
        startMerge()
        for (origin, proof) in disk.evidence.sorted(by: { $0.key < $1.key }) {
            merge.state.noteFork(log: merge.logNumber(origin), prefix: proof.prefix)
        }
        try takeNotes()
        if merge.state.needsRebuild { throw LawFailure("a rebuild asks for a rebuild") }
        try drain()
    }

    /// Merges what the logs hold and the label set does not.
    func catchUp() throws {
        try takeNotes()
        if merge.state.needsRebuild { try rebuild() } else { try drain() }
    }

    private func takeNotes() throws {
        let origins = disk.logs.keys.sorted {
            ($0 == dataset.owner ? 0 : 1, $0) < ($1 == dataset.owner ? 0 : 1, $1)
        }
        let held = Dictionary(
            uniqueKeysWithValues: origins.map { ($0, merge.state.progress($0)?.stored ?? 0) })
        for isFirstPass in [true, false] {
            for origin in origins {
                try pass(origin, from: held[origin] ?? 0, isFirst: isFirstPass)
            }
        }
        for origin in origins {
            merge.state.noteStored(merge.logNumber(origin), size: disk.logs[origin]?.size ?? 0)
        }
    }

    private func pass(_ origin: Origin, from: UInt64, isFirst: Bool) throws {
        let number = merge.logNumber(origin)
        guard let log = disk.logs[origin], from < log.size else { return }
        for index in from..<log.size {
            try log.entries[Int(index)].withUnsafeBytes { bytes in
                let statement = try COSESign1.parse(bytes)
                let view = try ChangesetView(statement.payload(in: bytes))
                let entry = StoredEntry(
                    log: number, index: index, time: statement.issuedAt ?? 0,
                    signer: statement.certificateThumbprint, heads: view.heads,
                    acts: try view.acts())
                if isFirst { try merge.note(entry) } else { merge.noteCitations(entry) }
            }
        }
    }

    private func drain() throws {
        var moved = true
        while moved {
            moved = false
            for (number, progress) in merge.state.logs.sorted(by: { $0.key < $1.key }) {
                guard let log = disk.logs[progress.origin] else { continue }
                var applied = progress.applied
                while applied < progress.stored, try apply(log, number, applied) {
                    applied += 1
                    moved = true
                }
            }
        }
    }

    private func apply(_ log: HeldLog, _ number: Int, _ index: UInt64) throws -> Bool {
        try log.entries[Int(index)].withUnsafeBytes { bytes in
            let statement = try COSESign1.parse(bytes)
            let outcome = try merge.apply(
                VerifiedChangeset(
                    log: number, index: index, leafHash: log.leaves[Int(index)],
                    time: statement.issuedAt ?? 0, signer: statement.certificateThumbprint,
                    view: try ChangesetView(statement.payload(in: bytes))))
            if case .applied = outcome { return true }
            return false
        }
    }

    /// The verifier of a log as far as it is held here.
    func verifier(_ member: Origin) throws -> LogVerifier {
        if let known = verifiers[member] { return known }
        let roots = companies.filter { $0.origin == member }.map(\.root)
        var verifier = LogVerifier(member: member, dataset: dataset, roots: roots)
        let number = merge.state.number(member) ?? 0
        for chain in merge.state.chains[number] ?? [] {
            try verifier.trust(chain: chain, logKey: merge.state.logKeys[number])
        }
        verifiers[member] = verifier
        return verifier
    }

    func keep(_ verifier: LogVerifier, of member: Origin) { verifiers[member] = verifier }

    /// The key of a log's checkpoints, once its first entry is held.
    func noteVerifier(_ member: Origin) throws -> NoteVerifier? {
        let known = member == origin ? company.logKeyBytes : try verifier(member).logKey
        guard let key = known else { return nil }
        return try NoteVerifier(name: logName(member), publicKey: key)
    }

    /// True if a note was signed by a log's key.
    func checkpoint(_ note: [UInt8], of member: Origin) throws -> Checkpoint? {
        guard let verifier = try noteVerifier(member) else { return nil }
        return try? Checkpoint.open(note, verifier: verifier, origin: logName(member))
    }

    // MARK: Writing

    /// The heads of other logs that moved since the own log cited them.
    func headsToCite() -> [Head] {
        let cited = state.progress(origin)?.cited ?? [:]
        return state.logs.values.sorted { $0.origin < $1.origin }.compactMap { log in
            let size = min(log.applied, log.forkedAt ?? .max)
            guard log.origin != origin, size > cited[log.number]?.size ?? 0,
                let root = disk.logs[log.origin]?.root(at: size)
            else { return nil }
            return Head(origin: log.origin, size: size, root: root.bytes)
        }
    }

    /// Signs a checkpoint of the own log.
    static func checkpoint(
        of log: HeldLog, _ company: Company, _ dataset: DatasetID
    ) throws -> [UInt8] {
        let name = "\(company.origin)/\(dataset)"
        let checkpoint = Checkpoint(
            origin: name, size: log.size, root: log.root(at: log.size) ?? .zero)
        return try SignedNote.sign(checkpoint.text, name: name, key: company.logKey)
    }

    /// Signs a changeset.
    static func sign(
        _ payload: [UInt8], issuer: Origin, dataset: DatasetID, by signer: Signer, at time: Int64
    ) throws -> [UInt8] {
        try COSESign1.sign(
            payload: payload,
            header: COSEHeader(
                contentType: Changeset.contentType, issuer: issuer.description,
                subject: dataset.description, issuedAt: time,
                certificateThumbprint: signer.fingerprint),
            key: signer.key)
    }

    /// Appends an own entry durably, under a new checkpoint.
    func append(_ entry: [UInt8]) throws {
        var log = disk.logs[origin] ?? HeldLog()
        log.append(entry)
        log.note = try Self.checkpoint(of: log, company, dataset)
        disk.logs[origin] = log
        try catchUp()
    }
}
