/// Why a shared store could not do what it was asked.
public enum SharedStoreError: Error, Equatable, Sendable {
    /// The address of a store cannot be used.
    case badAddress(why: String, hint: String)
    /// libpq is not installed.
    case noLibrary(why: String)
    /// Nobody answers at the address.
    case unreachable(store: String, why: String)
    /// The server has not answered in time.
    case slow(store: String, seconds: Int)
    /// The server does not let this user in, or not do that.
    case notAllowed(store: String, why: String)
    /// The server's disk or memory is full.
    case full(store: String, why: String)
    /// The server takes no writes: it is a standby, or was set so.
    case readOnly(store: String)
    /// There are no tables of this program.
    case noTables(store: String)
    /// The tables were made by another version of this program.
    case otherVersion(store: String, found: Int64, known: Int64)
    /// The tables are another company's, or of the same name with another key.
    case otherOwner(store: String, org: String)
    /// A home has taken the logs out of the store again.
    case left(store: String, by: String)
    /// The connection was lost when the row was moved, and the server has not come back to say whether it was.
    case unconfirmed(store: String, log: String)
    /// What the store holds of a log is not what was put there.
    case damaged(log: String, why: String)
    /// A document in the store was not signed by a node of this company.
    case forged(document: String)
    /// A document is larger than any may be.
    case tooLarge(document: String, bytesMax: Int)
    /// There are more documents than a company may have.
    case tooManyDocuments(countMax: Int)
    /// The server said something that this program has no words for.
    case failed(store: String, state: String, why: String)
    /// A COPY is not undone with its transaction, so half of a change could stay.
    case copyStays(store: String)
    /// Other nodes have written all the time.
    case busy(log: String, seconds: Int)
}

extension SharedStoreError: CustomStringConvertible {
    /// What happened, to what.
    public var message: String {
        switch self {
        case .badAddress(let why, _): "the store's address cannot be used: \(why)"
        case .noLibrary(let why): "PostgreSQL's client library is not installed (\(why))"
        case .unreachable(let store, let why): "the store \(store) cannot be reached: \(why)"
        case .slow(let store, let seconds):
            "the store \(store) has not answered within \(seconds) s"
        case .notAllowed(let store, let why): "the store \(store) refuses this user: \(why)"
        case .full(let store, let why): "the store \(store) has no room left: \(why)"
        case .readOnly(let store): "the store \(store) takes no writes at present"
        case .noTables(let store): "the store \(store) holds no tables of Countermark"
        case .otherVersion(let store, let found, let known):
            "the tables in the store \(store) have version \(found), and this program knows \(known)"
        case .otherOwner(let store, let org):
            "the store \(store) holds the logs of \(org) under another key"
        case .left(let store, let by): "the logs were taken out of the store \(store) by \(by)"
        case .unconfirmed(let store, let log):
            "the store \(store) was lost at the moment of writing to \(log): whether it is "
                + "written is not known"
        case .damaged(let log, let why): "what the store holds of \(log) is damaged: \(why)"
        case .forged(let document):
            "\(document) in the store was not written by a node of this company: its signature does not hold"
        case .tooLarge(let document, let bytesMax):
            "\(document) has more than the \(bytesMax) bytes that nodes share"
        case .tooManyDocuments(let countMax):
            "the store holds more than the \(countMax) documents that a company's nodes share"
        case .failed(let store, let state, let why):
            "the store \(store) failed: \(why) (SQLSTATE \(state))"
        case .copyStays(let store):
            "the store \(store) keeps what a COPY has put, although its transaction was rolled back"
        case .busy(let log, let seconds):
            "other nodes of this company have written to \(log) first for \(seconds) s"
        }
    }

    /// What to do.
    public var hint: String {
        switch self {
        case .badAddress(_, let hint): hint
        case .noLibrary: "install libpq5 (Debian) or PostgreSQL's client; nothing was written"
        case .unreachable, .slow:
            "check that PostgreSQL runs there and the way to it; nothing was acknowledged, and a node that serves "
                + "goes on by itself"
        case .notAllowed:
            "check the user, its password (PGPASSFILE or PGPASSWORD) and its rights on the schema countermark; "
                + "countermark store check says which are missing"
        case .full: "free some of its disk; nothing was acknowledged"
        case .readOnly:
            "name the server that takes writes (target_session_attrs=read-write with several hosts); "
                + "nothing was acknowledged"
        case .noTables:
            "run countermark store move --to with this address; or check the name of the database"
        case .otherVersion: "use the program that made them, or a newer one; nothing was changed"
        case .otherOwner:
            "give each company a database of its own; a second node of one company begins as a copy of its home "
                + "(countermark backup, then restore)"
        case .left: "go on with that home; this one can be removed"
        case .unconfirmed:
            "see countermark history before you run it again: the next contact with the store shows what is written"
        case .damaged: "run countermark store check; nothing was taken from it"
        case .forged:
            "whoever may write to the database has changed it: this node goes by what it has; look who may write "
                + "there, then run again the command that set it, which puts it right"
        case .tooLarge, .tooManyDocuments: "nothing was taken from it, or put there"
        case .failed: "see PostgreSQL's own log; nothing was acknowledged"
        case .copyStays:
            "no labels are put there as rows; on YugabyteDB set yb_default_copy_from_rows_per_transaction to 0"
        case .busy: "run it again; nothing was written"
        }
    }

    /// One line: what happened, to what, what to do.
    public var description: String { "\(message); \(hint)" }
}

/// That another node of this company has written to a log first: whoever wanted to begins again behind that.
public struct LogMoved: Error, Equatable, Sendable {
    /// The log.
    public let log: String

    /// A log that has moved.
    public init(log: String) { self.log = log }
}
