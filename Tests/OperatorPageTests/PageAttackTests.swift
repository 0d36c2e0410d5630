import AnnotationModel
import CountermarkNode
import Foundation
import Glibc
import LabelText
import Synchronization
import Testing

@testable import CompanyHome
@testable import OperatorPage

/// What somebody sends who means no good.
@Suite("Whoever attacks the page", .serialized)
struct PageAttackTests {
    @Test("gets no session that is over, and not another's")
    func sessions() throws {
        let clock = Mutex<Int64>(1_000)
        let sessions = PageSessions { clock.withLock { $0 } }
        func wait(_ seconds: Int64) { clock.withLock { $0 += seconds } }
        let (secret, session) = try sessions.begin("ann", .annotator)
        #expect(sessions.find(secret)?.person == "ann")
        #expect(sessions.find(session.name) == nil && sessions.find(session.csrf) == nil)
        wait(PageSessions.idleSecondsMax)
        #expect(sessions.find(secret) == nil)
        let (other, _) = try sessions.begin(nil, .operator)
        for _ in 0..<20 {
            wait(PageSessions.idleSecondsMax - 1)
            _ = sessions.find(other)
        }
        #expect(sessions.find(other) == nil)
        let first = try sessions.begin(nil, .operator).secret
        for _ in 0..<PageSessions.countMax {
            wait(1)
            _ = try sessions.begin(nil, .operator)
        }
        #expect(sessions.find(first) == nil)
    }

    @Test("fills no memory with a body, long or slow or deep")
    func bodies() async throws {
        try await PageFixture.serving(bodySeconds: 1) { page in
            let path = PageFixture.dataset + "/annotate"
            let head = ["Content-Type": "application/json"]
            let session = try await page.signIn("eve", .operator)
            var all = head
            (all["Cookie"], all["X-CSRF-Token"]) = (session.cookie, session.csrf)
            let huge = try await PageFixture.send(
                page.port, "POST", "/api/v1" + path, all, Array("{".utf8), declared: 1 << 40)
            #expect(huge.status == 413 && huge.code == "too-large")
            let slow = try await PageFixture.send(
                page.port, "POST", "/api/v1" + path, all, Array("{".utf8), declared: 100)
            #expect(slow.status == 408 && slow.code == "slow-body")
            let deep = String(repeating: "[", count: 100_000)
            let nested = try await page.send("POST", path, "{\"item\":\(deep)")
            #expect(nested.status == 400 && nested.code == "bad-request")
            let twice = try await page.send("POST", path, "{\"item\":\"a\",\"item\":\"b\"}")
            #expect(twice.status == 400)
            let number = try await page.send(
                "POST", path, "{\"item\":\"one.png\",\"class\":\"a\",\"confidence\":1e999}")
            #expect(number.status == 400)
        }
    }

    @Test("opens no more than so many streams")
    func watchers() async throws {
        try await PageFixture.serving { page in
            let session = try await page.signIn("eve", .viewer)
            let statuses = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<PageEvents.watchersOfSessionMax + 2 {
                    group.addTask {
                        // Streams that are open answer when the session ends.
                        (try? await page.send("GET", "/events", as: session).status) ?? 0
                    }
                }
                try? await Task.sleep(for: .seconds(1))
                _ = try? await page.send("DELETE", "/session", as: session)
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 429 } == 2)
            #expect(statuses.count { $0 == 200 } == PageEvents.watchersOfSessionMax)
        }
    }

    @Test("gets no file from elsewhere, and no pipe, device or folder")
    func media() async throws {
        try await PageFixture.serving { page in
            let files = FileManager.default
            try Data("secret".utf8).write(to: URL(fileURLWithPath: page.folder + "/secret"))
            try Data("inside".utf8).write(to: URL(fileURLWithPath: page.media + "/one.png"))
            try files.createDirectory(
                atPath: page.media + "/folder", withIntermediateDirectories: true)
            try files.createSymbolicLink(
                atPath: page.media + "/out", withDestinationPath: "../secret")
            try files.createSymbolicLink(
                atPath: page.media + "/absolute", withDestinationPath: page.folder + "/secret")
            try files.createSymbolicLink(
                atPath: page.media + "/above", withDestinationPath: "..")
            try files.createSymbolicLink(
                atPath: page.media + "/in", withDestinationPath: "one.png")
            try files.createSymbolicLink(
                atPath: page.media + "/device", withDestinationPath: "/dev/zero")
            #expect(mkfifo(page.media + "/pipe", 0o600) == 0)
            let keys = [
                "out", "absolute", "above/secret", "../secret", "folder/../../secret", "folder",
                page.folder + "/secret", "pipe", "device", "above/home/keys/ca.key", ".", "..",
                "one.png/", "in", "<script>", "folder//", "%2e%2e/secret",
            ]
            let list = keys.map { JSONValue.object(["key": .string($0)]) }
            let body = JSONValue.object(["items": .array(list)]).text
            #expect(
                try await page.send("POST", PageFixture.dataset + "/items", body).status == 200)
            for key in keys where key != "in" {
                let name = try #require(
                    key.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
                let answer = try await page.send(
                    "GET", PageFixture.dataset + "/media?item=\(name)")
                #expect(answer.status == 404, "\(key): \(answer.status)")
                #expect(!answer.body.contains("secret\""))
            }
            for key in ["one.png", "in"] {
                let answer = try await page.send("GET", PageFixture.dataset + "/media?item=\(key)")
                #expect(answer.body == "inside", "\(key): \(answer.status)")
            }
            // An item that nobody registered is not shown, whatever lies there.
            let stray = try await page.send("GET", PageFixture.dataset + "/media?item=other")
            #expect(stray.status == 404)
        }
    }

    @Test("is told in which way a file is not what was registered, and gets the parts it has")
    func parts() async throws {
        try await PageFixture.serving { page in
            let path = PageFixture.dataset + "/media?item=one.png"
            let file = URL(fileURLWithPath: page.media + "/one.png")
            #expect(try await page.send("GET", path).code == "no-media")
            try Data("0123456789".utf8).write(to: file)
            let plain = try await page.send("GET", path)
            #expect(plain.body == "0123456789")
            #expect(plain.headers["countermark-media"] == "unregistered")
            #expect(plain.headers["content-type"] == "image/png")
            #expect(plain.headers["content-security-policy"] == "default-src 'none'; sandbox")
            let digest = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"
            _ = try await page.send(
                "POST", PageFixture.dataset + "/items",
                "{\"items\":[{\"key\":\"one.png\",\"sha256\":\"\(digest)\"}]}")
            #expect(try await page.send("GET", path).headers["countermark-media"] == "same")
            try Data("0123456780".utf8).write(to: file)
            #expect(try await page.send("GET", path).headers["countermark-media"] == "differs")
            let ranges = [
                ("bytes=2-4", 206, "234"), ("bytes=8-", 206, "80"), ("bytes=-3", 206, "780"),
                ("bytes=0-999", 206, "0123456780"), ("bytes=5-2", 200, "0123456780"),
                ("bytes=0-1,3-4", 200, "0123456780"), ("items=0-1", 200, "0123456780"),
                ("bytes=99999999999999999999-", 200, "0123456780"),
            ]
            for (range, status, body) in ranges {
                let answer = try await page.send("GET", path, nil, ["Range": range])
                #expect(answer.status == status && answer.body == body, "\(range)")
            }
            for range in ["bytes=10-", "bytes=-0"] {
                let answer = try await page.send("GET", path, nil, ["Range": range])
                #expect(answer.status == 416 && answer.code == "bad-range", "\(range)")
            }
        }
    }

    @Test("shows no picture that says it has more pixels than a browser can hold")
    func bombs() async throws {
        func big(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
        func little(_ value: UInt32) -> [UInt8] {
            withUnsafeBytes(of: value.littleEndian) { Array($0) }
        }
        let side: UInt32 = 100_000
        let png =
            [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] + big(13) + Array("IHDR".utf8)
            + big(side) + big(side)
        let pictures: [[UInt8]] = [
            png,
            [0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0xff, 0xff, 0xff, 0xff, 3],
            Array("GIF89a".utf8) + [0xff, 0xff, 0xff, 0xff, 0, 0],
            Array("RIFF".utf8) + little(30) + Array("WEBPVP8X".utf8) + little(10) + little(0)
                + [0xff, 0xff, 0, 0xff, 0xff, 0],
            Array("BM".utf8) + little(54) + little(0) + little(54) + little(40) + little(side)
                + little(side),
            [0x49, 0x49, 0x2a, 0] + little(8) + [2, 0, 0, 1, 4, 0] + little(1) + little(side)
                + [1, 1, 4, 0] + little(1) + little(side) + little(0),
        ]
        try await PageFixture.serving { page in
            let file = URL(fileURLWithPath: page.media + "/one.png")
            for picture in pictures {
                try Data(picture + [UInt8](repeating: 0, count: 40)).write(to: file)
                let answer = try await page.send(
                    "GET", PageFixture.dataset + "/media?item=one.png")
                #expect(
                    answer.status == 413 && answer.code == "picture-too-large",
                    "\(picture.prefix(4))")
            }
        }
    }
}
