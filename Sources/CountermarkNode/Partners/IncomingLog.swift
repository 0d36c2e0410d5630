import AnnotationModel
import HTTPTypes
import LogStorage
import PartnerNet
import PlainErrors
import Provenance
import Replication
import Signing
import Synchronization
import TransparencyLog

/// What was found out about entries before all of them were here, so that it need not be done twice.
struct VerifiedRun {
    /// What the verdict depends on.
    let key: LogVerifierKey
    /// What the log has introduced, these entries included.
    var verifier: LogVerifier
    /// The operations in them.
    var operations = 0
    /// The last of them, as they were verified; nil where they lie on the disk.
    var piece: HeldPiece?
}

/// A part of a log on its way to this node, pushed or fetched.
///
/// The checkpoint comes first, and its signature is checked before anything is kept: at once where the log's
/// key is known, else with the first entry, which has to introduce it. Entries are verified piece by piece as they
/// come, and only then put on the disk. So all that waits there was signed by the log's company. The last piece stays
/// in memory: few entries go from the connection into the log, and nowhere else. Used on the queue of the node that is
/// handed over.
final class IncomingLog {
    /// The log's name.
    let log: String
    /// The first entry that comes.
    let from: UInt64
    /// The entries that the checkpoint covers.
    let size: UInt64
    /// How many of them are here.
    private(set) var count: UInt64
    /// The checkpoint's note.
    let note: [UInt8]
    let isTakingBack: Bool
    private(set) var verified: VerifiedRun

    private let partner: Origin
    private let spools: SpoolAccount
    private let path: String
    /// Pieces that wait for the last one; nil while there is none.
    private var spool: EntrySpool?
    private var spooledBytes = 0
    private var isRemoved = false
    private var isAuthentic = false
    private var batch = EntryBatch()
    private var batchStart: UInt64
    private var hasher = TreeHasher()
    /// The beginning of an entry of which the rest has not come.
    private var rest: [UInt8] = []

    /// Begins with a checkpoint.
    ///
    /// - Throws: ``NodeError`` or what is wrong with the checkpoint; nothing is kept then.
    init(
        _ log: String, from: UInt64, note: [UInt8], isTakingBack: Bool, partner: Origin,
        path: String, spools: SpoolAccount, node: Node
    ) throws {
        let (member, dataset) = try Node.parts(of: log)
        let checkpoint = try Checkpoint(text: try SignedNote(note).text)
        guard checkpoint.origin == log else {
            throw TransparencyLogError.otherOrigin(expected: log, found: checkpoint.origin)
        }
        guard checkpoint.size > from, checkpoint.size <= PartnerLimits.logEntries else {
            throw NodeError(
                Admission.Refusal.wrongCheckpoint(covers: checkpoint.size, here: from), log: log,
                member: member)
        }
        do {
            try Admission.require(
                try node.situation(log, held: from, isTakingBack: isTakingBack), of: member)
        } catch let refusal as Admission.Refusal {
            throw NodeError(refusal, log: log, member: member)
        }
        let (key, verifier) = try node.keyedVerifier(member, dataset)
        (self.log, self.from, self.note, self.isTakingBack) = (log, from, note, isTakingBack)
        (size, count, batchStart) = (checkpoint.size, from, from)
        (self.partner, self.spools, self.path) = (partner, spools, path)
        verified = VerifiedRun(key: key, verifier: verifier)
        if let known = try verifier.logKey ?? node.pinnedLogKey(member, dataset) {
            try Self.authenticate(note, log, known)
            isAuthentic = true
        }
    }

    private static func authenticate(_ note: [UInt8], _ log: String, _ key: [UInt8]) throws {
        _ = try Checkpoint.open(
            note, verifier: try NoteVerifier(name: log, publicKey: key), origin: log)
    }

    deinit { remove() }

    /// Forgets what has come; another transfer may use the same place then.
    func remove() {
        if isRemoved { return }
        isRemoved = true
        spool?.remove()
        spools.give(spooledBytes, of: partner)
        spooledBytes = 0
    }

    /// Takes the next bytes, wherever they are cut.
    ///
    /// - Throws: What is wrong with the entries; the transfer is then at its end.
    func add(_ bytes: some Collection<UInt8>, _ node: Node) throws {
        rest += bytes
        var offset = 0
        defer { rest.removeFirst(offset) }
        while rest.count - offset >= 2 {
            let length = Int(rest[offset]) << 8 | Int(rest[offset + 1])
            let end = offset + 2 + length
            guard end <= rest.count else { break }
            guard count < size else {
                let (member, _) = try Node.parts(of: log)
                throw NodeError(
                    Admission.Refusal.wrongCheckpoint(covers: size, here: count + 1), log: log,
                    member: member)
            }
            try rest.withUnsafeBytes {
                let entry = UnsafeRawBufferPointer(rebasing: $0[offset + 2..<end])
                try batch.append(entry, leaf: hasher.leaf(entry))
            }
            count += 1
            offset = end
            // Before the key is known nothing waits: the first entry has to bring it.
            if batch.bytes.count >= EntryBatch.bytesPerPiece || !isAuthentic { try keep(node) }
        }
    }

    /// Verifies the piece in memory.
    private func verify(_ node: Node) throws {
        let piece = HeldPiece(batch, from: batchStart)
        verified.operations += try piece.verify(&verified.verifier)
        verified.piece = piece
        if !isAuthentic {
            guard let key = verified.verifier.logKey else {
                let (member, _) = try Node.parts(of: log)
                throw NodeError(Admission.Refusal.noLogKey, log: log, member: member)
            }
            try Self.authenticate(note, log, key)
            isAuthentic = true
        }
        // In memory or not, it is about to take its room on the disk.
        try spools.take(batch.bytes.count, for: partner)
        spooledBytes += batch.bytes.count
    }

    /// Verifies the piece in memory and puts it on the disk: another one follows.
    private func keep(_ node: Node) throws {
        try verify(node)
        let spool = try spool ?? EntrySpool(path: path)
        self.spool = spool
        try batch.bytes.withUnsafeBytes { try spool.append($0) }
        batchStart = count
        batch = EntryBatch()
        verified.piece = nil
    }

    /// True if no entry is cut at this point.
    var isBetweenEntries: Bool { rest.isEmpty }

    /// Stores and merges the entries, all of which are here.
    ///
    /// - Returns: The number of operations stored.
    func accept(_ node: Node) throws -> Int {
        defer { remove() }
        if batch.count > 0 { try verify(node) }
        guard isBetweenEntries, count == size else {
            throw NodeError(
                .cutPush, "\(count) of \(size) entries of \(log) have come",
                hint: "send it again from its start")
        }
        return try node.accept(
            log, from: from, checkpoint: note, isTakingBack: isTakingBack, verified: verified
        ) { body in
            try spool?.forEachBatch(body)
            if batch.count > 0 { try body(batch) }
        }
    }
}

/// The pushes of one partner that are under way; used on the queue of its node.
final class IncomingPushes {
    /// One push.
    final class Push {
        /// Bytes of the body that are here.
        fileprivate(set) var received = 0
        /// The request that brings more of it; an older one is over.
        fileprivate(set) var ticket: UInt64 = 0
        /// The beginning of the body, until the checkpoint's note is whole.
        fileprivate var head: [UInt8] = []
        fileprivate(set) var incoming: IncomingLog?
        fileprivate var movedAt = ContinuousClock.now
        let from: UInt64

        fileprivate init(from: UInt64) { self.from = from }
    }

    /// A number that anybody may read.
    final class UnderWay: Sendable {
        private let number = Atomic<Int>(0)

        var count: Int { number.load(ordering: .relaxed) }

        fileprivate func set(_ count: Int) { number.store(count, ordering: .relaxed) }
    }

    private var pushes: [String: Push] = [:] {
        didSet { underWay.set(pushes.count) }
    }
    /// How many there are, for others than the node's queue.
    let underWay = UnderWay()
    private var tickets: UInt64 = 0

    /// A push that is under way; nil if there is none.
    subscript(log: String) -> Push? { pushes[log] }

    /// Begins a push anew.
    ///
    /// - Throws: ``Refusal`` where too many are under way.
    func begin(_ log: String, from: UInt64) throws {
        pushes[log] = nil
        dropOld()
        guard pushes.count < PartnerLimits.pushesPerPartner else {
            throw Refusal.busy(.tooManyPushes, "\(pushes.count) pushes are under way")
        }
        pushes[log] = Push(from: from)
    }

    /// Lets a request go on with a push; the one that did so before is over.
    func take(_ log: String) -> UInt64 {
        tickets += 1
        pushes[log]?.ticket = tickets
        return tickets
    }

    /// The push that a request goes on with.
    ///
    /// - Throws: ``Refusal`` if another request has taken its place.
    func push(_ log: String, _ ticket: UInt64) throws -> Push {
        guard let push = pushes[log], push.ticket == ticket else {
            throw Refusal(
                code: .superseded,
                message: "another request goes on with this push", isLast: true)
        }
        push.movedAt = .now
        return push
    }

    /// Ends a push.
    func end(_ log: String, _ ticket: UInt64) {
        if pushes[log]?.ticket == ticket { pushes[log] = nil }
    }

    func end(_ log: String) { pushes[log] = nil }

    /// Forgets pushes that have not gone on for long.
    func dropOld(at now: ContinuousClock.Instant = .now) {
        pushes = pushes.filter { now - $0.value.movedAt <= .seconds(PartnerLimits.pushSeconds) }
    }

    func dropAll() { pushes = [:] }
}

extension Push {
    /// Takes the next bytes of a push's body.
    ///
    /// - Parameter begin: Begins with a checkpoint's note.
    static func add(
        _ bytes: [UInt8], to push: IncomingPushes.Push, _ node: Node,
        begin: ([UInt8]) throws -> IncomingLog
    ) throws {
        guard push.received + bytes.count <= PartnerLimits.pushBytes else {
            throw NodeError(
                .tooLarge,
                "the push is larger than \(PartnerLimits.pushBytes) bytes",
                hint: "push at an earlier checkpoint first")
        }
        push.received += bytes.count
        if let incoming = push.incoming { return try incoming.add(bytes, node) }
        push.head += bytes
        guard let (note, entriesAt) = try note(of: push.head) else { return }
        let incoming = try begin(note)
        push.incoming = incoming
        let entries = push.head[entriesAt...]
        push.head = []
        try incoming.add(entries, node)
    }
}
