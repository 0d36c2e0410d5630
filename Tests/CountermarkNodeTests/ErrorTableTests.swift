import Foundation
import Testing

@testable import CountermarkNode
@testable import PlainErrors

/// All errors stand in one table, in the program and in the documents.
struct ErrorTableTests {
    private static let sources = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let document = sources.appendingPathComponent("Docs/Errors.md")
    private static let begin = "| code | status | HTTP | what to do |\n| --- | --- | --- | --- |\n"

    private static var rows: String {
        ErrorCode.all.map {
            "| `\($0.word)` | \($0.kind.rawValue) | \($0.http) | \($0.advice) |\n"
        }.joined()
    }

    @Test("the table of the documents is that of the program")
    func documented() throws {
        let text = try String(contentsOf: Self.document, encoding: .utf8)
        let start = try #require(text.range(of: Self.begin)).upperBound
        let end = try #require(text.range(of: "\n\n", range: start..<text.endIndex)).lowerBound
        let found = String(text[start..<end]) + "\n"
        if ProcessInfo.processInfo.environment["COUNTERMARK_RENEW_DOCS"] == "1" {
            let renewed = text[..<start] + Self.rows + text[end...].dropFirst()
            try String(renewed).write(to: Self.document, atomically: true, encoding: .utf8)
        } else {
            #expect(
                found == Self.rows,
                "COUNTERMARK_RENEW_DOCS=1 swift test --filter ErrorTableTests writes it anew")
        }
    }

    @Test("every code is listed once, in order, with a status and what to do")
    func complete() throws {
        let file = Self.sources.appendingPathComponent(
            "Sources/PlainErrors/ErrorCode.swift")
        let declared =
            try String(contentsOf: file, encoding: .utf8)
            .components(separatedBy: "package static let ").count - 1
        #expect(ErrorCode.all.count == declared)
        #expect(Set(ErrorCode.all.map(\.word)).count == declared)
        #expect(ErrorCode.all.map(\.word) == ErrorCode.all.map(\.word).sorted())
        for code in ErrorCode.all {
            #expect(!code.advice.isEmpty && (400..<600).contains(code.http), "\(code.word)")
        }
    }

    @Test("another node's word is kept, known or not")
    func told() {
        #expect(ErrorCode(told: "not-member") == .notMember)
        #expect(ErrorCode(told: "not-member").kind == .failed)
        #expect(ErrorCode(told: "of-next-year").word == "of-next-year")
    }
}
