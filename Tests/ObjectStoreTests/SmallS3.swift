import NIOHTTP1
import PartnerTLS
import Signing
import Synchronization

@testable import ObjectStore

/// A store of the least that S3 is, in memory behind a ``ScriptedServer``: signed requests, objects that are put once,
/// listings of three names a page.
final class SmallS3: Sendable {
    static let keyID = "AKIAEXAMPLE"
    static let secret = "the-secret-of-the-test"
    private static let pageNames = 3

    private let objects: Objects
    private let server: ScriptedServer

    private final class Objects: Sendable {
        let all = Mutex<[String: [UInt8]]>([:])
    }

    var requests: [ScriptedServer.Request] { server.requests }
    var connections: Int { server.connections }

    init() throws {
        let objects = Objects()
        self.objects = objects
        server = try ScriptedServer { request in
            guard Self.isSigned(request) else {
                return .answer(403, [], Self.error("SignatureDoesNotMatch"))
            }
            return objects.all.withLock { Self.answer(request, &$0) }
        }
    }

    func store(patience: S3Patience = .brief) throws -> S3ObjectStore {
        try .calling(server.port, patience: patience)
    }

    /// Whether a request's signature is the one that its own words lead to.
    static func isSigned(_ request: ScriptedServer.Request) -> Bool {
        guard let authorization = request.headers.first(name: "authorization"),
            let stamp = request.headers.first(name: "x-amz-date"), stamp.utf8.count == 16,
            let names = authorization.split(separator: "SignedHeaders=").last?.prefix(while: {
                $0 != ","
            }),
            let credentials = try? S3Credentials(
                keyID: keyID, secret: secret, sessionToken: nil, from: "test")
        else { return false }
        let own = names.split(separator: ";").map(String.init)
        guard own.contains("host"), own.contains("x-amz-content-sha256") else { return false }
        let lines = own.map { "\($0):\(request.headers.first(name: $0) ?? "")" }
        let payload = SHA256Hasher.hash(request.body).hex
        let query = request.uri.drop { $0 != "?" }.dropFirst().split(separator: "&").sorted()
        let canonical =
            [request.method, request.path, query.joined(separator: "&")] + lines
            + ["", String(names), payload]
        let scope = "\(stamp.prefix(8))/us-east-1/s3/aws4_request"
        let digest = SHA256Hasher.hash(Array(canonical.joined(separator: "\n").utf8)).hex
        let signature = RequestSignature(credentials: credentials, region: "us-east-1")
        guard let key = try? signature.key(String(stamp.prefix(8))),
            let code = try? MessageAuthentication.code(
                of: Array("AWS4-HMAC-SHA256\n\(stamp)\n\(scope)\n\(digest)".utf8), secret: key.bytes
            )
        else { return false }
        return authorization.hasSuffix("Signature=\(code.hex)")
    }

    private static func answer(
        _ request: ScriptedServer.Request, _ objects: inout [String: [UInt8]]
    ) -> ScriptedServer.Reply {
        let key = String(request.path.dropFirst("/bucket/".count))
        switch request.method {
        case "PUT":
            guard request.headers.first(name: "if-none-match") == "*" else {
                return .answer(400, [], error("InvalidRequest"))
            }
            guard objects[key] == nil else { return .answer(412, [], error("PreconditionFailed")) }
            objects[key] = request.body
            return .answer(200)
        case "GET" where key.isEmpty: return list(request, objects)
        case "GET":
            guard let bytes = objects[key] else { return .answer(404, [], error("NoSuchKey")) }
            return .bytes(bytes)
        default:
            objects[key] = nil
            return .answer(204)
        }
    }

    private static func list(
        _ request: ScriptedServer.Request, _ objects: [String: [UInt8]]
    ) -> ScriptedServer.Reply {
        let prefix = request.parameter("prefix").flatMap { S3Location.decode($0) } ?? ""
        let behind = request.parameter("continuation-token").flatMap { S3Location.decode($0) } ?? ""
        let keys = objects.keys.filter { $0.hasPrefix(prefix) && $0 > behind }.sorted()
        let page = keys.prefix(pageNames)
        let isLast = page.count == keys.count
        let next = isLast ? "" : "<NextContinuationToken>\(page.last ?? "")</NextContinuationToken>"
        let contents = page.map { "<Contents><Key>\($0)</Key><Size>1</Size></Contents>" }.joined()
        return .answer(
            200, [],
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name>
            <EncodingType>url</EncodingType><IsTruncated>\(!isLast)</IsTruncated>\(next)\(contents)</ListBucketResult>
            """)
    }

    /// A store's words for what is wrong.
    static func error(_ code: String, _ more: String = "") -> String {
        "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>words</Message>\(more)</Error>"
    }
}

extension S3Patience {
    /// Attempts without waits between them, for tests that are not about time.
    static var brief: S3Patience {
        var patience = S3Patience()
        patience.retrySecondsMax = 3_600
        patience.pause = { _ in }
        return patience
    }
}

extension S3ObjectStore {
    /// A store on a port of this machine, with the test's key.
    static func calling(
        _ port: Int, host: String = "127.0.0.1", limits: ServiceClient.Limits = .patient,
        patience: S3Patience = .brief,
        now: @escaping @Sendable () -> Int64 = { 1_767_225_600 }
    ) throws -> S3ObjectStore {
        try S3ObjectStore(
            S3Location("s3://bucket/some/prefix?endpoint=http://\(host):\(port)"),
            keys: .fixed(
                S3Credentials(
                    keyID: SmallS3.keyID, secret: SmallS3.secret, sessionToken: nil, from: "test")),
            limits: limits, patience: patience, now: now)
    }
}

extension ServiceClient.Limits {
    /// Bounds that only a hang reaches.
    static var patient: ServiceClient.Limits {
        var limits = ServiceClient.Limits()
        limits.connectSeconds = 600
        limits.handshakeSeconds = 600
        limits.silenceSeconds = 600
        limits.wholeSeconds = 600
        return limits
    }
}
