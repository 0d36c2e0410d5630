import AnnotationModel
import Provenance
import Signing
import TransparencyLog

/// A head as an entry holds it, and what the world knows of it.
struct Cited {
    let head: Head
    /// The log key that signed exactly this size and root for the head's log; nil for bytes that nobody's key made.
    let signer: [UInt8]?

    /// For traces.
    var short: String { "\(head.origin.short):\(head.merged)" }
}

/// What really was written: kept by the simulation, and never asked of the code under test.
struct Written {
    let origin: Origin
    let index: UInt64
    let time: Int64
    let signer: Digest
    let author: String?
    let heads: [Cited]
    let operations: [Operation]
}

extension World {
    /// What an entry is made of.
    struct Draft {
        var operations: [Operation]
        var heads: [Cited] = []
        var signer: Signer
        var time: Int64
    }

    /// Signs an entry in a company's name, and gets who the author is said to be.
    func sign(
        _ draft: Draft, _ company: Company
    ) throws -> (entry: [UInt8], author: String?) {
        let author = random.oneIn(3) ? "ann" : nil
        var builder = try ChangesetBuilder(author: author)
        for operation in draft.operations { _ = try builder.append(operation) }
        let payload = try builder.payload(heads: draft.heads.map(\.head))
        return (try sign(payload, company, draft), author)
    }

    func sign(_ payload: [UInt8], _ company: Company, _ draft: Draft) throws -> [UInt8] {
        try SimulatedNode.sign(
            payload, issuer: company.origin, dataset: dataset, by: draft.signer, at: draft.time)
    }

    /// Notes down what was written, for the oracle.
    @discardableResult
    func remember(
        _ entry: [UInt8], by author: String?, _ origin: Origin, _ index: UInt64, _ draft: Draft
    ) -> Digest {
        let leaf = SHA256Hasher.hash([0] + entry)
        written[leaf] = Written(
            origin: origin, index: index, time: draft.time, signer: draft.signer.fingerprint,
            author: author, heads: draft.heads.sorted { $0.head.origin < $1.head.origin },
            operations: draft.operations)
        for (position, operation) in draft.operations.enumerated() {
            let id = OperationID(origin: origin, slot: Slot(entry: index, position: position))
            switch operation {
            case .addAnnotation: targets.append((id, false))
            case .set: targets.append((id, true))
            case .governance(let act): excuses.note(act, in: origin, at: index, world: self)
            default: break
            }
        }
        return leaf
    }

    /// A head of another log as a node would cite it.
    func cited(_ head: Head) -> Cited {
        Cited(head: head, signer: company(head.origin)?.logKeyBytes)
    }

    func company(_ origin: Origin) -> Company? {
        (companies + ghosts).first { $0.origin == origin }
    }

    /// A head that some company's log key signs; nil makes bytes that no key has made.
    func head(
        _ origin: Origin, merged: UInt64, size: UInt64, root: Digest, by signer: Company?
    ) throws -> Cited {
        let text = Checkpoint(origin: "\(origin)/\(dataset)", size: size, root: root).text
        let signature =
            try signer?.logKey.sign(Array(text.utf8))
            ?? (0..<64).map { _ in UInt8.random(in: 0...255, using: &random) }
        return Cited(
            head: Head(
                origin: origin, merged: merged, size: size, root: root.bytes, signature: signature),
            signer: signer?.logKeyBytes)
    }
}

/// What has happened that lets entries wait for something which is withheld, although honest companies have merged
/// them: see `Docs/Simulation.md`.
struct Excuses {
    /// Hostile companies that have kept somebody out of their logs.
    private(set) var narrowed: Set<Origin> = []
    /// Hostile companies that have retired a key from an entry on that lies before the act: a fork takes it back.
    private(set) var retreated: Set<Origin> = []
    /// Whether an act of the steward may have brought entries back that did not count when they were merged.
    private(set) var isGivenBack = false
    private var set: [Origin: [UInt64]] = [:]
    private var retired: Set<[UInt8]> = []

    mutating func note(_ act: GovernanceAct, in log: Origin, at index: UInt64, world: World) {
        let isSteward = log == world.dataset.owner
        switch act {
        case .setMember(let origin, let role, _, _, let from) where isSteward:
            // To say the same again, with a log key, changes no standing.
            let said = [UInt64(role.rawValue), from]
            if let before = set.updateValue(said, forKey: origin), before != said {
                isGivenBack = true
            }
        case .cutLog(let origin, _) where isSteward:
            if set[origin] != nil { set[origin] = [] }
        case .retireKey(let key, let from):
            if isSteward, !retired.insert(key).inserted { isGivenBack = true }
            if !isSteward, !world.isHonest(log), from <= index { retreated.insert(log) }
        case .setAudience(let origins):
            if !world.isHonest(log), !origins.isEmpty { narrowed.insert(log) }
        default: break
        }
    }

    /// True if none of it has happened.
    var areNone: Bool { narrowed.isEmpty && retreated.isEmpty && !isGivenBack }
}
