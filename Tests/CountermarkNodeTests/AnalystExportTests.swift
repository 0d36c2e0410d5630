import AnnotationModel
import AnnotationStore
import Foundation
import GRDB
import LogStorage
import Provenance
import Signing
import Testing

@testable import CountermarkNode
@testable import LabelExchange
@testable import PlainErrors

@Suite("Tables for analysts")
struct AnalystExportTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    /// Two companies with labels, one of them retracted, one contested, one of an excluded item.
    private func companies() throws -> (all: Companies, labels: [OperationID]) {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.write(
            all.dataset,
            [
                .addItem(
                    key: "a.png",
                    fields: [
                        .known(.width): 640, .known(.group): "board 7",
                        .known(.sha256): .bytes([0x0a, 0xff]), .named("camera"): "left",
                    ]),
                .addItem(key: "b.png", fields: [:]),
            ])
        let fields: [Field: FieldValue] = [
            .known(.confidence): 0.5, .known(.externalID): "7", .named("size"): .integer(3),
            .named("ratio"): 1.5, .named("old"): true, .named("note"): "it's \"x\"",
            .named("list"): .array([1, 2]), .named("raw"): .bytes([1, 0xab]),
        ]
        let labels = try node.write(
            all.dataset, author: "anna",
            [
                .addAnnotation(
                    item: "a.png", className: "spur",
                    selector: .polygon([[[1, 2, 5, 2, 5, 8]]]), fields: fields),
                .addAnnotation(
                    item: "a.png", className: "hum",
                    selector: .interval(start: 0.5, end: 2, channels: []), fields: [:]),
                all.label("b.png"),
            ])
        try node.write(all.dataset, [.set(labels[1], [.field(.known(.status), .integer(1))])])
        try all.carry(oem, to: tier)
        _ = try all.node(tier).setExamined(all.dataset, ["a.png"])
        try all.node(tier).write(all.dataset, [all.label("a.png")])
        try all.node(tier).write(all.dataset, [.set(labels[0], [.className("open")])])
        try node.write(all.dataset, [.set(labels[0], [.className("short")])])
        _ = try node.setStage(
            all.dataset, .filter, StageState(.filter, "excluded", why: "dark"), ["b.png"])
        try all.carry(tier, to: oem)
        return (all, labels)
    }

    private func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    @Test("every label has a row with its shape, its provenance and its values by type")
    func rows() throws {
        let began = Int64(Date().timeIntervalSince1970)
        let (all, labels) = try companies()
        let node = try all.node(oem)
        let path = all.folder.path + "/labels.sqlite"
        let report = try node.exportForAnalysts(all.dataset, view: .resolved, to: path)
        #expect(report == (3, 2, 1))
        try open(path).read { db in
            let found = try Row.fetchOne(
                db, sql: "SELECT * FROM annotations WHERE id=?",
                arguments: [labels[0].description])
            let row = try #require(found)
            #expect(row["item"] == "a.png" && ["open", "short"].contains(row["class"] as String))
            #expect(row["selector_kind"] == "polygon")
            #expect([row["x"], row["y"], row["width"], row["height"]] as [Double] == [1, 2, 4, 6])
            #expect(row["confidence"] == 0.5 && row["external_id"] == "7")
            #expect(row["author"] == "anna" && row["org"] == oem && row["signer"] == oem)
            #expect(row["status"] == "active" && row["contested"] == 1)
            let time: Int64 = row["time"]
            #expect((began...Int64(Date().timeIntervalSince1970)).contains(time))
            let values = try Row.fetchAll(
                db,
                sql:
                    "SELECT name, type, bool, integer, real, text FROM attributes JOIN annotations "
                    + "ON number=annotation WHERE id=? ORDER BY name",
                arguments: [labels[0].description])
            #expect(
                values.map { "\($0["name"] as String) \($0["type"] as String)" } == [
                    "list json", "note text", "old bool", "ratio float", "raw bytes",
                    "size integer",
                ])
            #expect(values[0]["text"] == "[1,2]" && values[1]["text"] == "it's \"x\"")
            #expect(values[2]["bool"] == 1 && values[3]["real"] == 1.5)
            #expect(values[4]["text"] == "01ab" && values[5]["integer"] == 3)
            let part = try Row.fetchOne(db, sql: "SELECT * FROM items WHERE item='a.png'")
            let item = try #require(part)
            #expect(item["width"] == 640.0 && item["group_name"] == "board 7")
            #expect(item["sha256"] == "0aff")
            #expect((item["fields"] as String).contains("\"camera\":\"left\""))
            #expect(
                try String.fetchAll(
                    db,
                    sql: "SELECT e.org FROM examined e JOIN items i ON i.number=e.item "
                        + "WHERE i.item='a.png'") == [tier])
            #expect(
                try String.fetchOne(db, sql: "SELECT stage_filter FROM items WHERE item='b.png'")
                    == "excluded")
        }
    }

    @Test("the file says what it was made from")
    func meta() throws {
        let (all, _) = try companies()
        let node = try all.node(oem)
        let path = all.folder.path + "/labels.sqlite"
        _ = try node.exportForAnalysts(all.dataset, view: .union, to: path)
        try open(path).read { db in
            let pairs = try Row.fetchAll(db, sql: "SELECT key, value FROM meta")
            let meta = [String: String](
                uniqueKeysWithValues: pairs.map { ($0["key"], $0["value"]) })
            #expect(meta["dataset"] == all.dataset.description && meta["view"] == "union")
            #expect(try meta["digest"] == all.digest(oem))
            #expect(meta["schema"] == "{}" && meta["exportedBy"] == oem)
            for row in try Row.fetchAll(db, sql: "SELECT org, size, root FROM heads") {
                let reader = try node.reader(of: "\(row["org"] as String)/\(all.dataset)")
                #expect(row["size"] == Int64(reader.size))
                #expect(try row["root"] == reader.root(at: reader.size).base64)
            }
            #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM heads") == 2)
        }
    }

    @Test("views and --only-kept choose the labels")
    func views() throws {
        let (all, _) = try companies()
        let node = try all.node(oem)
        let path = all.folder.path + "/labels.sqlite"
        func classes(_ view: ExportView, onlyKept: Bool = false) throws -> [String] {
            _ = try node.exportForAnalysts(all.dataset, view: view, onlyKept: onlyKept, to: path)
            return try open(path).read {
                try String.fetchAll(
                    $0, sql: "SELECT item||' '||org||' '||status FROM annotations ORDER BY number")
            }
        }
        let all4 = [
            "a.png \(oem) active", "a.png \(oem) retracted", "b.png \(oem) active",
            "a.png \(tier) active",
        ]
        #expect(try classes(.union) == all4)
        #expect(try classes(.resolved) == [all4[0], all4[2], all4[3]])
        #expect(try classes(.org(Origin(tier))) == [all4[3]])
        #expect(try classes(.resolved, onlyKept: true) == [all4[0], all4[3]])
    }

    @Test("classes are called as the schema calls them now, with what was written beside")
    func mapped() throws {
        let (all, _) = try companies()
        let node = try all.node(oem)
        let schema =
            #"{"schemaVersion":1,"classes":[{"name":"thorn"}],"mappings":{"spur":"thorn"}}"#
        try node.write(all.dataset, [.governance(.setSchema(schema))])
        let path = all.folder.path + "/labels.sqlite"
        func classes(_ names: ExportClasses) throws -> [String] {
            _ = try node.exportForAnalysts(
                all.dataset, view: .org(Origin(tier)), part: .init(classes: ["spur"]),
                names: names, to: path)
            return try open(path).read {
                try String.fetchAll($0, sql: "SELECT class||' '||class_as_written FROM annotations")
            }
        }
        #expect(try classes(.mapped) == ["thorn spur"])
        #expect(try classes(.asWritten) == ["spur spur"])
    }

    @Test("only an earlier export is replaced, and only by a whole one")
    func replacing() throws {
        let (all, _) = try companies()
        let node = try all.node(oem)
        let folder = all.folder.path
        let refused: (any Error) -> Bool = { ($0 as? NodeError)?.code == .notAnExport }
        let text = folder + "/notes.txt"
        try Data("dear diary".utf8).write(to: URL(fileURLWithPath: text))
        let foreign = folder + "/foreign.sqlite"
        try DatabaseQueue(path: foreign).write { try $0.execute(sql: "CREATE TABLE t(a)") }
        for path in [text, foreign, folder] {
            #expect {
                try node.exportForAnalysts(all.dataset, view: .resolved, to: path)
            } throws: {
                refused($0)
            }
        }
        #expect(try String(contentsOfFile: text, encoding: .utf8) == "dear diary")
        let path = folder + "/labels.sqlite"
        _ = try node.exportForAnalysts(all.dataset, view: .resolved, to: path)
        _ = try node.exportForAnalysts(all.dataset, view: .union, to: path)
        struct Stopped: Error {}
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(throws: Stopped.self) {
            try AnalystFile(path: path).write { database in
                try database.add(ItemRecord(key: "x"))
                throw Stopped()
            }
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(left.filter { $0.hasPrefix("labels.sqlite") } == ["labels.sqlite"])
    }
}
