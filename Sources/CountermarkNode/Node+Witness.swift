import AnnotationModel
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
    /// After this time a witness is asked again, so that its word about an unchanged log stays fresh.
    static let cosignatureLifeSeconds: Int64 = 86_400

    // MARK: Cosigning

    /// Answers a request to this organisation's witness (C2SP tlog-witness, "add-checkpoint").
    ///
    /// - Throws: ``WitnessRefusal``, or ``NodeError`` for a log that has forked.
    func addCheckpoint(_ body: [UInt8], caller: Origin) throws -> WitnessAnswer {
        let (answer, note) = try Self.cosign(
            body, by: try witness(), in: home.witnessRegister, time: now()
        ) { log in
            guard let (member, dataset) = try? Self.parts(of: log),
                home.members(of: dataset).contains(member),
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
        return try register.cosign(log, lockTimeoutSeconds: lockTimeoutSeconds) { latest in
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
        let key = try read(dataset) { merge in
            merge.state.number(member).flatMap { merge.state.logKeys[$0] }
        }
        return try key.map { try NoteVerifier(name: log, publicKey: $0) }
    }

    /// The keys with which the members of a dataset cosign; the owner of a log is no witness of it.
    func witnessKeys(_ dataset: DatasetID, of log: Origin? = nil) throws -> [NoteVerifier] {
        let keys = try read(dataset) { merge in
            merge.state.witnessKeys.flatMap { number, keys -> [(Origin, [UInt8])] in
                guard let origin = merge.state.logs[number]?.origin, origin != log else {
                    return []
                }
                return keys.map { (origin, $0) }
            }
        }
        return keys.compactMap {
            // A key that is no Ed25519 key can have signed nothing.
            try? NoteVerifier(name: $0.0.description, kind: .cosignature, publicKey: $0.1)
        }
    }

    // MARK: Keeping

    /// The newest checkpoint of a held log with the cosignatures that are known for it.
    func cosignedCheckpoint(_ reader: LogReader) throws -> [UInt8] {
        try CosignedCheckpoint.read(directory: reader.directory).cosigned(reader.checkpoint)
    }

    /// Takes the cosignatures under a checkpoint of a log that is held so far.
    ///
    /// - Returns: True if something was new.
    @discardableResult
    func take(cosignatures note: [UInt8]) throws -> Bool {
        let checkpoint = try Checkpoint(text: try SignedNote(note).text)
        let (member, dataset) = try Self.parts(of: checkpoint.origin)
        let reader = try reader(of: checkpoint.origin)
        guard try SignedNote(note).signatures.count > 1, checkpoint.size <= reader.size,
            checkpoint.size > 0, !(try isForked(checkpoint.origin)),
            try reader.root(at: checkpoint.size) == checkpoint.root,
            let key = try logKey(checkpoint.origin)
        else { return false }
        let witnesses = try witnessKeys(dataset, of: member)
        let moments = try endsOfCertificates(member, dataset)
        let latest = now() + Self.clockToleranceSeconds
        return try CosignedCheckpoint.update(
            directory: reader.directory, lockTimeoutSeconds: Self.lockTimeoutSeconds
        ) {
            try $0.add(note, log: key, witnesses: witnesses, latest: latest, moments: moments)
        }
    }

    private func takeOwn(_ note: [UInt8], of checkpoint: Checkpoint) throws {
        let (member, dataset) = try Self.parts(of: checkpoint.origin)
        // Our own key may not stand in our log yet: a reader writes nothing.
        guard member != home.origin, home.members(of: dataset).contains(member) else { return }
        try take(cosignatures: note)
    }

    /// When the certificates of a log end: only what was cosigned before shows that an entry was in time.
    private func endsOfCertificates(_ member: Origin, _ dataset: DatasetID) throws -> [Int64] {
        try read(dataset) { merge in
            merge.state.number(member).map { merge.state.keys(of: $0).values.map(\.notAfter) } ?? []
        }
    }
}
