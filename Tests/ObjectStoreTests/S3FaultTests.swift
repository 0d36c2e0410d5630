import Foundation
import PartnerTLS
import Synchronization
import Testing

@testable import ObjectStore

/// What an object store, or what stands before it, can do to a node.
@Suite("Faults of an object store are named, and passing ones passed over")
struct S3FaultTests {
    /// A reply to everything, and the error that it means.
    struct Case: Sendable, CustomTestStringConvertible {
        let title: String
        let reply: ScriptedServer.Reply
        /// Of the store's name.
        let error: @Sendable (String) -> ObjectStoreError

        var testDescription: String { title }

        init(
            _ title: String, _ reply: ScriptedServer.Reply,
            _ error: @escaping @Sendable (String) -> ObjectStoreError
        ) {
            (self.title, self.reply, self.error) = (title, reply, error)
        }

        static func code(
            _ code: String, _ status: Int, more: String = "", headers: [(String, String)] = [],
            _ error: @escaping @Sendable (String) -> ObjectStoreError
        ) -> Case {
            Case("\(status) \(code)", .answer(status, headers, SmallS3.error(code, more)), error)
        }
    }

    /// 2026-01-01T00:00:00Z is the client's time.
    static let late = "Thu, 01 Jan 2026 01:00:00 GMT"

    static let cases: [Case] = [
        .code("InvalidAccessKeyId", 403) { .keyRefused(store: $0, code: "InvalidAccessKeyId") },
        .code("SignatureDoesNotMatch", 403) {
            .keyRefused(store: $0, code: "SignatureDoesNotMatch")
        },
        .code("SignatureDoesNotMatch", 403, headers: [("Date", late)]) {
            .clockSkew(store: $0, seconds: 3_600)
        },
        .code("ExpiredToken", 400) { .keyRefused(store: $0, code: "ExpiredToken") },
        .code("RequestTimeTooSkewed", 403, headers: [("Date", "Wed, 31 Dec 2025 23:00:00 GMT")]) {
            .clockSkew(store: $0, seconds: -3_600)
        },
        .code("RequestTimeTooSkewed", 403) { .clockSkew(store: $0, seconds: nil) },
        .code("AccessDenied", 403) { .accessDenied(store: $0, action: "get objects") },
        .code("NoSuchBucket", 404) { .noBucket(store: $0) },
        .code("AuthorizationHeaderMalformed", 400, more: "<Region>eu-1</Region>") {
            .wrongRegion(store: $0, region: "eu-1")
        },
        .code("PermanentRedirect", 301, headers: [("Location", "https://other.example/x?y")]) {
            .redirected(store: $0, status: 301, to: "https://other.example/x")
        },
        .code("InvalidArgument", 400) {
            .refused(store: $0, action: "get objects", status: 400, code: "InvalidArgument")
        },
        Case("a redirect without words", .answer(307)) {
            .redirected(store: $0, status: 307, to: nil)
        },
        Case("403 of a proxy", .answer(403, [], "<html>no</html>")) {
            .accessDenied(store: $0, action: "get objects")
        },
        Case("404 of a web server", .answer(404, [], "<html><body>not found</body></html>")) {
            .noObjectStore(store: $0, reason: "it answers 404 and does not say what is missing")
        },
        Case("a code that is a text", .answer(418, [], SmallS3.error("a b\u{1b}[1m"))) {
            .refused(store: $0, action: "get objects", status: 418, code: "")
        },
        Case(
            "XML with an entity",
            .answer(400, [], "<!DOCTYPE a [<!ENTITY x 'y'>]><Error><Code>&x;</Code></Error>")
        ) {
            .refused(store: $0, action: "get objects", status: 400, code: "")
        },
        Case("XML without end", .answer(400, [], String(repeating: "<a>", count: 20_000))) {
            .refused(store: $0, action: "get objects", status: 400, code: "")
        },
        Case("SlowDown each time", .answer(503, [], SmallS3.error("SlowDown"))) {
            .busy(store: $0, status: 503, code: "SlowDown", attempts: 6)
        },
        Case("a failed gateway each time", .answer(502, [], "bad")) {
            .busy(store: $0, status: 502, code: "", attempts: 6)
        },
        Case("a body without a length", .raw("HTTP/1.1 200 OK\r\n\r\nab", closes: true)) {
            .noObjectStore(store: $0, reason: "its answer says no length")
        },
        Case(
            "half a body each time",
            .raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", closes: true)
        ) {
            .cut(store: $0)
        },
        Case(
            "half a chunk each time",
            .raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nha", closes: true)
        ) {
            .cut(store: $0)
        },
        Case("nothing and the end each time", .raw("", closes: true)) { .cut(store: $0) },
        Case(
            "a head without end",
            .raw("HTTP/1.1 200 OK\r\nx: " + String(repeating: "x", count: 200_000))
        ) {
            .noObjectStore(store: $0, reason: "it cannot be read")
        },
        Case(
            "heads without end",
            .raw("HTTP/1.1 200 OK\r\n" + String(repeating: "x: y\r\n", count: 50_000))
        ) {
            .noObjectStore(store: $0, reason: "it cannot be read")
        },
        Case("another protocol", .raw("220 mail.example ESMTP\r\n")) {
            .noObjectStore(store: $0, reason: "it cannot be read")
        },
        Case(
            "an absurd length", .raw("HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999\r\n\r\n")
        ) {
            .answerTooLarge(store: $0, name: "/bucket/some/prefix/name", limitBytes: 65_536)
        },
        Case("a negative length", .raw("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n")) {
            .noObjectStore(store: $0, reason: "it cannot be read")
        },
        Case(
            "two lengths",
            .raw("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab")
        ) {
            .noObjectStore(store: $0, reason: "it cannot be read")
        },
        Case("more than there is room for", .answer(200, [], String(repeating: "x", count: 101))) {
            .answerTooLarge(store: $0, name: "name", limitBytes: 100)
        },
        Case("an error page without end", .answer(500, [], String(repeating: "x", count: 100_000)))
        {
            .answerTooLarge(store: $0, name: "/bucket/some/prefix/name", limitBytes: 65_536)
        },
    ]

    @Test("each answer becomes its error", arguments: cases)
    func answers(_ tried: Case) throws {
        let server = try ScriptedServer { _ in tried.reply }
        let store = try S3ObjectStore.calling(server.port)
        let expected = tried.error(store.place)
        let name = try ObjectName("name")
        #expect(throws: expected) { try store.get(name, atMost: 100) }
        #expect(!expected.description.isEmpty && !"\(expected)".contains(SmallS3.secret))
        #expect(server.requests.count == (expected.isPassing ? 6 : 1))
        for request in server.requests {
            #expect(!"\(request.uri) \(request.headers)".contains(SmallS3.secret))
        }
    }

    @Test("a passing fault is passed over, and what was put is not put twice")
    func passing() throws {
        let failures = Mutex<[ScriptedServer.Reply]>([
            .answer(503, [("Retry-After", "7")], SmallS3.error("SlowDown")), .raw("", closes: true),
            .answer(500, [], SmallS3.error("InternalError")),
        ])
        let objects = Mutex(false)
        let waits = Waits()
        let server = try ScriptedServer { request in
            if let failure = failures.withLock({ $0.popLast() }) { return failure }
            // The first put has arrived, and its answer is lost.
            let isThere = objects.withLock { isThere in
                defer { isThere = true }
                return isThere
            }
            if request.method == "GET" { return .bytes([1, 2, 3]) }
            return isThere
                ? .answer(412, [], SmallS3.error("PreconditionFailed"))
                : .raw("HTTP/1.1 200", closes: true)
        }
        var patience = S3Patience.brief
        patience.pause = { seconds in waits.all.withLock { $0.append(seconds) } }
        let store = try S3ObjectStore.calling(server.port, patience: patience)
        #expect(try store.put(ObjectName("name"), [1, 2, 3]) == .wasThere)
        let waited = waits.all.withLock { $0 }
        // The first and the third failure; after the second the kept connection was closed, and another was made.
        guard waited.count == 2 else {
            Issue.record("waited for \(waited)")
            return
        }
        #expect(waited[0] > 0 && waited[0] <= 0.1)
        #expect(waited[1] == 5, "the store's own wish, within bounds")
    }

    private final class Waits: Sendable {
        let all = Mutex<[Double]>([])
    }

    @Test("a store that is down is named after six attempts")
    func down() throws {
        let waits = Waits()
        var patience = S3Patience.brief
        patience.pause = { seconds in waits.all.withLock { $0.append(seconds) } }
        // All servers of tests listen at another address of the loopback.
        let store = try S3ObjectStore.calling(9, host: "127.0.0.9", patience: patience)
        let name = try ObjectName("name")
        #expect(
            throws: ObjectStoreError.unreachable(store: store.place, reason: "nobody listens there")
        ) {
            try store.get(name, atMost: 1)
        }
        #expect(waits.all.withLock { $0.count } == 5)
    }

    @Test("silence, and bytes one by one, end in time")
    func slow() throws {
        for (reply, silence, whole) in [
            (ScriptedServer.Reply.nothing, 1 as Int64, 600 as Int64),
            (.drip(milliseconds: 20), 600, 1),
            (.raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"), 1, 600),
        ] {
            let server = try ScriptedServer { _ in reply }
            var limits = ServiceClient.Limits.patient
            (limits.silenceSeconds, limits.wholeSeconds) = (silence, whole)
            limits.bytesPerSecondMin = .max
            var patience = S3Patience.brief
            patience.attemptsMax = 1
            let store = try S3ObjectStore.calling(server.port, limits: limits, patience: patience)
            let name = try ObjectName("name")
            #expect(throws: ObjectStoreError.noAnswer(store: store.place, seconds: 1)) {
                try store.get(name, atMost: 100_000)
            }
        }
    }

    @Test("a retry does not begin after its time")
    func late() throws {
        let server = try ScriptedServer { _ in .answer(503) }
        var patience = S3Patience.brief
        patience.retrySecondsMax = 0
        let store = try S3ObjectStore.calling(server.port, patience: patience)
        let name = try ObjectName("name")
        #expect(
            throws: ObjectStoreError.busy(store: store.place, status: 503, code: "", attempts: 1)
        ) {
            try store.get(name, atMost: 100)
        }
        #expect(server.requests.count == 1)
    }

    @Test("a kept connection that was closed meanwhile is no fault, and connections are kept")
    func kept() throws {
        let small = try SmallS3()
        let store = try small.store()
        let name = try ObjectName("name")
        try store.put(name, [1])
        for _ in 0..<10 { #expect(try store.get(name, atMost: 1) == [1]) }
        #expect(small.connections == 1)
        let server = try ScriptedServer { _ in
            .raw("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx", closes: true)
        }
        var patience = S3Patience.brief
        patience.attemptsMax = 1
        let closing = try S3ObjectStore.calling(server.port, patience: patience)
        for _ in 0..<10 { #expect(try closing.get(name, atMost: 1) == Array("x".utf8)) }
    }

    @Test("a store that cannot refuse a second object says so, and one that says nonsense is named")
    func conditional() throws {
        let name = try ObjectName("name")
        let refusing = try ScriptedServer { _ in .answer(501, [], SmallS3.error("NotImplemented")) }
        let first = try S3ObjectStore.calling(refusing.port)
        #expect(throws: ObjectStoreError.noConditionalWrites(store: first.place)) {
            try first.put(name, [1])
        }
        let ghost = try ScriptedServer { request in
            request.method == "PUT"
                ? .answer(412, [], SmallS3.error("PreconditionFailed"))
                : .answer(404, [], SmallS3.error("NoSuchKey"))
        }
        let second = try S3ObjectStore.calling(ghost.port)
        #expect(throws: ObjectStoreError.neverThere(store: second.place, name: name, attempts: 5)) {
            try second.put(name, [1])
        }
    }

    @Test("two who are busy with one name are told so, and one of them tries again")
    func conflict() throws {
        let puts = Mutex(0)
        let server = try ScriptedServer { request in
            guard request.method == "PUT" else {
                return .answer(404, [], SmallS3.error("NoSuchKey"))
            }
            let count = puts.withLock { puts in
                puts += 1
                return puts
            }
            return count == 1
                ? .answer(409, [], SmallS3.error("ConditionalRequestConflict")) : .answer(200)
        }
        #expect(try S3ObjectStore.calling(server.port).put(ObjectName("name"), [1]) == .written)
    }

    @Test("a listing that is none, or lists what was not asked for, does no harm")
    func listings() throws {
        let head = "<ListBucketResult>"
        for text in [
            "", "<a/>", "\(head)", "\(head)<Contents/></ListBucketResult>",
            "\(head)<IsTruncated>true</IsTruncated></ListBucketResult>",
        ] {
            let server = try ScriptedServer { _ in .answer(200, [], text) }
            let store = try S3ObjectStore.calling(server.port)
            #expect(
                throws: ObjectStoreError.noObjectStore(
                    store: store.place, reason: "its listing cannot be read")
            ) { try store.list("", from: nil) }
        }
        let keys = [
            "some/prefix/a/1", "other/b", "some/prefix/a/%0a", "some/prefix/../x", "some/prefix/z",
        ]
        let contents = keys.map { "<Contents><Key>\($0)</Key></Contents>" }.joined()
        let server = try ScriptedServer { _ in
            .answer(
                200, [], "\(head)<EncodingType>url</EncodingType>\(contents)</ListBucketResult>")
        }
        let page = try S3ObjectStore.calling(server.port).list("a/", from: nil)
        #expect(page.names.map(\.text) == ["a/1"] && page.next == nil)
    }

    @Test("times of the web are read, and nothing else")
    func times() {
        #expect(S3Answer.time("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        for text in [
            nil, "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Xyz 1994 08:49:37 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08-49-37 GMT",
            "Sun, 06 Nov  994 08:49:37 GMT",
        ] { #expect(S3Answer.time(text) == nil) }
    }
}
