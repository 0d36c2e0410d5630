import AnnotationModel
import CompanyHome
import DatasetReading
import Foundation
import Glibc
import LogStorage
import PlainErrors
import Provenance
import Replication
import SharedStore
import Signing
import TransparencyLog

/// A node and the store that it shares with its company's other nodes: what it puts there, and what it takes.
///
/// The logs in the home are a copy, checked as what partners send is checked. Which node's entry has a place in a log
/// is decided by the log's row alone.
extension Node {
    /// How long a write begins again where others are faster.
    private static let repeatingSeconds = 60
    private static let pauseMilliseconds = 5.0
    private static let pauseMillisecondsMax = 500.0

    /// Runs a write, again where another node of this company was faster: what it goes by is looked at anew each time.
    ///
    /// - Throws: ``SharedStoreError/busy(log:seconds:)`` where others are faster for a minute.
    public func repeating<R>(_ body: () throws -> R) throws -> R {
        if repeater != nil || home.company == nil { return try body() }
        let name = UUID().uuidString
        repeater = name
        defer { repeater = nil }
        let end = ContinuousClock.now + .seconds(Self.repeatingSeconds)
        var pause = Self.pauseMilliseconds
        while true {
            let begun = ContinuousClock.now
            do {
                return try body()
            } catch let moved as LogMoved {
                guard ContinuousClock.now < end else {
                    throw SharedStoreError.busy(log: moved.log, seconds: Self.repeatingSeconds)
                }
                // Whose write takes long would lose for ever to those whose writes are short.
                let took = Int((ContinuousClock.now - begun) / .seconds(1))
                if let shared = try home.sharedLogs() {
                    try shared.table.takeTurn(
                        moved.log, for: name, seconds: min(2 * took + 2, Self.repeatingSeconds))
                }
            }
            try interruption?.check("before it was this node's turn to write")
            // Those who wait do not all come back at once.
            usleep(UInt32(Double.random(in: 0...pause) * 1_000))
            pause = min(2 * pause, Self.pauseMillisecondsMax)
        }
    }

    // MARK: Putting

    /// Puts what is staged in a log into the company's store, under the checkpoint that is about to be published.
    ///
    /// - Returns: False where the home has no store.
    /// - Throws: ``LogMoved`` where another node was faster, and nothing has changed; ``SharedStoreError``.
    @discardableResult
    func share(_ log: String, _ writer: LogWriter, under note: [UInt8]) throws -> Bool {
        try home.requireSameStore()
        guard let shared = try home.sharedLogs() else { return false }
        let reader = try LogReader(directory: writer.directory, under: note)
        try shared.append(
            log, from: writer.size, reader, isBound: try Self.changesReaders(reader),
            on: isWriting ? settledServer : nil)
        return true
    }

    /// That entries are in the store, and not in this home.
    func notKept(_ log: String, _ error: any Error) -> NodeError {
        NodeError(
            .logStorage,
            "what was said is written to \(log) in the store, and this home could not keep its copy: "
                + PlainError.line(error),
            hint: "mend that, and do not run the command again: see countermark history")
    }

    // MARK: The server

    /// Waits until nobody may have anything to give back to the store's server any more, and nobody else has asked to
    /// write next.
    func requireSettledStore(_ log: String) throws {
        guard let shared = try home.sharedLogs() else { return }
        settledServer = try noteServer(shared)
        // What is here is given back before others are waited for: they wait as long.
        if StoreMemory(home).secondsLeft > 0 { try bringUp() }
        let settled = ContinuousClock.now + .seconds(StoreMemory(home).secondsLeft)
        let end = settled + .seconds(Self.repeatingSeconds)
        while true {
            try interruption?.check("before it was this node's turn to write")
            if ContinuousClock.now >= settled {
                guard let turn = try shared.table.turn(of: log), turn != repeater else { return }
                if ContinuousClock.now >= end {
                    throw SharedStoreError.busy(log: log, seconds: Self.repeatingSeconds)
                }
            }
            usleep(50_000)
        }
    }

    @discardableResult
    private func noteServer(_ shared: SharedLogStore) throws -> StoreServer? {
        guard let server = try shared.table.server() else { return nil }
        if try StoreMemory(home).note(server) {
            warn(
                "the server of the store \(shared.address) is another one than before, or has gone back: "
                    + "nodes give back what it may lack, and write a few seconds later")
        }
        return server
    }

    /// Waits until a log in the company's store may have moved, or the time is over.
    func awaitNewsOfStore(milliseconds: Int) throws {
        try home.sharedLogs()?.table.waitForNews(milliseconds: milliseconds)
    }

    // MARK: Taking

    /// Brings the logs here up to what the company's store holds, and gives back what the store has lost.
    ///
    /// What concerns another organisation's log stands in ``untakenLogs`` and keeps nothing else back.
    ///
    /// - Parameters:
    ///   - only: One dataset; all if nil.
    ///   - own: This organisation's log of it, which the caller has locked.
    /// - Returns: Whether anything has moved here.
    /// - Throws: ``SharedStoreError``; ``NodeError`` where this organisation's own log in the store is another one.
    @discardableResult
    public func bringUp(_ only: DatasetID? = nil, own: LogWriter? = nil) throws -> Bool {
        guard let shared = try home.sharedLogs() else { return false }
        if own == nil { try noteServer(shared) }
        // Whom to trust comes before what they say, and proof of a fork before more of it.
        var moved = try lookAtDocuments()
        for (member, dataset, head) in try headsInOrder(shared, only) {
            let isOwn = member == home.origin
            do {
                if try bringUp(member, dataset, head, shared, isOwn ? own : nil) { moved = true }
                untakenLogs[head.log] = nil
            } catch let error as SharedStoreError {
                throw error
            } catch  where !isOwn {
                untakenLogs[head.log] = PlainError.line(error)
            }
        }
        // Evidence of a log that has just come.
        if moved { try lookAtDocuments() }
        return moved
    }

    /// Takes what this company's other nodes have said beside logs: whom they trust, what they know of forks, whom they
    /// have invited; and tells them what this home alone knows.
    ///
    /// What is not taken stands in the home's documents' troubles, and keeps nothing else back.
    ///
    /// - Throws: ``SharedStoreError`` where the store cannot be reached.
    @discardableResult
    public func lookAtDocuments() throws -> Bool {
        let look = try home.documents.look { try take(shared: $1, of: $0) }
        for note in look.notes { warn(note) }
        for name in look.taken { onDocument(name) }
        return look.hasMoved
    }

    /// Takes what another node of this company has received of a log meanwhile.
    ///
    /// - Parameter checkpoint: What was to be received here.
    /// - Returns: Where whoever sends it goes on; nil where it has all come.
    func takenByAnother(_ log: String, _ checkpoint: [UInt8]) throws -> Admission.Refusal? {
        let (member, dataset) = try Self.parts(of: log)
        if let shared = try home.sharedLogs(), let head = try shared.head(of: log) {
            _ = try bringUp(member, dataset, head, shared, nil)
        }
        let here = try home.log(member, dataset)
        let wanted = try Checkpoint(text: try SignedNote(checkpoint).text)
        if here.size >= wanted.size, try here.root(at: wanted.size) == wanted.root { return nil }
        return .position(held: here.size)
    }

    /// The heads of the store, and those of logs that it lacks: the stewards' logs first, this organisation's last,
    /// because it speaks of the others.
    private func headsInOrder(
        _ shared: SharedLogStore, _ only: DatasetID?
    ) throws -> [(member: Origin, dataset: DatasetID, head: SharedHead)] {
        var heads = Dictionary(
            try shared.table.heads().map { ($0.log, $0) }, uniquingKeysWith: { $1 })
        for dataset in try only.map({ [$0] }) ?? home.datasets() {
            for member in try home.members(of: dataset) where heads["\(member)/\(dataset)"] == nil {
                let log = "\(member)/\(dataset)"
                heads[log] = SharedHead(log: log, size: 0, root: TreeHasher.emptyRoot)
            }
        }
        func rank(_ member: Origin, _ dataset: DatasetID) -> Int {
            member == home.origin ? 2 : member == dataset.owner ? 0 : 1
        }
        var found: [(member: Origin, dataset: DatasetID, head: SharedHead)] = []
        for head in heads.values {
            let (member, dataset) = try Self.parts(of: head.log)
            if only == nil || dataset == only { found.append((member, dataset, head)) }
        }
        return found.sorted {
            (rank($0.member, $0.dataset), $0.head.log) < (rank($1.member, $1.dataset), $1.head.log)
        }
    }

    private func bringUp(
        _ member: Origin, _ dataset: DatasetID, _ head: SharedHead, _ shared: SharedLogStore,
        _ given: LogWriter?
    ) throws -> Bool {
        let here = try home.log(member, dataset)
        if given == nil, here.size == head.size, here.size == 0 || here.statedRoot == head.root {
            return false
        }
        if try isForked(head.log) { return false }
        let isOwn = member == home.origin
        if isOwn, here.size == 0, head.size > 0 { try home.signedHeads(dataset).begin() }
        let writer = try given ?? writer(of: member, dataset)
        defer { if given == nil { writer.close() } }
        if writer.size >= head.size {
            let reader = try LogReader(directory: writer.directory)
            guard try head.size == 0 || reader.root(at: head.size) == head.root else {
                throw try otherHistory(member, dataset, head, shared)
            }
            if writer.size > head.size {
                do {
                    try giveBack(reader, behind: head, shared)
                } catch is LogMoved {
                    // It was written to after it was looked at, so it lacks less than it seemed; the next look tells.
                }
            }
            return false
        }
        try takeMissing(writer, member, dataset, head, shared)
        return true
    }

    /// Takes the entries that the store has and this home lacks, with the checks of a sync.
    private func takeMissing(
        _ writer: LogWriter, _ member: Origin, _ dataset: DatasetID, _ head: SharedHead,
        _ shared: SharedLogStore
    ) throws {
        for stretch in try shared.stretches(of: head.log, from: writer.size, to: head.size) {
            // Keys that the entries here introduce are known once these are merged.
            try catchUp(dataset)
            let from = writer.size
            do {
                try accept(
                    head.log, from: from, checkpoint: stretch.checkpoint,
                    isTakingBack: member == home.origin, into: writer
                ) { take in
                    for part in stretch.parts {
                        try take(try shared.batch(part, of: head.log, from: from))
                    }
                }
            } catch let error as NodeError where error.code == .doesNotExtend {
                throw try otherHistory(member, dataset, head, shared)
            }
        }
        try catchUp(dataset)
    }

    /// Gives entries back that the store has lost, because a standby that was behind, or an older copy of its disk, has
    /// taken its server's place.
    private func giveBack(
        _ reader: LogReader, behind head: SharedHead, _ shared: SharedLogStore
    ) throws {
        try shared.append(
            head.log, from: head.size, reader, isBound: try Self.changesReaders(reader))
        warn(
            "the store \(shared.address) had lost entries of \(head.log) from \(head.size) on: this node has "
                + "given \(reader.size - head.size) back; no store may lose what it has confirmed: "
                + "see Docs/Operations.md, \"Several nodes\"")
    }

    /// What is wrong where the store holds another history of a log than this home; what that proves of a partner is
    /// kept.
    private func otherHistory(
        _ member: Origin, _ dataset: DatasetID, _ head: SharedHead, _ shared: SharedLogStore
    ) throws -> NodeError {
        if member == home.origin {
            return NodeError(
                .ownLogDiffers,
                "the store \(shared.address) holds \(head.size) entries of \(head.log) that are not those of "
                    + "\(home.path)",
                hint:
                    "a store that lost entries was written to before they were given back: call whoever looks after "
                    + "it, and write on no node; nothing was written")
        }
        let name = SHA256Hasher.hash(Array(head.log.utf8)).hex.prefix(16)
        let folder = "\(home.path)/incoming/store-\(name)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try? FileManager.default.removeItem(atPath: folder)
        let copy = try LogWriter(directory: folder, lockTimeoutSeconds: 0)
        defer { copy.close() }
        let stretches = try shared.stretches(of: head.log, from: 0, to: head.size)
        for part in stretches.flatMap(\.parts) {
            try copy.stage(try shared.batch(part, of: head.log, from: part.first))
        }
        let note = stretches.last?.checkpoint ?? []
        try copy.publish { _, _ in note }
        let reader = try LogReader(directory: folder)
        try settle(head.log, with: .init(checkpoint: note) { try reader.subtree($0) })
        return Self.forked(head.log)
    }
}
