import LogStorage
import Signing

/// Why an object could not be stored or fetched.
public enum ObjectStoreError: Error, Equatable, Sendable {
    // MARK: Set up

    /// A text that is no object's name.
    case invalidName(String, why: String)
    /// A text that is no object store's URL; the text is not repeated, since somebody may have put a key into it.
    case invalidURL(why: String)
    /// An object above ``ObjectLimits/objectBytesMax``.
    case objectTooLarge(store: String, name: ObjectName, bytes: Int, limitBytes: Int)
    /// Neither the environment nor a file has keys.
    case noKeys
    /// A file or an environment whose keys cannot be used; `why` repeats none of it.
    case unusableKeys(from: String, why: String)

    // MARK: The way there

    /// No connection could be made.
    case unreachable(store: String, reason: String)
    /// The store was silent, or slow, for too long.
    case noAnswer(store: String, seconds: Int64)
    /// The connection ended before the answer was whole.
    case cut(store: String)
    /// TLS does not show that this is the store that was called.
    case untrusted(store: String, reason: String)
    /// What answers does not speak as an object store does.
    case noObjectStore(store: String, reason: String)
    /// The store wants to be called elsewhere.
    case redirected(store: String, status: Int, to: String?)
    /// The bucket is in another region than the URL says.
    case wrongRegion(store: String, region: String?)

    // MARK: Refusals

    /// The store does not take the key; `code` is its word for why.
    case keyRefused(store: String, code: String)
    /// The clocks differ by more than the store allows; above zero where its own is ahead.
    case clockSkew(store: String, seconds: Int64?)
    /// The key may not do this.
    case accessDenied(store: String, action: String)
    /// There is no such bucket.
    case noBucket(store: String)
    /// The store was busy or failed each time.
    case busy(store: String, status: Int, code: String, attempts: Int)
    /// The store refused a request for a reason of its own.
    case refused(store: String, action: String, status: Int, code: String)

    // MARK: Objects

    /// An object or an answer above what there is room for.
    case answerTooLarge(store: String, name: String, limitBytes: Int)
    /// An object of the name is there and has other bytes.
    case otherBytes(store: String, name: ObjectName, stored: Digest, given: Digest)
    /// The store says that the name is taken, and has no object of it, again and again.
    case neverThere(store: String, name: ObjectName, attempts: Int)
    /// The store cannot refuse a second object of a name.
    case noConditionalWrites(store: String)
    /// Of those who put different objects under one name at once, more or fewer than one succeeded.
    case raceLost(store: String, round: Int, winners: Int, writers: Int)
    /// The object that won a race is not the one that is there.
    case raceOverwritten(store: String, round: Int)
    /// A folder failed.
    case disk(LogStorageError)
}

extension ObjectStoreError {
    /// Whether the same call may succeed in a moment.
    var isPassing: Bool {
        switch self {
        case .unreachable, .noAnswer, .cut, .busy: true
        default: false
        }
    }
}

extension ObjectStoreError: CustomStringConvertible {
    /// What happened, to what, what to do.
    public var description: String {
        switch self {
        case .invalidName(let name, let why): "'\(name)' is no name of an object: \(why)"
        case .invalidURL(let why):
            "this is no URL of an object store: \(why); write "
                + "s3://BUCKET/PREFIX?endpoint=https://HOST:PORT&region=REGION"
        case .objectTooLarge(let store, let name, let bytes, let limit):
            "\(name) has \(bytes) bytes, and \(store) is given \(limit) at most; split it"
        case .noKeys:
            "there are no keys for the object store; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a "
                + "file of mode 0600 with credentials=FILE in its URL"
        case .unusableKeys(let source, let why): "the keys in \(source) cannot be used: \(why)"
        case .otherBytes(let store, let name, let stored, let given):
            "\(name) is in \(store) with other bytes (SHA-256 \(stored.hex)) than were to be put there "
                + "(\(given.hex)); objects never change, so another program or an older state has written there: "
                + "compare both before you remove one"
        case .disk(let cause): "\(cause)"
        default: wordsOfStore
        }
    }

    /// What the way to a store, or the store, did.
    private var wordsOfStore: String {
        switch self {
        case .unreachable(let store, let reason):
            "no connection to \(store) (\(reason)); check the endpoint and whether the store runs"
        case .noAnswer(let store, let seconds):
            "\(store) did not answer, or not in full, within \(seconds) s; check its load and the network"
        case .cut(let store):
            "\(store) ended the connection before its answer was whole; check it and what stands between, as "
                + "proxies and load balancers"
        case .untrusted(let store, let reason):
            "\(store) cannot be trusted (\(reason)); check the endpoint's name, the clock, and name the authority "
                + "of its certificate with ca=FILE if it is not one of the system's"
        case .noObjectStore(let store, let reason):
            "what answers at \(store) is no object store (\(reason)); check the endpoint and the port"
        case .redirected(let store, let status, let place):
            "\(store) answered \(status) and points \(place.map { "to \($0)" } ?? "elsewhere"); name the endpoint "
                + "and the region of the bucket itself, since signed requests follow nobody"
        case .wrongRegion(let store, let region):
            "\(store) is in another region; set region=\(region ?? "REGION") in its URL"
        case .keyRefused(let store, let code):
            "\(store) does not take the key (\(code)); check the key id and the secret, and whether they have "
                + "expired"
        case .clockSkew(let store, let seconds):
            "this machine's clock and that of \(store) differ by \(Self.span(seconds)), which is more than it "
                + "allows; set the clocks"
        case .accessDenied(let store, let action):
            "the key may not \(action) in \(store); give it that right in the bucket's policy"
        case .noBucket(let store): "there is no bucket for \(store); make it, or correct its name"
        case .busy(let store, let status, let code, let attempts):
            "\(store) was busy or failed \(attempts) times (\(Self.answer(status, code))); try again later, and "
                + "check its load and its own log"
        case .refused(let store, let action, let status, let code):
            "\(store) refused to \(action) (\(Self.answer(status, code))); its own log says why"
        case .answerTooLarge(let store, let name, let limit):
            "\(store) answers for \(name) with more than \(limit) bytes, which is not what was put there; ask "
                + "who else writes there"
        case .neverThere(let store, let name, let attempts):
            "\(store) said \(attempts) times that \(name) is there already, and does not have it; check what "
                + "removes objects there, as a lifecycle rule"
        case .noConditionalWrites(let store):
            "\(store) cannot refuse a second object of a name (If-None-Match); use a store or a version of it "
                + "that can"
        case .raceLost(let store, let round, let winners, let writers):
            "of \(writers) who wrote one name at once, \(winners) succeeded in \(store) (round \(round)): two nodes "
                + "could both believe that they were first; keep the order of logs in PostgreSQL, or use "
                + "another store"
        case .raceOverwritten(let store, let round):
            "the object that was first in \(store) was replaced by a later one (round \(round)); keep the order of "
                + "logs in PostgreSQL, or use another store"
        default: ""
        }
    }

    private static func answer(_ status: Int, _ code: String) -> String {
        code.isEmpty ? "\(status)" : "\(status) \(code)"
    }

    private static func span(_ seconds: Int64?) -> String {
        guard let seconds else { return "some minutes" }
        return "\(seconds.magnitude) s, this one being \(seconds > 0 ? "behind" : "ahead")"
    }
}
