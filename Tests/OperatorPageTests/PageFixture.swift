import AnnotationModel
import CountermarkNode
import Dispatch
import Foundation
import Glibc
import LabelText
import Logging
import Testing

@testable import CompanyHome
@testable import OperatorPage

/// A home that serves its page on a socket of its own, and a browser's side without a browser.
final class PageFixture: Sendable {
    let home: Home
    let folder: String
    let media: String
    let port: Int
    private let task: Task<Void, any Error>
    private let session: (cookie: String, csrf: String)

    struct Answer {
        let status: Int
        let headers: [String: String]
        let body: String
        var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
        var code: String? { json["code"]?.string }
    }

    static let dataset = "/datasets/oem.example/boards"

    /// Serves while `body` runs.
    static func serving(
        bodySeconds: Int64 = 30, token: String? = nil, _ body: (PageFixture) async throws -> Void
    ) async throws {
        let page = try await PageFixture(bodySeconds: bodySeconds, token: token)
        do {
            try await body(page)
        } catch {
            await page.end()
            throw error
        }
        await page.end()
    }

    /// The file with the token of whoever reads figures.
    var tokenFile: String { folder + "/token" }

    private init(bodySeconds: Int64, token: String?) async throws {
        folder = NSTemporaryDirectory() + "page-\(UUID().uuidString)"
        media = folder + "/media"
        try FileManager.default.createDirectory(
            atPath: media, withIntermediateDirectories: true)
        home = try Home.make(
            folder + "/home", origin: try Origin("oem.example"), name: "OEM",
            time: Int64(Date().timeIntervalSince1970))
        let node = try Node(home)
        let id = try DatasetID("oem.example/boards")
        try node.create(id, title: "Boards", schema: "{}")
        try node.write(
            id,
            [
                .addItem(key: "one.png", fields: [:]),
                .addItem(key: "<script>alert(1)</script>", fields: [:]),
                .addAnnotation(
                    item: "one.png", className: "spur", selector: .wholeItem, fields: [:]),
            ])
        let (links, told) = AsyncStream.makeStream(of: String.self)
        var options = PageServer.Options()
        options.media = media
        options.bodySeconds = bodySeconds
        options.announce = { told.yield($0) }
        if let token {
            try token.write(toFile: folder + "/token", atomically: true, encoding: .utf8)
            options.scraping = try ScrapeToken(file: folder + "/token")
        }
        var logger = Logger(label: "page")
        logger.logLevel = .critical
        let made = options
        let service = try NodeService(
            home: home, host: "127.0.0.1", port: 0, operatorAddress: ("127.0.0.1", 0),
            operatorPage: { try PageServer($0, made) }, logger: logger)
        task = Task { try await service.run() }
        var link: String?
        for await found in links {
            link = found
            break
        }
        let text = try #require(link)
        let parts = text.split(separator: "#")
        port = try #require(Int(parts[0].split(separator: ":").last?.filter(\.isNumber) ?? ""))
        let token = String(try #require(parts.last).dropFirst("token=".count))
        session = try await Self.signIn(port, token)
    }

    private func end() async {
        task.cancel()
        _ = await task.result
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Signs in by a link.
    static func signIn(_ port: Int, _ token: String) async throws -> (cookie: String, csrf: String)
    {
        let answer = try await send(
            port, "POST", "/api/v1/session", ["Content-Type": "application/json"],
            Array("{\"token\":\"\(token)\"}".utf8))
        #expect(answer.status == 200)
        let cookie = try #require(answer.headers["set-cookie"]?.split(separator: ";").first)
        return (String(cookie), try #require(answer.json["csrf"]?.string))
    }

    /// Signs somebody else in.
    func signIn(_ person: String?, _ role: PageRole) async throws -> (cookie: String, csrf: String)
    {
        let time = Int64(Date().timeIntervalSince1970)
        if let person { _ = try PagePeople(home).add(person, role, password: nil) }
        return try await Self.signIn(port, try PageLinks(home).make(person, role, at: time))
    }

    /// Sends a request of the operator's.
    func send(
        _ method: String, _ path: String, _ json: String? = nil,
        _ headers: [String: String] = [:], as other: (cookie: String, csrf: String)? = nil
    ) async throws -> Answer {
        let session = other ?? session
        var all = ["Cookie": session.cookie]
        if method != "GET" { all["X-CSRF-Token"] = session.csrf }
        if json != nil { all["Content-Type"] = "application/json" }
        for (name, value) in headers { all[name] = value.isEmpty ? nil : value }
        return try await Self.send(
            port, method, "/api/v1" + path, all, json.map { Array($0.utf8) })
    }

    /// Sends a request over a new connection, and reads until its end.
    ///
    /// On a thread of its own: who waits here keeps no task of the server's from running.
    static func send(
        _ port: Int, _ method: String, _ path: String, _ headers: [String: String] = [:],
        _ body: [UInt8]? = nil, declared: Int? = nil, reads: Bool = true
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result {
                        try exchange(port, method, path, headers, body, declared)
                    })
            }
        }
    }

    private static func exchange(
        _ port: Int, _ method: String, _ path: String, _ headers: [String: String],
        _ body: [UInt8]?, _ declared: Int?
    ) throws -> Answer {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(file) }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        let isThere = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(isThere == 0)
        var head = "\(method) \(path) HTTP/1.1\r\n"
        var all = ["Host": "127.0.0.1:\(port)", "Connection": "close"]
        if let count = declared ?? body?.count { all["Content-Length"] = "\(count)" }
        for (name, value) in headers { all[name] = value }
        for (name, value) in all { head += "\(name): \(value)\r\n" }
        let bytes = Array((head + "\r\n").utf8) + (body ?? [])
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    file, $0.baseAddress.map { $0 + sent }, bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { break }
            sent += count
        }
        var got: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(file, &buffer, buffer.count, 0)
            if count <= 0 { break }
            got += buffer.prefix(count)
        }
        return try parse(got)
    }

    private static func parse(_ bytes: [UInt8]) throws -> Answer {
        let text = String(decoding: bytes, as: UTF8.self)
        let end = try #require(text.range(of: "\r\n\r\n"))
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        let status = try #require(Int(lines[0].split(separator: " ")[1]))
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        return Answer(status: status, headers: headers, body: String(text[end.upperBound...]))
    }
}
