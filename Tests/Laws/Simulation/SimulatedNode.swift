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
    /// Contacts that are under way, by partner.
    var contacts: [Origin: SimulatedContact] = [:]
    /// How many requests it has sent; its contacts that came to their end.
    var requests: UInt64 = 0
    var finished = 0
    /// Whether it asks partners to cosign in contacts.
    var cosigns = false
    /// A hostile company heeds no evidence, and may show each partner another history of its log.
    var isHostile = false
    var showing: [Origin: HeldLog] = [:]
    /// Whether the last rebuild was just now: those that members ask for have to wait.
    var rests = false

    private(set) var storage = MemoryLabelStorage()
    private(set) var merge: Merge
    private var verifiers: [Origin: LogVerifier] = [:]
    private(set) var refusals: [String: Int] = [:]
    /// How often everything was made anew, and how often it began again with what is on its disk.
    private(set) var rebuilds = 0
    private(set) var starts = 0
    let cose = COSEVerifier()

    init(_ company: Company, companies: [Company], dataset: DatasetID) {
        (self.company, self.companies, self.dataset) = (company, companies, dataset)
        merge = Merge(
            state: MergeState(dataset: dataset, reader: company.origin), storage: storage)
    }

    var state: MergeState { merge.state }
    var ownSize: UInt64 { disk.logs[origin]?.size ?? 0 }

    /// True unless a restored node may still lack entries of its own log.
    var ownIsComplete: Bool { unheard.isEmpty && ownSize >= ownShown }

    /// True if a new entry would fork nothing.
    var mayWrite: Bool { ownIsComplete && disk.evidence[origin] == nil }

    func logName(_ member: Origin) -> String { "\(member)/\(dataset)" }

    func refuse(_ what: String) { refusals[what, default: 0] += 1 }

    // MARK: Deriving

    /// Forgets everything that is not on disk and derives it again.
    func restart() throws {
        starts += 1
        verifiers = [:]
        contacts = [:]
        try rebuild()
    }

    private func rebuild() throws {
        rebuilds += 1
        storage = MemoryLabelStorage()
        merge = Merge(state: MergeState(dataset: dataset, reader: origin), storage: storage)
        try takeNotes()
        if merge.state.needsRebuild != nil { throw LawFailure("a rebuild asks for a rebuild") }
        try drain()
    }

    /// Merges what the logs hold and the label set does not.
    func catchUp() throws {
        try takeNotes()
        switch merge.state.needsRebuild {
        case nil: try drain()
        case .member? where rests: try drain()
        case .member?, .steward?: try rebuild()
        }
    }

    private func takeNotes() throws {
        try MergeDriver(merge).note(disk.logs, forks: disk.evidence.mapValues(\.prefix))
    }

    private func drain() throws {
        _ = try MergeDriver(merge).apply(disk.logs, now: 0)
        try merge.flush()
    }

    // MARK: Keys

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
}
