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

    /// The files that speak SQL.
    private static let speakers = ["PostgresStatements.swift", "PostgresStatements+Rows.swift"]

    /// What a statement breaks.
    private static func faults(_ statements: String) -> [String] {
        let words = statements.uppercased()
        let forbidden = [
            "SEQUENCE", "SERIAL", "IDENTITY", "NEXTVAL", "TRIGGER", "REFERENCES", "FOREIGN KEY",
            "MERGE", "RECURSIVE", "ADVISORY", "UNIQUE", "GROUPING SETS", "DEFERRABLE", "GIST",
            "CREATE FUNCTION", "CREATE PROCEDURE", "COPY ONLY", "FREEZE",
        ]
        var faults = forbidden.filter { words.contains($0) }
        // The key of each big table begins with the log, or with the rows and the item's hash; that of a small one is
        // one column.
        for table in words.components(separatedBy: "CREATE TABLE ").dropFirst() {
            let isBig = table.contains("PRIMARY KEY (")
            let isSpread =
                table.contains("PRIMARY KEY (LOG,")
                || table.contains("PRIMARY KEY (ROWS, ITEM_HASH,")
            let isSmall = ["LOG TEXT", "ID BIGINT", "DATASET TEXT", "ROWS BIGINT", "NAME TEXT"]
                .contains { table.contains("\($0) PRIMARY KEY") }
            if isBig ? !isSpread : !isSmall { faults.append("KEY") }
        }
        // What is copied comes from this program, and takes the binary form.
        for copy in words.components(separatedBy: "\"COPY ").dropFirst()
        where !copy.prefix(120).contains("FROM STDIN (FORMAT BINARY)\"") {
            faults.append("COPY")
        }
        return faults
    }

    @Test("holds nothing that does not spread")
    func plain() throws {
        for file in Self.speakers { #expect(Self.faults(try Self.code(file)) == [], "\(file)") }
        for fault in [
            "CREATE SEQUENCE s", "id bigserial", "a bigint REFERENCES b", "MERGE INTO t",
            "WITH RECURSIVE w",
            "SELECT pg_advisory_lock(1)", "CREATE TABLE t (a text PRIMARY KEY)",
            "CREATE TABLE t (rows bigint, item_hash bigint, PRIMARY KEY (rows, org, item_hash))",
            "CREATE UNIQUE INDEX i ON t (a)", "\"COPY t FROM STDIN\"", "\"COPY t FROM '/x'\"",
        ] {
            #expect(Self.faults(fault) != [], "\(fault) is not noticed")
        }
    }

    @Test("copies within a transaction that was begun, and nowhere else")
    func copies() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        for file in files where file.hasSuffix(".swift") && file != "LabelRows.swift" {
            #expect(try !Self.code(file).contains(".copy("), "\(file) copies")
        }
        let code = try Self.code("LabelRows.swift")
        let change = try #require(code.range(of: "func change("))
        let writer = try #require(code.range(of: "final class RowsWriter"))
        // All copying but the probe's is the writer's, which `change` alone makes, behind its BEGIN.
        let probe = code[..<change.lowerBound]
        #expect(probe.components(separatedBy: ".copy(").count == 2)
        let probed = try #require(probe.range(of: ".copy("))
        let before = probe[..<probed.lowerBound]
        let begins = try #require(before.range(of: "run(SQL.begin)", options: .backwards))
        #expect(before[begins.upperBound...].count < 200)
        let body = code[change.lowerBound..<writer.lowerBound]
        #expect(!body.contains(".copy("))
        let begun = try #require(body.range(of: "run(SQL.begin)"))
        let made = try #require(body.range(of: "RowsWriter(connection)"))
        #expect(begun.lowerBound < made.lowerBound)
        #expect(code.components(separatedBy: "RowsWriter(").count == 2)
    }

    @Test("stands in one place")
    func place() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        for file in files where file.hasSuffix(".swift") && !Self.speakers.contains(file) {
            let speaks = try Regex(#""(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|SET|COPY) "#)
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
