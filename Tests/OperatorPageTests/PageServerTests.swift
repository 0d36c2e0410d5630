import AnnotationModel
import CountermarkNode
import Foundation
import Glibc
import LabelText
import Testing

@testable import CompanyHome
@testable import OperatorPage

@Suite("The page", .serialized)
struct PageServerTests {
    private let spur = PageFixture.dataset + "/labels?item=one.png"

    @Test("serves every file of its folder, and nothing that runs from elsewhere")
    func files() async throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let web = root.appendingPathComponent("Sources/OperatorPage/Web")
        let names = try #require(FileManager.default.enumerator(atPath: web.path)).compactMap {
            $0 as? String
        }.filter { name in
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(
                atPath: "\(web.path)/\(name)", isDirectory: &isFolder)
            return !isFolder.boolValue
        }
        // Else run Sources/CPageFiles/list.py.
        #expect(Set(names) == Set(PageFiles.all.map(\.name)))
        try await PageFixture.serving { page in
            for name in names {
                let answer = try await PageFixture.send(page.port, "GET", "/\(name)")
                let text = try String(
                    decoding: Data(contentsOf: web.appendingPathComponent(name)), as: UTF8.self)
                #expect(answer.status == 200 && answer.body == text, "\(name)")
                let policy = try #require(answer.headers["content-security-policy"])
                #expect(policy.hasPrefix("default-src 'none';") && !policy.contains("unsafe"))
                #expect(answer.headers["x-content-type-options"] == "nosniff")
            }
        }
    }

    @Test("tells nobody anything who has not signed in, and nobody by a link that was used")
    func signingIn() async throws {
        try await PageFixture.serving { page in
            for route in PageServer.routes {
                let path = route.path.replacingOccurrences(of: "{owner}", with: "oem.example")
                    .replacingOccurrences(of: "{name}", with: "boards")
                    .replacingOccurrences(of: "{id}", with: "oem.example:1.2")
                let answer = try await page.send(
                    route.method.rawValue.uppercased(), path,
                    route.method == .get ? nil : "{}", ["Cookie": ""])
                #expect(answer.status == 401 && answer.code == "not-signed-in", "\(route.path)")
            }
            let time = Int64(Date().timeIntervalSince1970)
            let token = try PageLinks(page.home).make(nil, .viewer, at: time)
            _ = try await PageFixture.signIn(page.port, token)
            let again = try await page.send(
                "POST", "/session", "{\"token\":\"\(token)\"}", ["Cookie": ""])
            #expect(again.status == 401 && again.code == "bad-link")
            let old = try PageLinks(page.home).make(nil, .viewer, at: time - PageLinks.seconds)
            let late = try await page.send(
                "POST", "/session", "{\"token\":\"\(old)\"}", ["Cookie": ""])
            #expect(late.code == "bad-link")
            let other = try await page.signIn("eve", .viewer)
            #expect(try await page.send("DELETE", "/session", as: other).status == 204)
            #expect(try await page.send("GET", "/session", as: other).status == 401)
        }
    }

    @Test("lets nobody guess links quickly")
    func guessing() async throws {
        try await PageFixture.serving { page in
            var codes: [String?] = []
            for _ in 0..<12 {
                codes.append(
                    try await page.send("POST", "/session", "{\"token\":\"0\"}", ["Cookie": ""])
                        .code)
            }
            #expect(codes.first == "bad-link" && codes.last == "too-fast")
        }
    }

    @Test("answers under its own name and to its own origin alone")
    func foreigners() async throws {
        try await PageFixture.serving { page in
            let evil = "http://evil.example"
            let host = try await page.send("GET", "/status", nil, ["Host": "evil.example"])
            #expect(host.status == 421 && host.code == "wrong-host")
            #expect(
                try await PageFixture.send(page.port, "GET", "/", ["Host": "evil.example"]).status
                    == 421)
            #expect(
                try await page.send("GET", "/status", nil, ["Host": "localhost:\(page.port)"])
                    .status == 200)
            for headers in [
                ["Origin": evil], ["Origin": "null"], ["Sec-Fetch-Site": "cross-site"],
                ["Origin": "http://127.0.0.1:1"], ["Origin": "https://127.0.0.1:\(page.port)"],
            ] {
                let answer = try await page.send("GET", "/status", nil, headers)
                #expect(answer.status == 403 && answer.code == "cross-site", "\(headers)")
            }
            let write = PageFixture.dataset + "/examined"
            let body = "{\"item\":\"one.png\"}"
            #expect(try await page.send("POST", write, body, ["X-CSRF-Token": ""]).status == 403)
            #expect(try await page.send("POST", write, body, ["X-CSRF-Token": "0"]).status == 403)
            let form = try await page.send(
                "POST", write, body, ["Content-Type": "text/plain"])
            #expect(form.status == 415 && form.code == "unsupported-type")
            #expect(
                try await page.send(
                    "POST", write, body, ["Origin": "http://127.0.0.1:\(page.port)"]
                ).status == 200)
        }
    }

    @Test("lets each do what its role may, and no more")
    func roles() async throws {
        try await PageFixture.serving { page in
            let label = try #require(
                try await page.send("GET", spur).json["annotations"]?.array?.first?["id"]?.string)
            let acts = [
                (PageRole.annotator, "/comment", "{\"label\":\"\(label)\",\"text\":\"hm\"}"),
                (.reviewer, "/review", "{\"label\":\"\(label)\",\"verdict\":\"accept\"}"),
                (.operator, "/items", "{\"items\":[{\"key\":\"two.png\"}]}"),
            ]
            for role in PageRole.allCases {
                let session = try await page.signIn("eve", role)
                #expect(try await page.send("GET", spur, as: session).status == 200)
                for (needed, path, body) in acts {
                    let answer = try await page.send(
                        "POST", PageFixture.dataset + path, body, as: session)
                    #expect(answer.status == (role < needed ? 403 : 200), "\(role) \(path)")
                }
            }
            // The session's person is the author.
            let story = try await page.send("GET", PageFixture.dataset + "/labels/\(label)")
            #expect(
                story.json["reviews"]?.array?.contains { $0["author"]?.string == "eve" } == true)
        }
    }

    @Test("names the state of what it tells, and tells it again when that has moved")
    func tags() async throws {
        try await PageFixture.serving { page in
            let first = try await page.send("GET", spur)
            let tag = try #require(first.headers["etag"])
            let same = try await page.send("GET", spur, nil, ["If-None-Match": tag])
            #expect(same.status == 304 && same.body.isEmpty)
            let written = try await page.send(
                "POST", PageFixture.dataset + "/annotate",
                "{\"item\":\"one.png\",\"class\":\"short\",\"selector\":{\"kind\":\"box\",\"x\":1,"
                    + "\"y\":2,\"width\":3,\"height\":4},\"fields\":{\"depth\":1.5}}")
            #expect(written.json["changed"] == .bool(true))
            let other = try await page.send("GET", spur, nil, ["If-None-Match": tag])
            #expect(other.status == 200 && other.json["annotations"]?.array?.count == 2)
        }
    }

    @Test("tells of one write what came of it, whatever was written before")
    func outcomes() async throws {
        try await PageFixture.serving { page in
            let (path, body) = (PageFixture.dataset + "/examined", "{\"item\":\"one.png\"}")
            let first = try await page.send("POST", path, body)
            #expect(first.json["changed"] == .integer(1))
            #expect(first.json["dataset"]?.string == "oem.example/boards")
            let second = try await page.send("POST", path, body)
            #expect(second.json["unchanged"] == .integer(1) && second.json["dataset"] == nil)
        }
    }

    @Test("lists items by what they and their labels are")
    func items() async throws {
        try await PageFixture.serving { page in
            func keys(_ query: String) async throws -> [String] {
                let answer = try await page.send("GET", PageFixture.dataset + "/items?" + query)
                return answer.json["items"]?.array?.compactMap { $0["key"]?.string } ?? ["?"]
            }
            #expect(try await keys("") == ["<script>alert(1)</script>", "one.png"])
            #expect(try await keys("limit=1&offset=1") == ["one.png"])
            #expect(try await keys("q=SCRIPT") == ["<script>alert(1)</script>"])
            #expect(try await keys("class=spur&org=oem.example") == ["one.png"])
            #expect(try await keys("class=none").isEmpty)
            #expect(try await keys("contested=true").isEmpty)
            #expect(try await keys("unexamined=oem.example").count == 2)
            _ = try await page.send(
                "POST", PageFixture.dataset + "/examined", "{\"item\":\"one.png\"}")
            #expect(try await keys("unexamined=oem.example") == ["<script>alert(1)</script>"])
            _ = try await page.send(
                "POST", PageFixture.dataset + "/stage",
                "{\"item\":\"one.png\",\"stage\":\"quality\",\"state\":\"accepted\"}")
            #expect(try await keys("stage=quality:accepted") == ["one.png"])
            #expect(try await keys("stage=quality") == ["<script>alert(1)</script>"])
            #expect(try await page.send("GET", PageFixture.dataset + "/items?nix=1").status == 400)
            #expect(
                try await page.send("GET", PageFixture.dataset + "/items?limit=0").status == 400)
        }
    }

    @Test("reads a file of labels that comes as a body, and knows it again")
    func importing() async throws {
        try await PageFixture.serving { page in
            let line =
                "{\"item\":\"one.png\",\"class\":\"hole\",\"selector\":{\"kind\":\"wholeItem\"}}\n"
            let path = PageFixture.dataset + "/import?format=jsonl&file=a.jsonl"
            let first = try await page.send(
                "POST", path, line, ["Content-Type": "application/octet-stream"])
            #expect(first.status == 200 && first.json["added"] == .integer(1), "\(first.body)")
            let second = try await page.send(
                "POST", path, line, ["Content-Type": "application/octet-stream"])
            #expect(second.json["added"] == .integer(0) && second.json["unchanged"] == .integer(1))
            for name in ["../a", "a/b", "..", ""] {
                let answer = try await page.send(
                    "POST", PageFixture.dataset + "/import?format=jsonl&file=\(name)x/../..", line,
                    ["Content-Type": "application/octet-stream"])
                #expect(answer.status == 400)
            }
        }
    }
}
