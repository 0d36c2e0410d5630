import AnnotationModel
import AnnotationStore
import Foundation
import GRDB
import LabelExchange
import LabelText
import Provenance
import SharedStore
import Signing
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors
@testable import SharedStore

/// The rows of labels in a company's PostgreSQL, on a server of the test's own: the step `store` of Tests/run.sh.
@Suite("Labels as rows for analysts", .serialized)
struct RowsTests {
    static let address = ProcessInfo.processInfo.environment["COUNTERMARK_TEST_STORE"]
    static let hasServer: Bool = {
        if address == nil { print("SKIPPED: rows, for there is no COUNTERMARK_TEST_STORE") }
        return address != nil
    }()

    /// One history takes some seconds; more of them are for running by hand.
    static let seeds = Array(
        1...(UInt64(ProcessInfo.processInfo.environment["COUNTERMARK_ROWS_SEEDS"] ?? "") ?? 1))

    let oem = "oem.example"
    let tier = "tier.example"
    let third = "third.example"

    /// A database that a test looks into; another suite ends connections.
    struct Database {
        let address: String
        let table: PostgresLogTable

        @discardableResult
        func run(_ statement: String) throws -> PostgresRows {
            try table.run { try $0.run(statement) }
        }
    }

    /// A database of the test's own.
    static func database() throws -> String {
        let address = try #require(Self.address)
        let name = "rows_\(UUID().uuidString.lowercased().filter { $0 != "-" })"
        _ = try PostgresLogTable(try StoreAddress(address)).run {
            try $0.run("CREATE DATABASE \(name)")
        }
        let server = try #require(address.range(of: "/", options: .backwards)?.lowerBound)
        return address[..<server] + "/\(name)"
    }

    /// Companies, of which the manufacturer's logs lie in a PostgreSQL.
    func companies(
        _ names: [String]
    ) throws -> (all: Companies, sql: Database) {
        var all = try Companies(names)
        let address = try Self.database()
        _ = try all.node(names[0]).moveLogs(into: address, tiles: nil)
        try all.reopen(names[0])
        return (all, Database(address: address, table: PostgresLogTable(try StoreAddress(address))))
    }

    func count(_ sql: Database, _ table: String) throws -> Int64? {
        try sql.run("SELECT count(*) FROM countermark.\(table)").number(0, 0)
    }

    // MARK: Comparing

    /// What the view shows, by id.
    private func shown(_ sql: Database) throws -> [String: [String: JSONValue]] {
        let rows = try sql.run(
            "SELECT row_to_json(l)::text FROM (SELECT * FROM countermark.labels) l")
        var found: [String: [String: JSONValue]] = [:]
        for row in 0..<rows.count {
            guard case .object(let members) = try JSONValue(parsing: rows.text(row, 0) ?? "") else {
                continue
            }
            var columns: [String: JSONValue] = [:]
            for (name, value) in members { columns[name] = value }
            columns["item_hash"] = nil
            columns["dataset"] = nil
            found[try #require(columns["id"]?.string)] = columns
        }
        return found
    }

    /// What the export for analysts has, in the same form.
    private func exported(_ node: Node, _ all: Companies) throws -> [String: [String: JSONValue]] {
        let path = all.folder.path + "/\(UUID().uuidString).sqlite"
        defer { try? FileManager.default.removeItem(atPath: path) }
        _ = try node.exportForAnalysts(all.dataset, view: .union, to: path)
        return try DatabaseQueue(path: path).read { db in
            var found: [String: [String: JSONValue]] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT * FROM annotations") {
                var columns: [String: JSONValue] = [:]
                for (name, value) in row where name != "number" {
                    columns[name] = try Self.value(name, value)
                }
                found[row["id"]] = columns
            }
            return found
        }
    }

    private static func value(_ name: String, _ value: DatabaseValue) throws -> JSONValue {
        if name == "contested" { return .bool(Bool.fromDatabaseValue(value) ?? false) }
        if name == "attributes", let text = String.fromDatabaseValue(value) {
            return try JSONValue(parsing: text)
        }
        switch value.storage {
        case .null: return .null
        case .int64(let number): return try JSONValue(parsing: "\(number)")
        case .double(let number): return try JSONValue(parsing: "\(number)")
        case .string(let text): return .string(text)
        case .blob: return .null
        }
    }

    /// Brings the rows forward and compares them with an export.
    func compare(
        _ node: Node, _ all: Companies, _ sql: Database, _ what: String
    ) throws {
        let round = try node.moveAllRows()
        #expect(round.waiting.isEmpty, "\(what)")
        let (rows, labels) = (try shown(sql), try exported(node, all))
        #expect(Set(rows.keys) == Set(labels.keys), "\(what)")
        for (id, label) in labels {
            let row = rows[id] ?? [:]
            for (name, value) in label where Self.text(row[name]) != Self.text(value) {
                Issue.record(
                    "\(what): \(name) of \(id) is \(Self.text(row[name])), not \(Self.text(value))")
            }
            #expect(Set(row.keys) == Set(label.keys))
        }
        let state = try sql.run("SELECT labels, digest, why FROM countermark.label_rows")
        #expect(state.number(0, 0) == Int64(labels.count))
        #expect(try state.text(0, 1) == all.digest(node.home.origin.description))
        #expect(try node.rowsReports().first?.behind == 0)
    }

    /// A value so that equal ones have equal texts: numbers by their value, members by name.
    private static func text(_ value: JSONValue?) -> String {
        switch value {
        case nil: "nothing"
        case .object(let members):
            "{\(members.sortedByKey().map { "\($0.key):\(text($0.value))" }.joined(separator: ","))}"
        case .array(let values): "[\(values.map { text($0) }.joined(separator: ","))]"
        // PostgreSQL has no U+0000.
        case .string(let text): "\"\(text.replacingOccurrences(of: "\0", with: "\u{fffd}"))\""
        case .some(let other): other.double.map { "\($0)" } ?? "\(other)"
        }
    }

    // MARK: Histories

    @Test(
        "are what an export has, whatever companies add, change, retract, suggest, review and govern",
        .enabled(if: RowsTests.hasServer), arguments: RowsTests.seeds)
    func histories(_ seed: UInt64) throws {
        var chance = Chance(seed: seed)
        let (all, sql) = try companies([oem, tier, third])
        let node = try all.node(oem)
        node.rowsPerPiece = 7
        // That earlier entries count otherwise has to be known, and not found out by counting.
        var notes: [String] = []
        node.warn = { notes.append($0) }
        var history = History(all: all, dataset: all.dataset, names: [oem, tier, third])
        _ = try node.askForRows(true, of: [])
        for step in 0..<40 {
            let what = try history.step(&chance)
            if step % 3 == 0 { try compare(node, all, sql, "seed \(seed), step \(step): \(what)") }
        }
        for name in [tier, third] { try all.carry(name, to: oem) }
        try compare(node, all, sql, "seed \(seed), in the end")
        #expect(notes.filter { $0.contains("made anew") } == [], "seed \(seed)")
        #expect(try count(sql, "rows_old") == 0)
        // A node that begins anew makes the same.
        let before = try shown(sql).count
        _ = try node.askForRows(false, of: [])
        #expect(try node.moveAllRows().hasMoved)
        #expect(try count(sql, "label_row") == 0 && count(sql, "item_alias") == 0)
        #expect(try count(sql, "label_words") == 0)
        #expect(try count(sql, "labels") == 0)
        _ = try node.askForRows(true, of: [all.dataset])
        try compare(node, all, sql, "seed \(seed), anew")
        #expect(try shown(sql).count == before)
    }

    // MARK: Wholeness

    @Test(
        "are shown when they are whole and no sooner, whoever fills them",
        .enabled(if: RowsTests.hasServer))
    func filling() throws {
        let (all, sql) = try companies([oem, tier])
        let node = try all.node(oem)
        let ids = try node.write(all.dataset, (0..<2_000).map { all.label("\($0 % 300).png") })
        _ = try node.askForRows(true, of: [])
        var rounds = 0
        var round = Node.RowsRound()
        repeat {
            // One that is killed and one that comes: each round is another node's.
            let next = try Node(Home(opening: node.home.path))
            next.rowsPerPiece = 200
            if rounds == 3 { try node.write(all.dataset, [.set(ids[0], [.className("open")])]) }
            round = try next.moveRows()
            rounds += 1
            let seen = try count(sql, "labels")
            #expect(seen == 0 || seen == 2_000, "\(seen ?? -1) labels are shown")
        } while round.isMore
        #expect(rounds > 3)
        try compare(node, all, sql, "filled")

        // What counts otherwise is made beside what is shown.
        let before = try sql.run("SELECT digest FROM countermark.label_rows").text(0, 0)
        try node.write(all.dataset, [all.label("new.png")])
        try node.setPolicy(all.dataset, .ownerDecides)
        node.rowsPerPiece = 200
        for _ in 0..<2 {
            #expect(try node.moveRows().isMore)
            #expect(try count(sql, "labels") == 2_000)
            #expect(try sql.run("SELECT digest FROM countermark.label_rows").text(0, 0) == before)
        }
        #expect(try sql.run("SELECT is_filling FROM countermark.label_rows").truth(0, 0))
        try compare(node, all, sql, "made anew")
        #expect(try count(sql, "label_row") == 2_001)
    }

    @Test(
        "are made by one of several nodes that are at it at once", .enabled(if: RowsTests.hasServer)
    )
    func together() throws {
        let (all, sql) = try companies([oem])
        let node = try all.node(oem)
        try node.write(all.dataset, (0..<1_500).map { all.label("\($0 % 300).png") })
        _ = try node.askForRows(true, of: [])
        let group = DispatchGroup()
        let (path, dataset, label) = (node.home.path, all.dataset, all.label("x.png"))
        for _ in 0..<3 {
            group.enter()
            Thread {
                defer { group.leave() }
                do {
                    let other = try Node(Home(opening: path))
                    other.rowsPerPiece = 200
                    for _ in 0..<3 {
                        _ = try other.moveAllRows()
                        try other.repeating { _ = try other.write(dataset, [label]) }
                    }
                } catch {
                    Issue.record("\(error)")
                }
            }.start()
        }
        group.wait()
        try compare(node, all, sql, "together")
        #expect(try count(sql, "label_row") == 1_509)
    }

    @Test(
        "are left alone by a node that has less than they are made of",
        .enabled(if: RowsTests.hasServer))
    func behind() throws {
        let (all, sql) = try companies([oem])
        let node = try all.node(oem)
        let ids = try node.write(all.dataset, [all.label("a.png"), all.label("b.png")])
        let size = try node.mergedState(all.dataset).progress(try Origin(oem))?.applied ?? 0
        try node.write(all.dataset, [.set(ids[0], [.className("open")])])
        _ = try node.askForRows(true, of: [])
        try compare(node, all, sql, "all")
        let before = try sql.run("SELECT version FROM countermark.rows_state").number(0, 0)
        let late = try Node(replaying: node, at: [try Origin(oem): size])
        let round = try late.moveRows()
        #expect(round.waiting[all.dataset.description]?.contains("has less of") == true)
        #expect(
            try sql.run("SELECT version FROM countermark.rows_state").number(0, 0) == before)
    }

    @Test(
        "follow an act by which earlier entries count otherwise", .enabled(if: RowsTests.hasServer))
    func otherwise() throws {
        let (all, sql) = try companies([oem, tier])
        let node = try all.node(oem)
        let ids = try node.write(all.dataset, [all.label("a.png")])
        try all.carry(oem, to: tier)
        try all.node(tier).write(all.dataset, [.set(ids[0], [.className("open")])])
        try all.carry(tier, to: oem)
        _ = try node.askForRows(true, of: [])
        try compare(node, all, sql, "a reviewer's")
        #expect(try shown(sql)["\(ids[0])"]?["class"]?.string == "open")
        let roots = try node.home.roots(of: try Origin(tier)).map(\.der)
        try node.write(
            all.dataset,
            [
                .governance(
                    .setMember(
                        try Origin(tier), role: .annotator, roots: roots, logKey: nil,
                        fromIndex: 0))
            ])
        try compare(node, all, sql, "an annotator's")
        #expect(try shown(sql)["\(ids[0])"]?["class"]?.string == "spur")
    }

    @Test("that somebody has spoilt are made anew", .enabled(if: RowsTests.hasServer))
    func spoilt() throws {
        let (all, sql) = try companies([oem])
        let node = try all.node(oem)
        let ids = try node.write(all.dataset, (0..<20).map { all.label("\($0).png") })
        _ = try node.askForRows(true, of: [])
        try compare(node, all, sql, "all")
        var notes: [String] = []
        node.warn = { notes.append($0) }
        try sql.run("DELETE FROM countermark.label_row WHERE label = \(ids[3].slot.packed)")
        try node.write(all.dataset, [.set(ids[3], [.className("open")])])
        try compare(node, all, sql, "spoilt")
        #expect(notes.count == 1 && notes[0].contains("made anew"))
    }

    @Test("are not there while a dataset is blind", .enabled(if: RowsTests.hasServer))
    func blind() throws {
        let (all, sql) = try companies([oem, tier])
        let node = try all.node(oem)
        try node.write(all.dataset, [all.label("a.png")])
        _ = try node.askForRows(true, of: [])
        try compare(node, all, sql, "seen")
        try node.setBlind(all.dataset, true)
        #expect(try node.moveAllRows().waiting[all.dataset.description] != nil)
        #expect(try count(sql, "label_row") == 0)
        #expect(try node.rowsReports().first?.why == "the dataset is blind")
        // A node that does not know of it yet makes none.
        let late = try Node(replaying: node, at: [try Origin(oem): 2])
        #expect(try late.moveRows().waiting.first?.value.contains("has less of") == true)
        try node.setBlind(all.dataset, false)
        try compare(node, all, sql, "seen again")
    }

    // MARK: Refusals

    @Test(
        "are refused by a database whose COPY outlives its transaction",
        .enabled(if: RowsTests.hasServer))
    func copies() throws {
        let (_, sql) = try companies([oem])
        let table = sql.table
        try LabelRows(table).makeTables()
        try LabelRows(table).requireTransactions()
        let stays = LabelRows(table, endOfProbe: PostgresStatements.commit)
        #expect(throws: SharedStoreError.copyStays(store: table.address.text)) {
            try stays.requireTransactions()
        }
        #expect(try count(sql, "rows_probe") == 0)
    }

    @Test("need a database, and say so where there is none")
    func folder() throws {
        let all = try Companies([oem])
        do {
            _ = try all.node(oem).askForRows(true, of: [])
            Issue.record("rows without a database")
        } catch let error as NodeError {
            #expect(error.code == .noStore && error.hint.contains("store move"))
        }
    }
}
