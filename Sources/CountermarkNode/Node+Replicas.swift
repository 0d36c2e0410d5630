import AnnotationModel
import CompanyHome
import DatasetReading
import Foundation
import LogStorage
import PlainErrors
import Provenance
import Replication
import SharedStore
import Signing
import TransparencyLog

/// What a node tells a partner of one log.
public struct LogOffer: Codable, Sendable, Hashable {
    /// The log's name, `member/owner/dataset`.
    public let origin: String
    /// The number of entries.
    public let size: UInt64
    /// The newest checkpoint, a signed note.
    public let checkpoint: String
    /// Smaller checkpoints at which a transfer has to stop, so that they can be passed on: the log's readers
    /// change behind them.
    public var bounds: [String]?
    /// True where the checkpoint comes without the cosignatures that are known: there are too many logs.
    public var plain: Bool?
    /// On a watch: the size after which ``entries`` go on.
    public var from: UInt64?
    /// On a watch, where they are few: the entries up to `size` as a bundle holds them, in Base64.
    public var entries: String?

    /// What a watch puts into one line at most, in bytes of the bundle.
    static let inlineBytesMax = 32_768

    /// A batch of the entries that came along, if they go on from a size.
    func inlined(from held: UInt64) throws -> EntryBatch? {
        guard from == held, let entries, let bundle = Data(base64Encoded: entries) else {
            return nil
        }
        var batch = EntryBatch()
        var hasher = TreeHasher()
        try bundle.withUnsafeBytes { bytes in
            try EntryBundle.forEachEntry(bytes) { _, entry in
                try batch.append(entry, leaf: hasher.leaf(entry))
            }
        }
        return batch
    }
}

/// What a node tells a partner of all logs.
struct LogList: Codable, Sendable {
    /// The logs that the partner may read.
    let logs: [LogOffer]
    /// The datasets from which the steward has cut the partner.
    var ended: [EndedMembership]?
}

/// That a partner's part in a dataset has ended: it is served nothing of it any more, but may still bring
/// what it wrote before.
struct EndedMembership: Codable, Sendable {
    /// The dataset.
    let dataset: String
    /// The first entry of the partner's log that does not count.
    let index: UInt64
    /// How much of the partner's log is held.
    let size: UInt64
}

extension Node {
    /// True if an organisation takes part in a dataset.
    public func mayRead(_ dataset: DatasetID, _ org: Origin) throws -> Bool {
        if org == home.origin { return true }
        return try mergedState(dataset).membership.isMember(org)
    }

    /// True if an organisation may read one log of a dataset: a member within the log's audience.
    func mayRead(_ member: Origin, _ dataset: DatasetID, by org: Origin) throws -> Bool {
        if org == home.origin { return true }
        return Offering.mayRead(
            member, by: org, own: home.origin, state: try mergedState(dataset))
    }

    /// True if an organisation may bring entries of a log: any reader of it, and the log's own company
    /// even after a cut, since what it wrote before the cut counts.
    func mayBring(_ member: Origin, _ dataset: DatasetID, _ org: Origin) throws -> Bool {
        Offering.mayBring(member, by: org, state: try mergedState(dataset))
    }

    /// All that a partner is told of logs.
    ///
    /// - Parameter onFailure: Learns which log or dataset cannot be told of; the others are.
    func list(
        for org: Origin, onFailure: (String, any Error) -> Void = { _, _ in }
    ) throws -> LogList {
        var ended: [EndedMembership] = []
        for dataset in try home.datasets() {
            do {
                let state = try mergedState(dataset)
                guard let cut = state.membership.members[org]?.cutIndex else { continue }
                ended.append(
                    EndedMembership(
                        dataset: dataset.description, index: cut,
                        size: state.progress(org)?.stored ?? 0))
            } catch {
                onFailure("\(dataset)", error)
            }
        }
        return LogList(
            logs: LogOffer.told(try offers(to: org, onFailure: onFailure)),
            ended: ended.isEmpty ? nil : ended)
    }

    /// The logs that an organisation may read, the stewards' first: what counts is decided there.
    ///
    /// - Parameter onFailure: Learns which log or dataset cannot be offered; the others are.
    public func offers(
        to org: Origin, onFailure: (String, any Error) -> Void = { _, _ in }
    ) throws -> [LogOffer] {
        var offers: [LogOffer] = []
        for dataset in try home.datasets() {
            do {
                guard try mayRead(dataset, org) else { continue }
                var found: [LogOffer] = []
                let held = try home.members(of: dataset)
                let members = Offering.logs(
                    to: org, held: held, own: home.origin, state: try mergedState(dataset))
                for member in held {
                    do {
                        let offer =
                            members.contains(member)
                            ? try offer(member, dataset)
                            : try beginningOffer(member, dataset, to: org)
                        if let offer { found.append(offer) }
                    } catch {
                        onFailure("\(member)/\(dataset)", error)
                    }
                }
                offers += Self.sorted(found, dataset)
            } catch {
                onFailure("\(dataset)", error)
            }
        }
        // The owner learns what was joined and is not here yet: it may have to dial.
        for dataset in try home.awaited(from: org) {
            offers.append(LogOffer(origin: "\(org)/\(dataset)", size: 0, checkpoint: ""))
        }
        return offers
    }

    /// Offers of a dataset's logs, the steward's first.
    static func sorted(_ offers: [LogOffer], _ dataset: DatasetID) -> [LogOffer] {
        let first = "\(dataset.owner)/\(dataset)"
        return offers.sorted {
            ($0.origin == first ? 0 : 1, $0.origin) < ($1.origin == first ? 0 : 1, $1.origin)
        }
    }

    /// What an organisation that is kept out of a log is offered of it; nil for nothing.
    func beginningOffer(
        _ member: Origin, _ dataset: DatasetID, to org: Origin
    ) throws -> LogOffer? {
        try beginning(of: member, dataset, for: org).map {
            LogOffer(
                origin: "\(member)/\(dataset)", size: $0.size,
                checkpoint: String(decoding: $0.note, as: UTF8.self))
        }
    }

    /// All that is held of a log; nil where nothing is.
    func offer(_ member: Origin, _ dataset: DatasetID) throws -> LogOffer? {
        let reader = try home.log(member, dataset)
        guard reader.size > 0 else { return nil }
        let name = "\(member)/\(dataset)"
        var offer = LogOffer(
            origin: name, size: reader.size,
            checkpoint: String(decoding: try cosignedCheckpoint(reader, name), as: UTF8.self))
        let bounds = try bounds(of: name).filter { $0.size < reader.size }
        if !bounds.isEmpty {
            offer.bounds = bounds.map { String(decoding: $0.note, as: UTF8.self) }
        }
        return offer
    }

    /// The parts of a log's name.
    static func parts(of log: String) throws -> (member: Origin, dataset: DatasetID) {
        let name = try LogOrigin(log)
        return (try Origin(name.member), try DatasetID(name.dataset))
    }

    /// Verifies entries of another organisation's log and stores them under its checkpoint.
    ///
    /// Nothing is kept unless all of it holds: the form, every signature on all cores, and the
    /// checkpoint's root over what is here and what came. Entries are staged piece by piece, so a log of
    /// any length takes the memory of one piece.
    ///
    /// It is long because the order of its steps is the promise: nothing is published before all of it holds.
    ///
    /// - Parameters:
    ///   - checkpoint: The note that covers exactly these entries.
    ///   - isTakingBack: Whether it is this organisation's own log, some of which a restore lost.
    ///   - verified: What was found out about all of these entries as they came; they are not verified again
    ///     unless something has changed since.
    ///   - open: The log, which the caller has locked, where the entries come out of the company's own store.
    ///   - pieces: Calls its argument with the entries from `from` on, batch by batch.
    /// - Returns: The number of operations stored.
    @discardableResult
    func accept(
        _ log: String, from: UInt64, checkpoint: [UInt8], isTakingBack: Bool = false,
        verified: VerifiedRun? = nil, into open: LogWriter? = nil,
        pieces: ((EntryBatch) throws -> Void) throws -> Void
    ) throws -> Int {
        let (member, dataset) = try Self.parts(of: log)
        do {
            try Admission.require(
                situation(log, held: reader(of: log).size, isTakingBack: isTakingBack), of: member)
            let (key, verifier) = try keyedVerifier(member, dataset)
            var known = verified?.key == key ? verified : nil
            var last = known?.piece
            let writer = try open ?? writer(of: member, dataset)
            defer { if open == nil { writer.close() } }
            var admission = try Admission(
                from: from, checkpoint: checkpoint, verifier: verifier,
                situation: situation(log, held: writer.size, isTakingBack: isTakingBack))
            do {
                let ticker = ticker()
                ticker.begin(
                    .checking,
                    of: Int(
                        clamping: Int64(clamping: try Self.size(of: checkpoint))
                            - Int64(clamping: from)))
                try pieces { batch in
                    try ticker.count(batch.count)
                    try admission.admit(batch.count) { from, verifier in
                        guard let run = known else {
                            let piece = HeldPiece(batch, from: from)
                            last = piece
                            return try piece.verify(&verifier)
                        }
                        defer { known?.operations = 0 }
                        verifier = run.verifier
                        return run.operations
                    }
                    try writer.stage(batch)
                }
                try admission.conclude(size: admission.size, root: writer.stagedRoot)
                // Cosignatures are kept apart: the log's checkpoint is what its own key signed.
                let keys = try admission.verifier.logKey.map {
                    [try NoteVerifier(name: log, publicKey: $0)]
                }
                let plain = try Self.plain(checkpoint, of: keys ?? [])
                let begun = ContinuousClock.now
                try writer.publish { _, _ in
                    if open == nil { try share(log, writer, under: plain) }
                    return plain
                }
                meter?.noteAppend(.now - begun)
                newest = last.map { (log, $0) }
                if isTakingBack {
                    try home.signedHeads(dataset).keep(plain, size: writer.size, isOwn: true)
                }
            } catch {
                writer.discardStaged()
                throw error
            }
            try keepBound(log)
            if open != nil { return admission.operations }
            // Whoever names keys writes to the own log, and holds no other one.
            writer.close()
            if dataset.owner == home.origin {
                toName.insert(dataset)
                if !isNamingHeld { nameWhatCame() }
            }
            return admission.operations
        } catch let refusal as Admission.Refusal {
            throw NodeError(refusal, log: log, member: member)
        } catch is LogMoved {
            guard let refusal = try takenByAnother(log, checkpoint) else { return 0 }
            throw NodeError(refusal, log: log, member: member)
        }
    }

    /// What is known of a log that entries are meant for.
    func situation(
        _ log: String, held: UInt64, isTakingBack: Bool
    ) throws -> Admission.Situation {
        let (member, dataset) = try Self.parts(of: log)
        return Admission.Situation(
            own: home.origin, held: held, forkedAt: try forks().prefix(of: log),
            pinnedKey: try pinnedLogKey(member, dataset), isTakingBack: isTakingBack)
    }

    /// The log key that an organisation's logs have to introduce: this node's own, the one pinned by hand, or the one
    /// that the steward has named.
    func pinnedLogKey(_ member: Origin, _ dataset: DatasetID) throws -> [UInt8]? {
        if member == home.origin { return try home.logKey().verificationKey.ed25519Bytes }
        // A key that was pinned by hand and cannot be read is not one that was not pinned.
        if let vkey = try home.partner(member)?.vkey {
            return try NoteVerifier(vkey: vkey).publicKey
        }
        return try mergedState(dataset).membership.members[member]?.logKeys.last?.key
    }

    func logVerifier(_ member: Origin, _ dataset: DatasetID) throws -> LogVerifier {
        try keyedVerifier(member, dataset).verifier
    }

    /// A log's verifier, and all that it depends on.
    func keyedVerifier(
        _ member: Origin, _ dataset: DatasetID
    ) throws -> (key: LogVerifierKey, verifier: LogVerifier) {
        let state = try mergedState(dataset)
        let number = state.number(member) ?? 0
        let (chains, logKey) = (state.chains[number] ?? [], state.logKeys[number])
        let key = LogVerifierKey(
            member: member, dataset: dataset, keys: chains.count, governed: state.governed,
            trusted: home.trustChanged())
        if let known = verifiers[key] { return (key, known) }
        var verifier = LogVerifier(
            member: member, dataset: dataset, roots: try roots(of: member, dataset))
        for chain in chains { try verifier.trust(chain: chain, logKey: logKey) }
        if verifiers.count >= Self.verifiersMax { verifiers.removeAll() }
        verifiers[key] = verifier
        return (key, verifier)
    }

    /// A reader of a held log, by the log's name.
    func reader(of log: String) throws -> LogReader {
        let (member, dataset) = try Self.parts(of: log)
        return try home.log(member, dataset)
    }

    /// An offer with its newest entries, where they are few.
    func inline(_ offer: LogOffer, from: UInt64) throws -> LogOffer {
        var bundle: [UInt8] = []
        try reader(of: offer.origin).forEachEntry(from: from, to: offer.size) { _, entry in
            try EntryBundle.append(entry, to: &bundle)
            return bundle.count <= LogOffer.inlineBytesMax
        }
        let passesBound = try bounds(of: offer.origin).contains {
            from < $0.size && $0.size < offer.size
        }
        if bundle.count > LogOffer.inlineBytesMax || passesBound { return offer }
        var offer = offer
        offer.bounds = nil
        offer.from = from
        offer.entries = Data(bundle).base64EncodedString()
        return offer
    }
}
