import Foundation
import Testing

@testable import SharedStore

/// The rules that keep the tables fit for databases that spread them over machines.
@Suite("What is said to PostgreSQL")
struct StatementTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Sources/SharedStore")

    private static func text(_ file: String) throws -> String {
        try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
    }

    /// A file without its comments.
    private static func code(_ file: String) throws -> String {
        try text(file).split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.drop { $0 == " " }.hasPrefix("//") }.joined(separator: "\n")
    }

    /// What a statement breaks.
    private static func faults(_ statements: String) -> [String] {
        let words = statements.uppercased()
        let forbidden = [
            "SEQUENCE", "SERIAL", "IDENTITY", "NEXTVAL", "TRIGGER", "REFERENCES", "FOREIGN KEY",
            "MERGE", "RECURSIVE",
            "ADVISORY", "UNIQUE", "COPY ",
        ]
        var faults = forbidden.filter { words.contains($0) }
        // Each big table's key begins with the log.
        for table in words.components(separatedBy: "CREATE TABLE ").dropFirst()
        where !table.contains("LOG TEXT PRIMARY KEY") && !table.contains("PRIMARY KEY (LOG,")
            && !table.contains("ID BIGINT PRIMARY KEY")
        {
            faults.append("KEY")
        }
        return faults
    }

    @Test("holds nothing that does not spread")
    func plain() throws {
        #expect(Self.faults(try Self.code("PostgresStatements.swift")) == [])
        for fault in [
            "CREATE SEQUENCE s", "id bigserial", "a bigint REFERENCES b", "MERGE INTO t",
            "WITH RECURSIVE w",
            "SELECT pg_advisory_lock(1)", "CREATE TABLE t (a text PRIMARY KEY)",
            "COPY t FROM STDIN",
        ] {
            #expect(Self.faults(fault) != [], "\(fault) is not noticed")
        }
    }

    @Test("stands in one file")
    func place() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        for file in files where file.hasSuffix(".swift") && file != "PostgresStatements.swift" {
            let speaks = try Regex(#""(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|SET) "#)
            let found = try Self.code(file).matches(of: speaks)
            #expect(found.isEmpty, "\(file) speaks SQL")
        }
    }
}

@Suite("A store's address")
struct StoreAddressTests {
    private static func parameters(_ text: String) throws -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: try StoreAddress(text).parameters().map { ($0.name, $0.value) })
    }

    @Test("is refused with a secret in it, and the secret is not repeated")
    func secrets() {
        for text in [
            "postgresql://u:hunter2@db.example/x", "postgresql://db.example/x?password=hunter2",
            "postgresql://db.example/x?sslpassword=hunter2",
        ] {
            do throws(SharedStoreError) {
                _ = try StoreAddress(text)
                Issue.record("\(text) was taken")
            } catch {
                #expect("\(error)".contains("PGPASSFILE"))
                #expect(!"\(error)".contains("hunter2"))
            }
        }
    }

    @Test("asks for TLS that is checked in full on any way through a network")
    func encryption() throws {
        #expect(try Self.parameters("postgresql://db.example/x")["sslmode"] == "verify-full")
        #expect(
            try Self.parameters("postgresql://10.0.0.1,127.0.0.1/x")["sslmode"] == "verify-full")
        for near in ["127.0.0.1", "localhost", "[::1]", "%2Frun%2Fpostgresql", ""] {
            #expect(try Self.parameters("postgresql://\(near)/x")["sslmode"] == nil, "\(near)")
        }
        #expect(
            try Self.parameters("postgresql://db.example/x?sslmode=require")["sslmode"] == "require"
        )
        #expect(try StoreAddress("postgresql://db.example/x?sslmode=require").isOpenOnNetwork)
        #expect(try !StoreAddress("postgresql://db.example/x").isOpenOnNetwork)
    }

    @Test("is refused where it is none")
    func none() {
        for text in [
            "", "mysql://x", "postgresql://x?nonsense=1", "postgresql://[", "host=x", "s3://bucket",
            "postgresql://" + String(repeating: "x", count: 3_000),
        ] {
            #expect(throws: SharedStoreError.self, "\(text.prefix(40))") { try StoreAddress(text) }
        }
    }
}
