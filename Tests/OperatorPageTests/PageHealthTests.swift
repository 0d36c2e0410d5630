import AnnotationModel
import CountermarkNode
import Foundation
import LabelText
import Testing

@testable import CompanyHome
@testable import OperatorPage
@testable import PlainErrors

@Suite("Health and figures", .serialized)
struct PageHealthTests {
    private static let token = String(repeating: "t0k3n", count: 8)

    private func get(
        _ page: PageFixture, _ path: String, _ headers: [String: String] = [:]
    ) async throws -> PageFixture.Answer {
        try await PageFixture.send(page.port, "GET", path, headers)
    }

    @Test("strangers learn that it is well or not, and the operator why")
    func reasons() async throws {
        try await PageFixture.serving(token: Self.token) { page in
            let bearer = ["Authorization": "Bearer \(Self.token)"]
            for (path, body) in [("/livez", "ok\n"), ("/readyz", "ok\n"), ("/healthz", "ok\n")] {
                let answer = try await get(page, path)
                #expect(answer.status == 200 && answer.body == body, "\(path)")
            }
            let viewer = try await page.signIn("eve", .viewer)
            #expect(try await get(page, "/healthz", ["Cookie": viewer.cookie]).body == "ok\n")
            let told = try await get(page, "/healthz", bearer)
            #expect(told.status == 200 && told.json["ok"] == .bool(true))
            #expect(
                told.json["checks"]?.array?.compactMap { $0["name"]?.string } == [
                    "lock", "disk", "checkpoint", "certificate", "logs", "clock",
                ])
            let id = try DatasetID("oem.example/boards")
            let checkpoint = page.home.logFolder(page.home.origin, id) + "/checkpoint"
            try "nothing".write(toFile: checkpoint, atomically: true, encoding: .utf8)
            try await Task.sleep(for: .seconds(2.1))
            #expect(try await get(page, "/livez").body == "ok\n")
            for (path, body) in [("/readyz", "not ready\n"), ("/healthz", "not ok\n")] {
                let answer = try await get(page, path)
                #expect(answer.status == 503 && answer.body == body, "\(path): \(answer.body)")
            }
            let operator_ = try await page.signIn(nil, .operator)
            for headers in [bearer, ["Cookie": operator_.cookie]] {
                let answer = try await get(page, "/healthz", headers)
                #expect(answer.status == 503 && answer.json["ok"] == .bool(false))
                #expect(answer.body.contains("boards"), "\(answer.body)")
            }
            // Whoever was removed is out here, too.
            _ = try PagePeople(page.home).add("max", .operator, password: nil)
            let max = try await page.signIn("max", .operator)
            #expect(try await get(page, "/metrics", ["Cookie": max.cookie]).status == 200)
            _ = try PagePeople(page.home).remove("max")
            #expect(try await get(page, "/metrics", ["Cookie": max.cookie]).status == 401)
        }
    }

    @Test("figures are for whoever shows the token, where there is one, and for the operator")
    func figures() async throws {
        try await PageFixture.serving { page in
            let answer = try await get(page, "/metrics")
            #expect(answer.status == 200 && answer.body.contains("countermark_build_info{"))
            #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        }
        try await PageFixture.serving(token: Self.token + "\n") { page in
            for given in [
                "", "Bearer", "Bearer ", "Bearer \(Self.token)x", "Bearer \(Self.token.dropLast())",
                "Basic \(Self.token)", Self.token, "Bearer  \(Self.token)",
                "Bearer " + String(repeating: "x", count: 8_000),
            ] {
                let answer = try await get(
                    page, "/metrics", given.isEmpty ? [:] : ["Authorization": given])
                #expect(
                    answer.status == 401 && answer.code == "not-signed-in", "\(given.prefix(60))")
                #expect(answer.headers["www-authenticate"] == "Bearer")
                #expect(!answer.body.contains("countermark_"))
            }
            let bearer = ["Authorization": "Bearer \(Self.token)"]
            #expect(try await get(page, "/metrics", bearer).status == 200)
            #expect(
                try await get(page, "/metrics", ["Authorization": "bearer \(Self.token)"]).status
                    == 200)
            // It opens nothing else.
            #expect(try await get(page, "/api/v1/status", bearer).status == 401)
            let viewer = try await page.signIn("eve", .viewer)
            #expect(try await get(page, "/metrics", ["Cookie": viewer.cookie]).status == 401)
            let operator_ = try await page.signIn(nil, .operator)
            #expect(try await get(page, "/metrics", ["Cookie": operator_.cookie]).status == 200)
            // The file may be changed while the node serves, and nobody is let in without it.
            let other = String(repeating: "n3w", count: 20)
            try other.write(toFile: page.tokenFile, atomically: true, encoding: .utf8)
            #expect(try await get(page, "/metrics", bearer).status == 401)
            #expect(
                try await get(page, "/metrics", ["Authorization": "Bearer \(other)"]).status == 200)
            try FileManager.default.removeItem(atPath: page.tokenFile)
            #expect(
                try await get(page, "/metrics", ["Authorization": "Bearer \(other)"]).status == 401)
        }
    }

    @Test("a file that holds no token is no token")
    func tokens() throws {
        let path = NSTemporaryDirectory() + "token-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let letters = String(repeating: "a", count: ScrapeToken.lettersMin)
        for text in [
            "", "\n", String(letters.dropLast()), letters + " b", letters + "\nb", letters + "é",
            String(repeating: "a", count: ScrapeToken.bytesMax + 1),
        ] {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            #expect(throws: NodeError.self, "\(text.prefix(50))") { try ScrapeToken(file: path) }
        }
        try (letters + "\r\n").write(toFile: path, atomically: true, encoding: .utf8)
        _ = try ScrapeToken(file: path)
        try FileManager.default.removeItem(atPath: path)
        #expect(throws: NodeError.self) { try ScrapeToken(file: path) }
    }
}
