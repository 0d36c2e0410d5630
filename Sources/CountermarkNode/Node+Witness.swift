import AnnotationModel
import CompanyHome
import Foundation
import LogStorage
import Provenance
import Signing
import TransparencyLog

/// A log whose checkpoints a witness follows.
struct WitnessedLog {
    /// The keys that sign its checkpoints.
    let keys: [NoteVerifier]
    /// Throws where a checkpoint contradicts what is held of the log.
    let check: (Checkpoint) throws -> Void
}

extension Node {
    /// How far a partner's clock may be ahead of ours before its cosignature waits.
    static let clockToleranceSeconds: Int64 = 3_600

    // MARK: Cosigning

    /// Answers a request to this organisation's witness (C2SP tlog-witness, "add-checkpoint").
    ///
    /// - Throws: ``WitnessRefusal``, or ``NodeError`` for a log that has forked.
    func addCheckpoint(_ body: [UInt8], caller: Origin) throws -> WitnessAnswer {
        let (answer, note) = try Self.cosign(
            body, by: try witness(), in: home.witnessRegister, time: now()
        ) { log in
            guard let (member, dataset) = try? Self.parts(of: log),
                try home.members(of: dataset).contains(member),
                try mayRead(member, dataset, by: caller)
            else { return nil }
            return try witnessed(log)
        }
        try takeOwn(note, of: answer.checkpoint)
        return answer
    }

    /// Decides about a request and makes the decision durable, as one step.
    ///
    /// - Parameter find: The log with a name; nil for one that the caller has no business with.
    /// - Returns: The answer, and the checkpoint with both signatures.
    static func cosign(
        _ body: [UInt8], by witness: Witness, in register: WitnessRegister, time: Int64,
        find: (String) throws -> WitnessedLog?
    ) throws -> (WitnessAnswer, note: [UInt8]) {
        let request: AddCheckpointRequest
        do throws(TransparencyLogError) { request = try AddCheckpointRequest(body: body) } catch {
            throw WitnessRefusal.malformed(error)
        }
        guard let log = request.claimedOrigin, let found = try find(log) else {
            // What is no note at all is malformed, whatever its first line looks like.
            do throws(TransparencyLogError) {
                _ = try Checkpoint(text: try SignedNote(request.note).text)
            } catch {
                throw WitnessRefusal.malformed(error)
            }
            throw WitnessRefusal.unknownLog(
                origin: String(request.claimedOrigin?.prefix(200) ?? ""))
        }
        return try register.cosign(log, lockTimeoutSeconds: Home.lockTimeoutSeconds) { latest in
            let answer = try witness.answer(
                request, origin: log, logKeys: found.keys, latest: latest, time: time)
            try found.check(answer.checkpoint)
            let note = try plain(request.note, of: found.keys) + answer.body
            return (note, (answer, note))
        }
    }

    /// A note with the log's own signatures and no others.
    static func plain(_ note: [UInt8], of keys: [NoteVerifier]) throws -> [UInt8] {
        let signed = try SignedNote(note)
        return signed.keeping { signature in keys.contains { $0.signed(signature) } }
    }

    /// The log as its witness knows it; nil where no entry has introduced its key yet.
    private func witnessed(_ log: String) throws -> WitnessedLog? {
        if try isForked(log) { throw Self.forked(log) }
        guard let key = try logKey(log) else { return nil }
        let reader = try reader(of: log)
        return WitnessedLog(keys: [key]) { checkpoint in
            guard checkpoint.size <= reader.size else { return }
            let held = try reader.root(at: checkpoint.size)
            if held != checkpoint.root {
                throw WitnessRefusal.otherRoot(
                    size: checkpoint.size, cosigned: held, received: checkpoint.root)
            }
        }
    }

    /// The key that signs a log's checkpoints; nil where no entry has introduced it yet.
    func logKey(_ log: String) throws -> NoteVerifier? {
        let (member, dataset) = try Self.parts(of: log)
        let state = try mergedState(dataset)
        let key = state.number(member).flatMap { state.logKeys[$0] }
        return try key.map { try NoteVerifier(name: log, publicKey: $0) }
    }

    /// Whose cosignatures of a dataset's logs are wanted, with their keys; the owner of a log is no witness of it.
    ///
    /// Where there is room for some only, those whom the steward's policy names come first, then the other
    /// members, then those who were members; among these by origin, which only the steward can choose.
    ///
    /// - Parameter names: Those who matter; nil for all. Where there are so many that some are dropped, all matter.
    func witnessRoster(
        _ dataset: DatasetID, of log: Origin? = nil, among names: Set<String>? = nil
    ) throws -> WitnessRoster {
        let state = try mergedState(dataset)
        let (keys, membership) = (state.witnessKeys, state.membership)
        let policy = Set(membership.witnessPolicy?.members ?? [])
        var numbers = Array(keys.keys)
        if let names, numbers.count <= CosignatureSet.organisationsMax {
            numbers = names.compactMap { (try? Origin($0)).flatMap { state.number($0) } }
        }
        let organisations = numbers.compactMap {
            number -> (tier: Int, origin: Origin, keys: [[UInt8]])? in
            guard let origin = state.logs[number]?.origin, origin != log, let keys = keys[number]
            else { return nil }
            let tier = policy.contains(origin) ? 0 : membership.isMember(origin) ? 1 : 2
            return (tier, origin, keys)
        }
        return WitnessRoster(
            organisations.sorted { ($0.tier, $0.origin) < ($1.tier, $1.origin) }.map {
                .init(name: $0.origin.description, keys: $0.keys)
            })
    }

    // MARK: Keeping

    /// The newest checkpoint of a held log with the cosignatures that are known for it.
    func cosignedCheckpoint(_ reader: LogReader, _ log: String) throws -> [UInt8] {
        let (member, dataset) = try Self.parts(of: log)
        return try CosignedCheckpoint.readable(directory: reader.directory)
            .cosigned(reader.checkpoint, by: witnessRoster(dataset, of: member))
    }

    /// Takes the cosignatures under a checkpoint of a log that is held so far.
    ///
    /// - Returns: True if something was new.
    @discardableResult
    func take(cosignatures note: [UInt8]) throws -> Bool {
        let signed = try SignedNote(note)
        let checkpoint = try Checkpoint(text: signed.text)
        let (member, dataset) = try Self.parts(of: checkpoint.origin)
        let reader = try reader(of: checkpoint.origin)
        guard signed.signatures.count > 1, checkpoint.size <= reader.size,
            checkpoint.size > 0, !(try isForked(checkpoint.origin)),
            try reader.root(at: checkpoint.size) == checkpoint.root,
            let key = try logKey(checkpoint.origin)
        else { return false }
        let witnesses = try witnessRoster(
            dataset, of: member, among: Set(signed.signatures.map(\.name)))
        let latest = now() + Self.clockToleranceSeconds
        return try CosignedCheckpoint.update(
            directory: reader.directory, lockTimeoutSeconds: Home.lockTimeoutSeconds
        ) {
            try $0.add(note, log: key, witnesses: witnesses, latest: latest)
        }
    }

    private func takeOwn(_ note: [UInt8], of checkpoint: Checkpoint) throws {
        let (member, dataset) = try Self.parts(of: checkpoint.origin)
        // Our own key may not stand in our log yet: a reader writes nothing.
        guard member != home.origin, try home.members(of: dataset).contains(member) else { return }
        try take(cosignatures: note)
    }
}
