import Signing

/// The head of a log in a shared store.
public struct SharedHead: Sendable, Equatable {
    /// The log's name.
    public let log: String
    /// The number of entries.
    public let size: UInt64
    /// The root over them.
    public let root: Digest

    /// A head.
    public init(log: String, size: UInt64, root: Digest) {
        (self.log, self.size, self.root) = (log, size, root)
    }
}

/// Some entries of a log in a shared store, without their bytes.
public struct SharedPart: Sendable, Equatable {
    /// The index of the first entry.
    public let first: UInt64
    /// How many there are.
    public let count: UInt64
    /// The SHA-256 of their bytes: entries one after another as a bundle holds them.
    public let sha256: Digest
    /// The checkpoint that covers the log up to the last of them; empty where a later part's does.
    public let checkpoint: [UInt8]
    /// Whether the last of them changes who may read the log: its checkpoint is then kept by itself.
    public let isBound: Bool
    /// Whether the bytes lie in the object store, under a name that is made of their hash.
    public let isObject: Bool

    /// A part.
    public init(
        first: UInt64, count: UInt64, sha256: Digest, checkpoint: [UInt8], isBound: Bool,
        isObject: Bool
    ) {
        (self.first, self.count, self.sha256) = (first, count, sha256)
        (self.checkpoint, self.isBound, self.isObject) = (checkpoint, isBound, isObject)
    }

    /// The index after the last entry.
    public var end: UInt64 { first + count }
}

/// Whose logs a store holds.
public struct StoreOwner: Sendable, Equatable {
    /// The organisation.
    public let org: String
    /// The public key of its checkpoints: a home of the same name with another key is another company's.
    public let key: [UInt8]

    /// An owner.
    public init(org: String, key: [UInt8]) { (self.org, self.key) = (org, key) }
}

/// The rows through which the nodes of one company agree on their logs.
///
/// A log has one row, which is moved by compare-and-swap alone: that decides which of several nodes has written, and
/// nothing else does, no clock, no lock and no object store. What a row covers is there before the row says so.
public protocol SharedLogTable: Sendable {
    /// Makes the tables where there are none, and takes them for a company.
    ///
    /// - Throws: ``SharedStoreError``, also where they are another company's.
    func claim(_ owner: StoreOwner) throws
    /// Whose logs are here; nil where there are no tables.
    func owner() throws -> StoreOwner?
    /// Throws ``SharedStoreError/left(store:by:)`` where the logs were taken out: nothing is written there any more.
    func requireNotLeft() throws
    /// The heads of all logs, as they were at one moment.
    func heads() throws -> [SharedHead]
    /// The parts of a log from the one that holds an entry on, ascending, at most ``SharedLogStore/partsPerPage``.
    func parts(of log: String, from: UInt64) throws -> [SharedPart]
    /// The bytes of a part that has them in its row.
    func bytes(of log: String, first: UInt64) throws -> [UInt8]?
    /// Puts parts behind a log, and moves its row, as one step.
    ///
    /// - Parameters:
    ///   - old: The size that the log has to have.
    ///   - server: The server that has to answer still; nil for any.
    ///   - parts: Calls its argument with the parts, ascending; the last one has the checkpoint. It may be called
    ///     several times, and gives the same each time.
    /// - Returns: False, and nothing has changed, where the log has another size, or another server answers that may
    ///   lack what was there.
    /// - Throws: ``SharedStoreError``, ``SharedStoreError/unconfirmed(store:log:)`` where it is not known what became
    ///   of it.
    func append(
        from old: UInt64, to head: SharedHead, on server: StoreServer?,
        parts: (_ put: (SharedPart, _ bytes: [UInt8]?) throws -> Void) throws -> Void
    ) throws -> Bool
    /// Who has asked to write next to a log; nil for nobody, or where the time is over.
    ///
    /// It is a courtesy to those whose writes take long, and decides nothing.
    func turn(of log: String) throws -> String?
    /// Asks to write next to a log, for some seconds or until it is written to; in vain where another one has.
    func takeTurn(_ log: String, for writer: String, seconds: Int) throws
    /// The checkpoint that this company's witness has cosigned last of a log.
    func witnessed(_ log: String) throws -> [UInt8]?
    /// Moves what the witness has cosigned last.
    ///
    /// - Parameter old: The size that has to be there; nil for none.
    /// - Returns: False, and nothing has changed, where another size is there.
    func moveWitness(
        _ log: String, from old: UInt64?, to size: UInt64, note: [UInt8]
    ) throws -> Bool
    /// Which documents the company's nodes have in common, and how far each is.
    ///
    /// - Throws: ``SharedStoreError``, also for more than ``SharedDocument/countMax``.
    func documents() throws -> [DocumentMark]
    /// One document; nil where there is none.
    func document(_ name: String) throws -> SharedDocument?
    /// Puts a document in the place of another version of it: that alone decides which of several nodes has changed it.
    ///
    /// - Parameter old: The version that has to be there; nil for none.
    /// - Returns: False, and nothing has changed, where another version is there.
    /// - Throws: ``SharedStoreError``, also once a home has taken the logs out.
    func moveDocument(_ document: SharedDocument, from old: Int64?) throws -> Bool
    /// Ends all writing: a home takes the logs out.
    ///
    /// - Throws: ``SharedStoreError/left(store:by:)`` where another home did that before.
    func leave(by home: String) throws
    /// Lets nodes write again after ``leave(by:)``; without that it does nothing.
    ///
    /// - Throws: ``SharedStoreError/left(store:by:)`` where another home has left.
    func reenter(by home: String) throws
    /// Waits until a log may have moved, or the time is over.
    func waitForNews(milliseconds: Int) throws
    /// Which server answers; nil for a database that does not say.
    func server() throws -> StoreServer?
    /// What whoever looks after the store should know: each thing, whether it is well, and what to do.
    func examine() throws -> [StoreFinding]
}

extension SharedLogTable {
    /// Puts parts behind a log, whichever server answers.
    func append(
        from old: UInt64, to head: SharedHead,
        parts: (_ put: (SharedPart, _ bytes: [UInt8]?) throws -> Void) throws -> Void
    ) throws -> Bool {
        try append(from: old, to: head, on: nil, parts: parts)
    }
}

/// A server that answers for a store, and how far it has written.
public struct StoreServer: Sendable, Equatable {
    /// Which one it is: another one after a standby has taken its place.
    public let name: String
    /// How many bytes it has ever written: fewer after it has gone back.
    public let position: Int64

    /// A server.
    public init(name: String, position: Int64) { (self.name, self.position) = (name, position) }

    /// Whether this may lack what an earlier answer had confirmed.
    public func mayLack(whatWasThere earlier: StoreServer) -> Bool {
        name != earlier.name || position < earlier.position
    }
}

/// Something that was looked at in a store.
public struct StoreFinding: Sendable, Equatable {
    /// What was looked at.
    public let name: String
    /// Whether it is well.
    public let isOk: Bool
    /// What was found.
    public let detail: String
    /// What to do; empty for nothing.
    public let hint: String

    /// A finding.
    public init(_ name: String, _ isOk: Bool, _ detail: String, hint: String = "") {
        (self.name, self.isOk, self.detail, self.hint) = (name, isOk, detail, hint)
    }
}

/// Where the bytes of parts lie, if not in the rows: an object store, which decides nothing.
public protocol PartBytes: Sendable {
    /// Keeps bytes under a name for good; the same bytes again are success.
    func put(_ name: String, _ bytes: [UInt8]) throws
    /// The bytes under a name; nil where there are none.
    ///
    /// - Parameter bytesMax: More of them are not read, and an error.
    func get(_ name: String, atMost bytesMax: Int) throws -> [UInt8]?
}
