import AnnotationModel
import CountermarkNode
import Foundation
import LabelText
import Testing

@testable import CompanyHome
@testable import OperatorPage

@Suite("Methods, lists and releases of the API", .serialized)
struct PageListTests {
    @Test("a path that is known says which methods it takes")
    func methods() async throws {
        try await PageFixture.serving { page in
            let dataset = PageFixture.dataset
            for (method, path, allow) in [
                ("DELETE", "/status", "GET"), ("PUT", "/session", "DELETE, GET, POST"),
                ("HEAD", dataset + "/labels", "GET"), ("GET", dataset + "/set", "POST"),
                ("PATCH", "/datasets", "GET, POST"), ("OPTIONS", dataset + "/items", "GET, POST"),
                ("QUERY", "/events", "GET"), ("GET", dataset + "/entries", "POST"),
                ("POST", dataset + "/labels/oem.example%3A1.2/proof", "GET"),
                ("GET", dataset + "/releases/2026-11/withdraw", "POST"),
                ("POST", "/people/keys", "GET"), ("GET", "/people/eve/key", "POST"),
            ] {
                let answer = try await page.send(method, path)
                #expect(answer.status == 405, "\(method) \(path)")
                #expect(method == "HEAD" || answer.code == "wrong-method", "\(method) \(path)")
                #expect(answer.headers["allow"] == allow, "\(method) \(path)")
            }
            for path in ["/", "/index.html", "/metrics", "/livez"] {
                let answer = try await PageFixture.send(page.port, "POST", path, [:], [])
                #expect(answer.status == 405 && answer.headers["allow"] == "GET", "\(path)")
            }
            for path in ["/nothing", dataset + "/labels/a/b/c", "/datasets/oem.example"] {
                let answer = try await page.send("DELETE", path)
                #expect(answer.status == 404 && answer.headers["allow"] == nil, "\(path)")
            }
        }
    }

    @Test("a list is read to its end, whatever is written meanwhile")
    func pages() async throws {
        try await PageFixture.serving { page in
            let dataset = PageFixture.dataset
            func next(_ answer: PageFixture.Answer) -> String? { answer.json["next"]?.string }
            func keys(_ answer: PageFixture.Answer) -> [String] {
                answer.json["items"]?.array?.compactMap { $0["key"]?.string } ?? ["?"]
            }
            func add(_ key: String) async throws {
                let body = "{\"items\":[{\"key\":\"\(key)\"}]}"
                #expect(try await page.send("POST", dataset + "/items", body).status == 200)
            }
            for key in ["three", "two"] { try await add(key) }
            // By the table's index, and by a filter.
            for filter in ["", "&unexamined=oem.example"] {
                var seen: [String] = []
                var answer = try await page.send("GET", dataset + "/items?limit=2\(filter)")
                seen += keys(answer)
                let after = try #require(next(answer))
                // Before the place, and behind it.
                try await add("\u{21}\(filter.count)")
                try await add("zz\(filter.count)")
                answer = try await page.send(
                    "GET", dataset + "/items?limit=100&after=\(after)\(filter)")
                seen += keys(answer)
                #expect(
                    seen.prefix(4) == ["<script>alert(1)</script>", "one.png", "three", "two"]
                        || filter.count > 0, "\(seen)")
                #expect(
                    Set(seen).count == seen.count && seen.last == "zz\(filter.count)", "\(seen)")
                #expect(next(answer) == nil && answer.json["next"] == .null)
            }
            // Newest first: what is written later does not come again, and moves nothing.
            let all = try await page.send("GET", dataset + "/history")
            let count = try #require(all.json["entries"]?.array?.count)
            #expect(all.json["next"] == nil && count > 3)
            var answer = try await page.send("GET", dataset + "/history?limit=2")
            var indices = answer.json["entries"]?.array?.compactMap { $0["index"]?.integer } ?? []
            try await add("later")
            while let after = next(answer) {
                answer = try await page.send("GET", dataset + "/history?limit=2&after=\(after)")
                indices += answer.json["entries"]?.array?.compactMap { $0["index"]?.integer } ?? []
            }
            #expect(indices.count == count && Set(indices).count == count, "\(indices)")
            for number in 0..<3 {
                let body = "{\"item\":\"one.png\",\"class\":\"c\(number)\"}"
                _ = try await page.send("POST", dataset + "/annotate", body)
            }
            var labels: [String] = []
            var path = dataset + "/labels?limit=2"
            while true {
                let answer = try await page.send("GET", path)
                labels += answer.json["annotations"]?.array?.compactMap { $0["id"]?.string } ?? []
                guard let after = next(answer) else { break }
                #expect(!after.contains("oem"))
                path = dataset + "/labels?limit=2&after=\(after)"
            }
            #expect(labels.count == 4 && Set(labels).count == 4)
        }
    }

    @Test("a place is of the list that made it alone")
    func places() async throws {
        try await PageFixture.serving { page in
            let dataset = PageFixture.dataset
            let first = try await page.send("GET", dataset + "/items?limit=1")
            let items = try #require(first.json["next"]?.string)
            #expect(try await page.send("GET", dataset + "/items?after=\(items)").status == 200)
            let flipped = (items.first == "A" ? "B" : "A") + items.dropFirst()
            for path in [
                "/items?after=\(flipped)", "/items?after=\(items.dropLast())", "/items?after=1",
                "/items?after=%00", "/items?after=\(items)&class=spur",
                "/items?after=\(items)&offset=1", "/labels?after=\(items)",
                "/history?after=\(items)", "/history?after=0", "/labels?after=oem.example:1.2",
                "/items?after=" + String(repeating: "A", count: 8_000),
                "/items?after=" + String(repeating: "A", count: 8_193),
            ] {
                let answer = try await page.send("GET", dataset + path)
                #expect(answer.status == 400 && answer.code == "bad-request", "\(path.prefix(80))")
            }
            // A place that this list makes and that nothing stands at.
            let cursor = PageCursor(
                list: "[\"/datasets/{owner}/{name}/items\",[\"oem.example\",\"boards\"]]")
            for (place, keys) in [
                ("{\"key\":\"one.png\",\"at\":-9223372036854775808}", 0),
                ("{\"key\":\"\",\"at\":9223372036854775807}", 2), ("{\"key\":\"<\",\"at\":1}", 2),
                ("{\"key\":\"zzz\",\"at\":1}", 0),
            ] {
                let text = cursor.text(try JSONValue(parsing: place))
                let answer = try await page.send("GET", dataset + "/items?after=\(text)")
                #expect(
                    answer.status == 200 && answer.json["items"]?.array?.count == keys, "\(place)")
            }
            for place in ["{}", "[]", "{\"key\":1,\"at\":1}", "{\"key\":\"a\"}", "7"] {
                let text = cursor.text(try JSONValue(parsing: place))
                #expect(try await page.send("GET", dataset + "/items?after=\(text)").status == 400)
            }
        }
    }

    @Test("what somebody takes comes with the bytes that he signs")
    func candidates() async throws {
        try await PageFixture.serving { page in
            let dataset = PageFixture.dataset
            let body =
                "{\"item\":\"one.png\",\"class\":\"short\",\"fields\":{\"depth\":1.0,\"count\":1},"
                + "\"selector\":{\"kind\":\"box\",\"x\":1,\"y\":2,\"width\":3,\"height\":4}}"
            let made = try await page.send("POST", dataset + "/annotate", body)
            let id = try #require(made.json["id"]?.string)
            func candidate(_ query: String) async throws -> PageFixture.Answer {
                try await page.send("GET", dataset + "/candidate?" + query)
            }
            func encoded(_ field: String, _ value: String) async throws -> String {
                let body = "{\"label\":\"\(id)\",\"fields\":{\"\(field)\":\(value)}}"
                let done = try await page.send("POST", dataset + "/set", body)
                #expect(done.status == 200, "\(done.body)")
                let answer = try await candidate("label=\(id)&field=\(field)&take=oem.example")
                #expect(answer.status == 200, "\(answer.body)")
                #expect(answer.json["op"]?.string == done.json["id"]?.string)
                return answer.json["encoded"]?.string ?? "none"
            }
            // A float of a whole number is none of an integer: JSON in a browser makes them one.
            #expect(try await encoded("depth", "2.0") == "+UAA")
            #expect(try await encoded("depth", "2") == "Ag==")
            #expect(try await encoded("class", "\"hole\"") == "none")
            #expect(try await encoded("status", "1") == "AQ==")
            for (query, status) in [
                ("label=\(id)&field=class&take=tier.example", 422),
                ("label=\(id)&field=none&take=oem.example", 422),
                ("label=oem.example:999.0&field=class&take=oem.example", 404),
                ("item=none.png&field=group&take=oem.example", 404),
                ("label=\(id)&item=one.png&field=class&take=oem.example", 400),
                ("field=class&take=oem.example", 400), ("label=\(id)&field=class", 400),
                ("label=\(id)&take=oem.example", 400),
            ] {
                let answer = try await candidate(query)
                #expect(answer.status == status, "\(query): \(answer.body)")
            }
        }
    }

    @Test("releases are countersigned and withdrawn by operators")
    func releases() async throws {
        try await PageFixture.serving { page in
            let node = try Node(page.home)
            let id = try DatasetID("oem.example/boards")
            try node.createRelease("2026-11", of: id, terms: .init())
            let path = PageFixture.dataset + "/releases/2026-11"
            let reviewer = try await page.signIn("eve", .reviewer)
            for (act, body) in [("/countersign", "{}"), ("/withdraw", "{\"reason\":\"wrong\"}")] {
                let answer = try await page.send("POST", path + act, body, as: reviewer)
                #expect(answer.status == 403 && answer.code == "role-too-small")
            }
            let own = try await page.send("POST", path + "/countersign", "{}")
            #expect(own.status == 422 && own.code == "own-release", "\(own.body)")
            let none = try await page.send(
                "POST", PageFixture.dataset + "/releases/none/withdraw", "{\"reason\":\"wrong\"}")
            #expect(none.status == 404)
            #expect(try await page.send("POST", path + "/withdraw", "{}").status == 400)
            #expect(try await page.send("POST", path + "/countersign", "{\"x\":1}").status == 400)
            let done = try await page.send("POST", path + "/withdraw", "{\"reason\":\"wrong\"}")
            #expect(done.status == 200 && done.json["withdrawn"]?.string == "wrong", "\(done.body)")
            #expect(done.json["changed"] == .bool(true))
            let again = try await page.send("POST", path + "/withdraw", "{\"reason\":\"wrong\"}")
            #expect(again.json["changed"] == .bool(false))
            let late = try await page.send("GET", PageFixture.dataset + "/releases")
            #expect(late.json["releases"]?.array?.first?["withdrawn"]?.string == "wrong")
        }
    }
}
