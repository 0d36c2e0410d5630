import NIOPosix
import PartnerTLS
import Signing
import Synchronization

/// Objects in a bucket of an S3 store, called by its path (`https://HOST/BUCKET/NAME`).
///
/// An object is put with `If-None-Match: *`, so that a store that can refuses a second one. Requests that fail for a
/// passing reason are sent again: all of them have the same effect the second time.
public final class S3ObjectStore: ObjectStore {
    /// Clocks that differ by more are why a key is refused (Amazon S3 API reference, "RequestTimeTooSkewed").
    private static let skewSecondsMax: Int64 = 900
    /// How often a name may be said to be taken by nothing.
    private static let ghostsMax = 5

    /// A thread of its own, on which nobody else's code runs: so no caller can wait for itself.
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// The bucket, the prefix and the endpoint.
    public let place: String
    private let location: S3Location
    private let source: S3CredentialsSource
    private let client: ServiceClient
    private let patience: S3Patience
    private let now: @Sendable () -> Int64

    /// A store; nothing is sent yet.
    ///
    /// - Throws: ``ObjectStoreError/untrusted(store:reason:)`` where the authorities' file cannot be used.
    public init(
        _ location: S3Location, keys: S3CredentialsSource,
        limits: ServiceClient.Limits = ServiceClient.Limits(), patience: S3Patience = S3Patience(),
        now: @escaping @Sendable () -> Int64
    ) throws(ObjectStoreError) {
        self.location = location
        self.patience = patience
        self.now = now
        source = keys
        place = location.place
        var context: TLSContext?
        if location.isSecure {
            do throws(PartnerTLSError) {
                context = try TLSContext(
                    trusting: location.authoritiesFile.map { .inFile($0) } ?? .ofSystem)
            } catch {
                throw .untrusted(store: location.place, reason: "\(error)")
            }
        }
        client = ServiceClient(
            host: location.host, port: location.port, authority: location.authority,
            context: context, limits: limits, group: Self.group)
    }

    // MARK: Objects

    /// Keeps an object.
    @discardableResult
    public func put(_ name: ObjectName, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome {
        try checkSize(name, bytes)
        for ghost in 1...Self.ghostsMax {
            let answer = try send(
                Request(
                    method: "PUT", path: path(name), headers: [("if-none-match", "*")], body: bytes,
                    action: "put objects"), passing: [409, 412])
            guard [409, 412].contains(answer.status) else { return .written }
            // Whoever was first may have put the same, or this process has, and did not hear of it.
            if let stored = try get(name, atMost: ObjectLimits.objectBytesMax) {
                try compare(name, stored: stored, given: bytes)
                return .wasThere
            }
            patience.pause(patience.wait(after: ghost, wanted: nil))
        }
        throw .neverThere(store: place, name: name, attempts: Self.ghostsMax)
    }

    /// The bytes of an object.
    public func get(_ name: ObjectName, atMost: Int) throws(ObjectStoreError) -> [UInt8]? {
        let answer = try send(
            Request(
                method: "GET", path: path(name), action: "get objects",
                bytesMax: min(atMost, ObjectLimits.objectBytesMax)), passing: [404])
        if answer.status == 404 { return nil }
        // NIO has counted the bytes against the length; without one, a cut is not noticed.
        guard answer.header("content-length") != nil || answer.header("transfer-encoding") != nil
        else { throw .noObjectStore(store: place, reason: "its answer says no length") }
        try checkRoom(name, answer.body.count, atMost)
        return answer.body
    }

    /// Removes an object if it is there.
    public func delete(_ name: ObjectName) throws(ObjectStoreError) {
        _ = try send(
            Request(method: "DELETE", path: path(name), action: "delete objects"), passing: [404])
    }

    /// Some names that begin with a text.
    public func list(_ prefix: String, from position: String?) throws(ObjectStoreError)
        -> ObjectPage
    {
        guard ObjectName.isOfNames(prefix) else {
            throw .invalidName(String(prefix.prefix(80)), why: "no name begins so")
        }
        let above = location.prefix.isEmpty ? "" : location.prefix + "/"
        var query = [
            ("list-type", "2"), ("encoding-type", "url"), ("prefix", above + prefix),
            ("max-keys", "\(ObjectLimits.pageNamesMax)"),
        ]
        if let position { query.append(("continuation-token", position)) }
        let answer = try send(
            Request(
                method: "GET", path: "/\(location.bucket)/", query: query, action: "list objects",
                bytesMax: S3Answer.listingBytesMax), passing: [])
        guard let listing = S3Answer.listing(answer.body) else {
            throw .noObjectStore(store: place, reason: "its listing cannot be read")
        }
        // A store may list what it was not asked for, and others may have put what has no name here.
        let names = listing.keys.filter { $0.hasPrefix(above + prefix) }
            .compactMap { try? ObjectName(String($0.dropFirst(above.count))) }
        return ObjectPage(names: names.sorted(), next: listing.next)
    }

    private func path(_ name: ObjectName) -> String {
        "/\(location.bucket)/\(location.prefix.isEmpty ? "" : location.prefix + "/")\(name.text)"
    }

    // MARK: Requests

    private struct Request {
        let method: String
        let path: String
        var query: [(String, String)] = []
        var headers: [(String, String)] = []
        var body: [UInt8]?
        /// What the key must be allowed to do, in words.
        let action: String
        /// The largest answer of use.
        var bytesMax = 0
    }

    /// Sends a request until it is answered, or has failed too often.
    ///
    /// - Parameter passing: Statuses that the caller wants to see, beside those of success.
    private func send(
        _ request: Request, passing: Set<Int>
    ) throws(ObjectStoreError) -> HTTPResponse {
        let start = ContinuousClock.now
        var attempt = 1
        while true {
            var wanted: Int?
            let failure: ObjectStoreError
            do throws(ObjectStoreError) {
                let answer = try sendOnce(request)
                guard let fault = fault(answer, request, passing, attempt) else { return answer }
                wanted = answer.header("retry-after").flatMap { PlainNumber.parse($0, upTo: 3_600) }
                failure = fault
            } catch {
                failure = error
            }
            let wait = patience.wait(after: attempt, wanted: wanted)
            let isLate = ContinuousClock.now - start > .seconds(patience.retrySecondsMax - wait)
            guard failure.isPassing, attempt < patience.attemptsMax, !isLate else { throw failure }
            patience.pause(wait)
            attempt += 1
        }
    }

    private func sendOnce(_ request: Request) throws(ObjectStoreError) -> HTTPResponse {
        let signature = RequestSignature(credentials: try source.read(), region: location.region)
        let query = RequestSignature.escape(request.query)
        let target =
            RequestSignature.escape(request.path, keepingSlashes: true)
            + (query.isEmpty ? "" : "?" + query)
        do {
            let added = try signature.headers(
                request.method, request.path, query: request.query,
                headers: request.headers + [("host", location.authority)],
                payload: SHA256Hasher.hash(request.body ?? []), at: .init(now()))
            return try client.request(
                request.method, target, headers: request.headers + added, body: request.body,
                responseBytesMax: max(request.bytesMax, S3Answer.errorBytesMax))
        } catch let error as PartnerTLSError {
            throw fault(error, request)
        } catch {
            throw .unusableKeys(from: "memory", why: "\(error)")
        }
    }

    // MARK: Faults

    private func fault(_ error: PartnerTLSError, _ request: Request) -> ObjectStoreError {
        switch error {
        case .unreachable(_, _, let reason): .unreachable(store: place, reason: reason)
        case .timeout(let seconds), .handshakeTimeout(let seconds):
            .noAnswer(store: place, seconds: seconds)
        case .closed, .truncated, .cancelled: .cut(store: place)
        case .responseTooLarge(let limit):
            .answerTooLarge(store: place, name: request.path, limitBytes: limit)
        case .untrustedServer(_, let reason): .untrusted(store: place, reason: reason)
        case .malformedResponse(let reason): .noObjectStore(store: place, reason: reason)
        case .protocolViolation(let reason): .noObjectStore(store: place, reason: reason)
        case .refusedByPeer(let alert):
            .untrusted(store: place, reason: "it ended TLS with the alert '\(alert)'")
        default: .untrusted(store: place, reason: "\(error)")
        }
    }

    /// What an answer says against a request; nil where it is what was wanted.
    private func fault(
        _ answer: HTTPResponse, _ request: Request, _ passing: Set<Int>, _ attempt: Int
    ) -> ObjectStoreError? {
        let status = answer.status
        if [200, 201, 204].contains(status) { return nil }
        let (code, region) = S3Answer.error(answer.body)
        // A store may also use 409 for being busy with the same name, and 404 for the bucket.
        let isWanted = passing.contains(status) && code != "NoSuchBucket"
        if isWanted, status != 404 || code == "NoSuchKey" { return nil }
        switch code {
        case "RequestTimeTooSkewed", "RequestExpired": return skew(answer, always: true)
        case "NoSuchBucket": return .noBucket(store: place)
        case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken",
            "InvalidSecurity", "TokenRefreshRequired":
            return skew(answer, always: false) ?? .keyRefused(store: place, code: code)
        case "AuthorizationHeaderMalformed", "PermanentRedirect",
            "IllegalLocationConstraintException":
            return region.map { .wrongRegion(store: place, region: $0) }
                ?? .redirected(store: place, status: status, to: Self.target(answer))
        case "NotImplemented" where request.method == "PUT":
            return .noConditionalWrites(store: place)
        default: break
        }
        switch status {
        case 301, 302, 303, 307, 308:
            return .redirected(store: place, status: status, to: Self.target(answer))
        case 401, 403:
            return skew(answer, always: false)
                ?? .accessDenied(store: place, action: request.action)
        case 408, 429, 500, 502, 503, 504:
            return .busy(store: place, status: status, code: code, attempts: attempt)
        case 404 where code.isEmpty:
            return .noObjectStore(
                store: place, reason: "it answers 404 and does not say what is missing")
        default:
            return .refused(store: place, action: request.action, status: status, code: code)
        }
    }

    /// The difference of the clocks, if that is what is wrong.
    private func skew(_ answer: HTTPResponse, always: Bool) -> ObjectStoreError? {
        let seconds = S3Answer.time(answer.header("date")).map { $0 - now() }
        guard always || (seconds?.magnitude ?? 0) > Self.skewSecondsMax else { return nil }
        return .clockSkew(store: place, seconds: seconds)
    }

    /// Where an answer points to, if that can be shown.
    private static func target(_ answer: HTTPResponse) -> String? {
        answer.header("location").flatMap { target in
            (1...200).contains(target.utf8.count)
                && target.utf8.allSatisfy { (0x21...0x7e).contains($0) }
                ? String(target.prefix { $0 != "?" }) : nil
        }
    }
}
