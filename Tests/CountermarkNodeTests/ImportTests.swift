import AnnotationFormats
import AnnotationModel
import AnnotationStore
import FormatFixtures
import Foundation
import LogStorage
import Provenance
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import LabelExchange
@testable import PartnerNet

@Suite("Importing label files")
struct ImportTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    /// The operations that make a dataset: its items, and its labels if asked for.
    static func operations(
        _ fixture: FormatFixture, withLabels: Bool = true
    ) -> [AnnotationModel.Operation] {
        let items = fixture.items.map { item in
            var fields: [Field: FieldValue] = [:]
            for (name, value) in item.fields where name != "examined" {
                fields[Field(name: name)] = value
            }
            return AnnotationModel.Operation.addItem(key: item.key, fields: fields)
        }
        if !withLabels { return items }
        return items
            + fixture.active.map { label in
                var fields: [Field: FieldValue] = [:]
                for (name, value) in label.attributes { fields[.attribute(name)] = value }
                fields[.known(.externalID)] = label.externalID.map { .text($0) }
                fields[.known(.confidence)] = label.confidence.map { .float($0) }
                fields[.known(.author)] = label.author.map { .text($0) }
                return .addAnnotation(
                    item: label.item, className: label.className, selector: label.selector,
                    fields: fields)
            }
    }

    /// Exports a dataset and returns where.
    static func export(
        _ node: Node, _ dataset: DatasetID, _ name: String, _ folder: String, sidecar: Bool,
        view: ExportView = .resolved
    ) throws -> (path: String, labels: Int) {
        let format = try FormatRegistry.format(named: name)
        let path = format.defaultFileName.map { "\(folder)-\($0)" } ?? folder
        let output: any FormatOutput =
            format.defaultFileName == nil
            ? try DiskOutput(folder: path) : DiskOutput(file: path)
        let (report, _) = try node.export(
            dataset, format: format, view: view, to: output,
            options: WriteOptions(writesSidecar: sidecar))
        return (path, report.annotations)
    }

    static func load(
        _ node: Node, _ dataset: DatasetID, _ name: String, _ path: String,
        _ options: ImportOptions = ImportOptions()
    ) throws -> ImportReport {
        try node.importLabels(
            dataset, [path], format: try FormatRegistry.format(named: name), options: options)
    }

    @Test(
        "an own export comes back without a change, with its sidecar and without it",
        arguments: FormatRegistry.all.map(\.name).filter { $0 != "las" && $0 != "dxf" })
    func idempotent(_ name: String) throws {
        let fixture = try #require(FormatFixture.of(name))
        let all = try Companies([oem, tier])
        try all.node(oem).write(all.dataset, Self.operations(fixture))
        try all.carry(oem, to: tier)
        try all.node(tier).write(
            all.dataset, [all.label("images/a.jpg"), all.label("images/b.jpg")])
        try all.carry(tier, to: oem)
        let node = try all.node(oem)
        let digest = try all.digest(oem)
        let (path, labels) = try Self.export(
            node, all.dataset, name, all.folder.path + "/with", sidecar: true)
        #expect(labels > 0)
        let first = try Self.load(node, all.dataset, name, path)
        #expect(first.changesets == 0, "\(first)")
        #expect(try all.digest(oem) == digest)

        let (plain, _) = try Self.export(
            node, all.dataset, name, all.folder.path + "/plain", sidecar: false)
        let other = try Companies(["fresh.example"])
        let fresh = try other.node("fresh.example")
        try fresh.write(other.dataset, Self.operations(fixture, withLabels: false))
        #expect(try Self.load(fresh, other.dataset, name, plain).added > 0)
        for _ in 0..<2 {
            let again = try Self.load(fresh, other.dataset, name, plain)
            #expect(again.changesets == 0, "\(again)")
        }
        let (own, ownLabels) = try Self.export(
            fresh, other.dataset, name, all.folder.path + "/own", sidecar: false)
        #expect(ownLabels > 0)
        let back = try Self.load(fresh, other.dataset, name, own)
        #expect(back.changesets == 0, "\(back)")
    }

    private func lines(_ all: Companies, _ name: String, _ text: [String]) throws -> String {
        let path = "\(all.folder.path)/\(name)"
        try Data((text.joined(separator: "\n") + "\n").utf8).write(
            to: URL(fileURLWithPath: path))
        return path
    }

    private func line(_ id: Int, _ name: String, x: Int = 1) -> String {
        #"{"item":"a.png","class":"\#(name)","externalID":"e\#(id)","selector":"#
            + #"{"kind":"box","x":\#(x),"y":2,"width":3,"height":4}}"#
    }

    private func only(_ node: Node, _ all: Companies, _ id: String) throws -> LabelView {
        try #require(
            node.store.labels(try node.logNames(all.dataset), limit: 100).first {
                $0.fields["externalID"]?.textValue == id
            })
    }

    @Test(
        "a line put in before an item's others moves them, however many records of other items come before it"
    )
    func parted() throws {
        let all = try Companies(["oem.example"])
        let node = try all.node("oem.example")
        func label(_ item: String, _ id: String, _ x: Int) -> String {
            #"{"item":"\#(item)","class":"a","externalID":"\#(id)","selector":"#
                + #"{"kind":"box","x":\#(x),"y":0,"width":5,"height":5}}"#
        }
        // As many as are matched together, but for one: the next item's first is the last that fits.
        let others = (0..<4_095).map { label("\($0 / 20).png", "o\($0)", $0) }
        let first = try lines(
            all, "labels.jsonl", others + [label("z.png", "z#0", 1), label("z.png", "z#1", 2)])
        #expect(try Self.load(node, all.dataset, "jsonl", first).added == 4_097)
        let second = try lines(
            all, "labels.jsonl",
            others + [
                label("z.png", "z#0", 9), label("z.png", "z#1", 1), label("z.png", "z#2", 2),
            ])
        let report = try Self.load(node, all.dataset, "jsonl", second)
        #expect(report.added == 1 && report.changed == 0, "\(report.added), \(report.changed)")
    }

    @Test(
        "what the file only repeats leaves a partner's change alone; what it changes is concurrent")
    func concurrent() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        let first = try lines(all, "v1.jsonl", (0..<3).map { line($0, "spur") })
        #expect(try Self.load(node, all.dataset, "jsonl", first).added == 3)
        try all.carry(oem, to: tier)
        let ids = try (0..<3).map { try only(node, all, "e\($0)").id }
        try all.node(tier).write(
            all.dataset, [.set(ids[0], [.className("open")]), .set(ids[1], [.className("open")])])
        try all.carry(tier, to: oem)
        #expect(try Self.load(node, all.dataset, "jsonl", first).changesets == 0)
        #expect(try only(node, all, "e0").className == "open")

        let second = try lines(
            all, "v2.jsonl", [line(0, "short"), line(1, "spur"), line(2, "spur", x: 9)])
        let report = try Self.load(node, all.dataset, "jsonl", second)
        #expect((report.changed, report.unchanged, report.added) == (2, 1, 0))
        let contested = try only(node, all, "e0")
        #expect(contested.flags.contains(.contested))
        #expect(try !only(node, all, "e1").flags.isConflict)
        #expect(try node.read(all.dataset) { $0.state.counts.conflicts } == 1)
        try all.carry(oem, to: tier)
        #expect(try all.digest(oem) == all.digest(tier))
    }

    @Test("a change that this log knows and the file cannot is held back, and taken when asked for")
    func held() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        let first = try lines(all, "v1.jsonl", [line(0, "spur")])
        _ = try Self.load(node, all.dataset, "jsonl", first)
        try all.carry(oem, to: tier)
        let id = try only(node, all, "e0").id
        try all.node(tier).write(all.dataset, [.set(id, [.className("open")])])
        try all.carry(tier, to: oem)
        try node.write(all.dataset, [all.label("b.png")])
        let second = try lines(all, "v2.jsonl", [line(0, "short")])
        let report = try Self.load(node, all.dataset, "jsonl", second)
        #expect((report.held, report.changesets) == (1, 0))
        #expect(report.skipped.first?.why.contains("--overwrite") == true)
        #expect(try only(node, all, "e0").className == "open")
        var options = ImportOptions()
        options.overwrite = true
        #expect(try Self.load(node, all.dataset, "jsonl", second, options).changed == 1)
        #expect(try only(node, all, "e0").className == "short")
        #expect(try !only(node, all, "e0").flags.isConflict)
    }

    @Test("two people's marks of one place are two labels, and an export may hold one's alone")
    func people() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let stamps = "[\"2013-12-15 07:50:00\", \"2013-12-17 07:00:00\"]"
        for name in ["AL", "CB", "AL", "CB"] {
            let path = try lines(
                all, "\(name)_labels_v1.json", ["{\"pump.csv\": \(stamps)}"])
            _ = try Self.load(node, all.dataset, "nab", path)
        }
        #expect(try node.read(all.dataset) { $0.state.counts.annotations } == 4)
        // The same without a word of who it was in the file.
        let path = try lines(all, "windows.json", ["{\"pump.csv\": \(stamps)}"])
        for (author, added) in [("ann", 2), ("ben", 2), ("ann", 0), ("ben", 0)] {
            var options = ImportOptions()
            options.author = author
            let report = try Self.load(node, all.dataset, "nab", path, options)
            #expect((report.added, report.unchanged) == (added, 2 - added), "\(author)")
        }
        for (part, count) in [
            (ExportPart(authors: ["CB"]), 2), (.init(authors: ["ann", "AL"]), 4), (.init(), 8),
            (.init(classes: ["anomaly"], authors: ["ben"]), 2), (.init(classes: ["other"]), 0),
        ] {
            let output = DiskOutput(file: "\(all.folder.path)/out.jsonl")
            let format = try FormatRegistry.format(named: "jsonl")
            let (report, _) = try node.export(
                all.dataset, format: format, view: .resolved, part: part, to: output)
            #expect(report.annotations == count, "\(part)")
        }
    }

    @Test("a file that breaks off behind megabytes of good labels leaves the log as it was")
    func nothingHalf() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let long = String(repeating: "x", count: 4_000)
        let good = (0..<1_400).map {
            line($0, "spur").replacingOccurrences(
                of: "}}", with: "},\"attributes\":{\"note\":\"\(long)\"}}")
        }
        let size = try node.read(all.dataset) { $0.state.progress(node.home.origin)?.stored ?? 0 }
        let broken = try lines(all, "broken.jsonl", good + ["{\"item\":"])
        #expect(throws: FormatError.self) { try Self.load(node, all.dataset, "jsonl", broken) }
        let folder = node.home.logFolder(node.home.origin, all.dataset)
        #expect(try LogReader(directory: folder).size == size)
        #expect(try node.read(all.dataset) { $0.state.counts.annotations } == 0)
        let whole = try lines(all, "whole.jsonl", good)
        let report = try Self.load(node, all.dataset, "jsonl", whole)
        #expect(report.added == 1_400 && report.changesets > OutgoingBatch.bytesPerCommit >> 16)
        #expect(try node.verify(all.dataset).problems.isEmpty)
    }

    @Test("a place in one person's file is not the same place in the file of all")
    func peoplesPlaces() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let text = { (id: String, author: String) in
            #"{"item":"a.png","class":"spur","externalID":"\#(id)","author":"\#(author)","selector":"#
                + #"{"kind":"box","x":\#(author.count),"y":2,"width":3,"height":4}}"#
        }
        let first = try lines(all, "ann.jsonl", [text("ann/a#1", "ann")])
        #expect(try Self.load(node, all.dataset, "jsonl", first).added == 1)
        let second = try lines(all, "all.jsonl", [text("a#1", "everybody")])
        #expect(try Self.load(node, all.dataset, "jsonl", second).added == 1)
        let moved = try lines(all, "moved.jsonl", [text("labels/ann/a#1", "ann")])
        #expect(try Self.load(node, all.dataset, "jsonl", moved).changesets == 0)
    }

    @Test("a size that no whole number holds is told as it is", arguments: [1e300, -1e300, 200.5])
    func hugeSize(_ width: Double) throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        try node.write(
            all.dataset,
            [
                .addItem(
                    key: "a.png", fields: [.known(.width): .float(width), .known(.height): 100]),
                all.label("b.png"),
            ])
        let path = try lines(
            all, "coco.json",
            [
                #"{"images":[{"id":1,"file_name":"a.png","width":200,"height":100}],"#,
                #""categories":[{"id":1,"name":"spur"}],"#,
                #""annotations":[{"id":1,"image_id":1,"category_id":1,"bbox":[1,2,3,4]}]}"#,
            ])
        let report = try Self.load(node, all.dataset, "coco", path)
        #expect((report.added, report.skippedCount) == (0, 1))
        #expect(report.skipped.first?.why.contains("\(width)") == true)
    }

    @Test("prune of one person's file leaves what another person marked")
    func pruneOfPerson() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        var options = ImportOptions()
        for (author, first) in [("ann", 0), ("ben", 10)] {
            options.author = author
            let path = try lines(
                all, "\(author).jsonl", (first..<first + 2).map { line($0, "open", x: $0) })
            #expect(try Self.load(node, all.dataset, "jsonl", path, options).added == 2)
        }
        (options.author, options.prune) = ("ben", true)
        let fewer = try lines(all, "ben2.jsonl", [line(10, "open", x: 10)])
        let report = try Self.load(node, all.dataset, "jsonl", fewer, options)
        #expect((report.retracted, report.unchanged, report.added) == (1, 1, 0))
    }

    @Test("an export is made of one state, whatever is merged while it is written")
    func exportIsOneState() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.write(all.dataset, (0..<3).map { all.label("\($0).png") })
        // Another process over the same home.
        let other = try Node(node.home)
        let output = MergingOutput {
            try other.write(all.dataset, [all.label("images/a.jpg")])
        }
        let (report, _) = try node.export(
            all.dataset, format: try FormatRegistry.format(named: "jsonl"), view: .resolved,
            to: output)
        #expect(report.annotations == 3)
        #expect(try node.read(all.dataset) { $0.state.counts.annotations } == 4)
    }

    @Test("prune retracts what the file no longer holds, of its items alone, and brings back")
    func prune() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        try node.write(all.dataset, [all.label("other.png")])
        let first = try lines(all, "v1.jsonl", (0..<3).map { line($0, "spur", x: $0) })
        _ = try Self.load(node, all.dataset, "jsonl", first)
        var options = ImportOptions()
        options.prune = true
        let second = try lines(all, "v2.jsonl", [line(1, "spur", x: 1)])
        let report = try Self.load(node, all.dataset, "jsonl", second, options)
        #expect((report.retracted, report.unchanged, report.changed) == (2, 1, 0))
        #expect(try Self.load(node, all.dataset, "jsonl", second, options).changesets == 0)
        let back = try Self.load(node, all.dataset, "jsonl", first, options)
        #expect((back.changed, back.retracted) == (2, 0))
        #expect(try node.read(all.dataset) { $0.state.counts.retracted } == 0)
        options.knownItemsOnly = true
        let strange = try lines(
            all, "v3.jsonl", [line(7, "x").replacingOccurrences(of: "a.png", with: "new.png")])
        let refused = try Self.load(node, all.dataset, "jsonl", strange, options)
        #expect((refused.added, refused.skippedCount, refused.changesets) == (0, 1, 0))
    }
}

/// An output that merges something when the first file begins.
private final class MergingOutput: FormatOutput {
    private let merge: () throws -> Void

    init(_ merge: @escaping () throws -> Void) { self.merge = merge }

    func begin(_ path: String) throws { try merge() }
    func write(_ bytes: [UInt8]) {}
    func end() {}
}
