import AnnotationModel
import CompanyHome
import Foundation
import LogStorage
import PlainErrors
import Provenance
import Signing
import TransparencyLog

/// What this organisation's key is known to have signed of one of its logs.
struct KnownOwnHead {
    /// Who knows it.
    enum Source {
        /// This home alone: its record, or its label table.
        case here
        /// Somebody else has it: a partner showed, cosigned or cited it.
        case elsewhere
    }

    let size: UInt64
    /// Nil where only the number of entries is known.
    let root: Digest?
    /// The signed note, where it is at hand.
    let note: [UInt8]
    let source: Source
}

extension Node {
    /// The verifier of this organisation's own checkpoints.
    func ownVerifier(_ dataset: DatasetID) throws -> NoteVerifier {
        try NoteVerifier(
            name: "\(home.origin)/\(dataset)",
            publicKey: try home.logKey().verificationKey.ed25519Bytes ?? [])
    }

    // MARK: What was signed

    /// All that this home can know to have signed of its own log: its record, the label table, partners'
    /// cosignatures, its own witness register, and what others have cited.
    func knownOwnHeads(_ dataset: DatasetID) throws -> [KnownOwnHead] {
        let key = try ownVerifier(dataset)
        func known(_ note: [UInt8], _ source: KnownOwnHead.Source) -> KnownOwnHead? {
            guard let checkpoint = try? Checkpoint.open(note, verifier: key, origin: key.name)
            else { return nil }
            let plain = (try? Self.plain(note, of: [key])) ?? note
            return .init(
                size: checkpoint.size, root: checkpoint.root, note: plain, source: source)
        }
        var heads: [KnownOwnHead] = []
        for head in try home.signedHeads(dataset).all() where head.size > 0 {
            let source = head.isOwn ? KnownOwnHead.Source.here : .elsewhere
            // A damaged file's name still counts.
            heads.append(
                known(head.note, source)
                    ?? .init(size: head.size, root: nil, note: [], source: source))
        }
        let folder = home.logFolder(home.origin, dataset)
        let cosigned = try NodeError.unlessDamaged {
            try CosignedCheckpoint.read(directory: folder).entries
        }
        if let entry = cosigned?.max(by: { $0.size < $1.size }),
            let found = known(entry.note(with: []), .elsewhere)
        {
            heads.append(found)
        }
        let witnessed = try NodeError.unlessDamaged {
            try home.witnessRegister.latest(of: key.name)
        }
        if let note = witnessed ?? nil, let found = known(note, .elsewhere) {
            heads.append(found)
        }
        return heads + (try ownHeadsInTable(dataset))
    }

    private func ownHeadsInTable(_ dataset: DatasetID) throws -> [KnownOwnHead] {
        let state = try mergedState(dataset)
        // Others may wait for entries of a log of which none is here any more.
        guard let number = state.number(home.origin) else { return [] }
        let waits = state.logs.values.compactMap { log in
            log.waiting.flatMap { $0.log == number ? $0.size : nil }
        }
        let own = state.progress(home.origin)
        let merged = max(own?.stored ?? 0, own?.applied ?? 0)
        let cited = max(own?.citedSize ?? 0, waits.max() ?? 0)
        return [
            .init(size: merged, root: nil, note: [], source: .here),
            .init(size: cited, root: nil, note: [], source: .elsewhere),
        ].filter { $0.size > 0 }
    }

    /// Keeps a checkpoint of an own log that somebody else has, if this organisation's key signed it: from then
    /// on not even its operator can say that the entries never left this home.
    ///
    /// - Returns: What it covers; nil if the key did not sign it.
    @discardableResult
    func noteShown(_ note: [UInt8], _ dataset: DatasetID) throws -> Checkpoint? {
        let key = try ownVerifier(dataset)
        guard let checkpoint = try? Checkpoint.open(note, verifier: key, origin: key.name) else {
            return nil
        }
        let heads = home.signedHeads(dataset)
        if try !heads.all().contains(where: { !$0.isOwn && $0.size >= checkpoint.size }) {
            try heads.keep(
                try Self.plain(note, of: [key]), size: checkpoint.size, isOwn: false)
        }
        return checkpoint
    }

    /// The same of a head that another organisation's entry cites.
    func noteCited(_ head: Head, _ dataset: DatasetID, held: UInt64) throws {
        guard head.origin == home.origin, head.size > held, let root = Digest(head.root),
            let key = try? ownVerifier(dataset)
        else { return }
        let text = Checkpoint(origin: key.name, size: head.size, root: root).text
        let line = Base64.encode(key.keyID + head.signature)
        try noteShown(Array("\(text)\n\u{2014} \(key.name) \(line)\n".utf8), dataset)
    }

    // MARK: Opening

    /// Opens this organisation's own log to write to it, or to take entries back.
    ///
    /// A checkpoint that is lost or older than the files beside it is brought back from what was recorded, before
    /// anything of these files is removed.
    func ownWriter(_ dataset: DatasetID) throws -> LogWriter {
        let key = try home.logKey().verificationKey.ed25519Bytes ?? []
        return try LogWriter(
            directory: home.logFolder(home.origin, dataset),
            lockTimeoutSeconds: Home.lockTimeoutSeconds, edges: (home.knownEdges, key)
        ) { try bringCheckpointBack(dataset) }
    }

    /// Opens a log to add to it.
    func writer(of member: Origin, _ dataset: DatasetID) throws -> LogWriter {
        if member == home.origin { return try ownWriter(dataset) }
        return try LogWriter(
            directory: home.logFolder(member, dataset), lockTimeoutSeconds: Home.lockTimeoutSeconds,
            edges: (home.knownEdges, []))
    }

    private func bringCheckpointBack(_ dataset: DatasetID) throws {
        let folder = home.logFolder(home.origin, dataset)
        let key = try ownVerifier(dataset)
        let present = try NodeError.unlessDamaged { try home.log(home.origin, dataset) }
        let isSigned = present.map { reader in
            reader.size == 0
                || (try? Checkpoint.open(reader.checkpoint, verifier: key, origin: key.name)) != nil
        }
        let held = isSigned == true ? present?.size ?? 0 : 0
        let last = try knownOwnHeads(dataset).filter { !$0.note.isEmpty }
            .max { $0.size < $1.size }
        if let last, last.size > held {
            let whole = try LogReader(directory: folder, under: last.note)
            let isWhole = try NodeError.unlessDamaged {
                try whole.forEachEntry(from: 0, to: whole.size) { _, _ in true }
                return true
            }
            if isWhole == true {
                return try DurableFile.replace(folder + "/checkpoint", with: last.note)
            }
        }
        if isSigned != true {
            // With another key in the home the checkpoint is not what is damaged.
            try requireLogKey(dataset, key.publicKey)
            throw LogStorageError.damaged(
                path: folder + "/checkpoint", why: "this organisation's key has not signed it")
        }
        let hasEntries = try DurableFile.isThere(folder + "/tile/entries")
        if held == 0, hasEntries,
            try !home.signedHeads(dataset).all().contains(where: { $0.size == 0 })
        {
            throw LogStorageError.damaged(
                path: folder + "/checkpoint", why: "it is missing, and entries lie beside it")
        }
    }

    /// Throws where a write could give a place in this organisation's log to a second entry.
    ///
    /// - Parameter writer: The log, open; the label table has merged what is here.
    func requireOwnHistory(_ dataset: DatasetID, _ writer: LogWriter) throws {
        let log = "\(home.origin)/\(dataset)"
        for head in try knownOwnHeads(dataset).sorted(by: { $0.size > $1.size }) {
            if head.size > writer.size {
                if mayWriteUnchecked, head.source == .here, home.company == nil { continue }
                throw behind(log, held: writer.size, head)
            }
            guard let root = head.root else { continue }
            let here =
                head.size == writer.size
                ? writer.root : try LogReader(directory: writer.directory).root(at: head.size)
            if here != root {
                throw NodeError(
                    .ownLogDiffers,
                    "the first \(head.size) entries of \(log) are not those that its key has signed",
                    hint: "run countermark verify, then countermark repair; nothing was written")
            }
        }
        try requireHeard(dataset)
        // What the label table knows of entries that are gone for good would keep new ones from it.
        let merged = try mergedState(dataset).progress(home.origin)?.stored ?? 0
        if mayWriteUnchecked, merged > writer.size {
            try makeAnew(dataset, isPatient: true)
        }
    }

    private func behind(_ log: String, held: UInt64, _ head: KnownOwnHead) -> NodeError {
        let lost = head.size - held
        let isElsewhere = head.source == .elsewhere
        return NodeError(
            .ownLogBehind,
            "\(held) entries of \(log) are here, and its key has signed \(head.size)"
                + (isElsewhere ? ", which a partner knows" : ""),
            hint: "run countermark sync, or wait for a partner that dials this node, and "
                + (lost == 1 ? "the last one comes back" : "the last \(lost) come back")
                + "; or run countermark repair --from BACKUP"
                + (isElsewhere ? "" : "; --offline if they never left this home")
                + "; nothing was written")
    }

    /// Throws unless the home is where it was, or partners were asked since.
    private func requireHeard(_ dataset: DatasetID) throws {
        let place = home.place(for: dataset)
        if place == .holds { return }
        if mayWriteUnchecked { return try home.settle() }
        if try home.isLost(dataset) { throw Self.lost("\(home.origin)/\(dataset)") }
        if try !home.hasPartners() { return try home.settle() }
        let known = Hearing(home).known
        let missing = try home.partnersToHear().subtracting(known.heard).sorted()
        let whom =
            place == .moved && !known.heard.isEmpty && !missing.isEmpty
            ? "; asked: \(known.heard.sorted().joined(separator: ", ")), not yet: "
                + missing.joined(separator: ", ")
            : ""
        throw NodeError(
            .notChecked,
            (place == .moved
                ? "\(home.path) was copied, moved or restored"
                : "the machine was started, or its disk mounted, anew")
                + ", and no partner was asked since whether it has newer entries of "
                + "\(home.origin)" + whom,
            hint: "run countermark sync, or wait for a partner that dials this node; or give "
                + "--offline, if you are sure that no newer entry of this organisation ever left: "
                + "otherwise its log forks")
    }

    private static func lost(_ log: String) -> NodeError {
        NodeError(
            .ownLogLost,
            "nothing of \(log) is here any more, and what lies in this home says that its key "
                + "has signed entries of it; no partner was asked since how many",
            hint: "run countermark sync, or wait for a partner that dials this node: what it has "
                + "comes back; or restore a backup; or give --offline, if you are sure that no "
                + "entry ever left this home: otherwise its log forks; nothing was written")
    }

    // MARK: Hearing partners

    /// Takes note that a partner has told all that it holds of this organisation's logs, and that it is here.
    func noteHeard(_ partner: Origin) throws {
        switch home.place {
        case .holds: return
        case .restarted: try home.settle()
        case .moved: try noteAsked(heard: [partner.description])
        }
    }

    /// Takes note that a partner could not be reached: it is not waited for, if another one was heard.
    func noteUnreached(_ partner: Origin) throws {
        if home.place == .moved { try noteAsked(unreached: [partner.description]) }
    }

    private func noteAsked(heard: Set<String> = [], unreached: Set<String> = []) throws {
        let hearing = Hearing(home)
        let known = hearing.known
        let all = (
            heard: known.heard.union(heard),
            unreached: known.unreached.union(unreached).subtracting(heard)
        )
        let missing = try home.partnersToHear().subtracting(all.heard).subtracting(all.unreached)
        if !all.heard.isEmpty, missing.isEmpty { return try home.settle() }
        if all != known { try hearing.note(heard: all.heard, unreached: all.unreached) }
    }
}
