import AnnotationModel
import CompanyHome
import Foundation
import LogStorage
import PlainErrors
import Provenance
import Signing
import TransparencyLog

/// What is to be asked of a partner's witness, or handed over, for one log.
struct CosigningStep: Sendable {
    /// The log.
    let log: String
    /// The request to the partner's witness; nil where it has cosigned already, or is not to be asked.
    var request: AddCheckpointRequest?
    /// A checkpoint with cosignatures that the partner lacks; nil where it has them.
    var handOver: [UInt8]?
}

extension Node {
    /// Takes the cosignatures that a partner knows, cosigns what is held of others, and says what is to be
    /// done with the partner.
    ///
    /// Where nothing moved there is nothing to do: a witness that has cosigned a checkpoint is not asked about it
    /// again.
    func planCosigning(_ offers: [LogOffer], with partner: Origin) throws -> [CosigningStep] {
        var steps: [CosigningStep] = []
        for offer in offers {
            let (member, dataset) = try Self.parts(of: offer.origin)
            guard try home.members(of: dataset).contains(member), !(try isForked(offer.origin))
            else {
                continue
            }
            try take(cosignatures: Array(offer.checkpoint.utf8))
            if member != home.origin { try cosignHeld(offer.origin) }
            var step = CosigningStep(log: offer.origin)
            step.handOver = try lacking(offer)
            if member != partner, try isWanted(from: partner, offer.origin) {
                step.request = try request(offer.origin, from: partner, since: nil)
            }
            if step.request != nil || step.handOver != nil { steps.append(step) }
        }
        return steps
    }

    /// Cosigns the newest checkpoint that is held of another organisation's log, unless that was done.
    private func cosignHeld(_ log: String) throws {
        guard try isWanted(from: home.origin, log) else { return }
        let latest = try home.witnessRegister.latest(of: log)
        let old = try latest.map { try Checkpoint(text: try SignedNote($0).text).size } ?? 0
        guard let request = try request(log, from: home.origin, since: old) else { return }
        do {
            let (_, note) = try Self.cosign(
                request.body, by: try witness(), in: home.witnessRegister, time: now()
            ) { try $0 == log ? known(log) : nil }
            try take(cosignatures: note)
        } catch WitnessRefusal.otherSize {
            // Another process of this home has cosigned meanwhile.
            return
        }
    }

    private func known(_ log: String) throws -> WitnessedLog? {
        try logKey(log).map { WitnessedLog(keys: [$0]) { _ in } }
    }

    /// Whether an organisation's word on the newest checkpoint of a log is missing.
    ///
    /// False where its witness's key is unknown: nobody could check what it says.
    private func isWanted(from org: Origin, _ log: String) throws -> Bool {
        let (member, dataset) = try Self.parts(of: log)
        let name = org.description
        let witnesses = try witnessRoster(dataset, of: member, among: [name])
        // Of those beyond the limit no line would be kept.
        guard
            witnesses.organisations.prefix(CosignatureSet.organisationsMax)
                .contains(where: { $0.name == name })
        else { return false }
        let reader = try reader(of: log)
        guard reader.size > 0 else { return false }
        let text = try SignedNote(reader.checkpoint).text
        let set = CosignedCheckpoint.readable(directory: reader.directory)
        return !set.entries.contains { entry in
            entry.text == text && entry.lines.contains { $0.name == name }
        }
    }

    /// A request to a witness for the newest checkpoint of a log.
    ///
    /// - Parameter old: What it has cosigned last; nil where only its newest cosignature known here says.
    /// - Returns: Nil where it has cosigned more than is held.
    func request(
        _ log: String, from org: Origin, since old: UInt64?
    ) throws -> AddCheckpointRequest? {
        let reader = try reader(of: log)
        let known = CosignedCheckpoint.readable(directory: reader.directory).witnesses
        let old = old ?? known[org.description]?.size ?? 0
        guard old <= reader.size else { return nil }
        let proof =
            old == 0
            ? []
            : try MerkleProof.proveConsistency(old: old, new: reader.size) {
                try reader.subtree($0)
            }
        return AddCheckpointRequest(oldSize: old, proof: proof, note: reader.checkpoint)
    }

    /// The offered checkpoint with cosignatures known here that it lacks; nil if it lacks none.
    private func lacking(_ offer: LogOffer) throws -> [UInt8]? {
        // What it has does not show.
        if offer.plain == true { return nil }
        let offered = try SignedNote(Array(offer.checkpoint.utf8))
        let (member, dataset) = try Self.parts(of: offer.origin)
        let set = CosignedCheckpoint.readable(directory: try reader(of: offer.origin).directory)
        // What is shown under one checkpoint here and there is compared, nothing that lies behind it.
        let lines = try set.lines(
            of: offered.text, by: try witnessRoster(dataset, of: member))
        let isNews = lines.contains { !offered.signatures.contains($0.signature) }
        guard isNews, let key = try logKey(offer.origin) else { return nil }
        return try set.cosigned(
            offered.keeping { key.signed($0) }, by: try witnessRoster(dataset, of: member))
    }

    /// Takes a witness's answer about the checkpoint that was sent to it.
    func take(answer body: [UInt8], to request: AddCheckpointRequest) throws {
        try take(cosignatures: request.note + body)
    }

    // MARK: Serving

    /// The last checkpoint that this organisation's witness cosigned of a log, by the hash of the log's
    /// name; nil for logs that the caller may not read.
    func witnessedCheckpoint(_ hash: String, caller: Origin) throws -> [UInt8]? {
        for dataset in try home.datasets() {
            for member in try home.members(of: dataset)
            where try mayRead(member, dataset, by: caller) {
                let log = "\(member)/\(dataset)"
                guard SHA256Hasher.hash(Array(log.utf8)).hex == hash else { continue }
                return try home.witnessRegister.latest(of: log)
            }
        }
        return nil
    }

    /// Takes cosignatures that a partner hands over.
    ///
    /// - Returns: True if something was new.
    func take(cosignatures note: [UInt8], caller: Origin) throws -> Bool {
        let log = try Checkpoint(text: try SignedNote(note).text).origin
        let (member, dataset) = try Self.parts(of: log)
        guard try home.members(of: dataset).contains(member),
            try mayRead(member, dataset, by: caller)
        else { throw NodeError.notFound("log", log, hint: "") }
        return try take(cosignatures: note)
    }
}
