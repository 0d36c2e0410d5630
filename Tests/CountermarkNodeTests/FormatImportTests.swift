import AnnotationFormats
import AnnotationModel
import AnnotationStore
import FormatFixtures
import Foundation
import Provenance
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import LabelExchange

/// What a second import means, shown for every format that is read, with a dataset that fits it.
@Suite("Importing every format twice")
struct FormatImportTests {
    private let oem = "oem.example"
    private let tier = "tier.example"
    static let formats = FormatRegistry.all.map(\.name)

    @Test("an id that counts places is none that lasts, whatever the format calls it")
    func places() {
        for id in [
            "a#3", "a/b#s1", "a#c2", "a#r10", "a#T1", "a#R2", "a#2@0.5", "a#1.1", "a#17/3",
            "m#group/ring/2", "m#activity/IC50 (nM)/1", "urn:countermark:export:4", "3/3/r1",
        ] {
            #expect(ImportStatement.isPositional(id), "\(id)")
        }
        for id in [
            "17", "a#id/31", "a#relation/1", "track:clip#7a", "a#object/8f3c", "urn:x:4", "a#TIER",
            "scene#object/8/box/front/left@3", "a#", "#", "", "a#note",
        ] {
            #expect(!ImportStatement.isPositional(id), "\(id)")
        }
    }

    @Test(
        "a label put in before the others changes none of them, in lists that count",
        arguments: [false, true])
    func putIn(hasIDs: Bool) throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        func save(_ entities: [(Int, String, Int, Int)]) throws -> String {
            let texts = entities.map { id, name, start, end in
                "{\(hasIDs ? "\"id\": \(id), " : "")\"label\": \"\(name)\", "
                    + "\"start_offset\": \(start), \"end_offset\": \(end)}"
            }
            let path = all.folder.path + "/x.jsonl"
            try Data(
                """
                {"id": 7, "text": "Anna met Bob in Rome.", "entities": [\(texts.joined(separator: ", "))]}
                """.utf8
            ).write(to: URL(fileURLWithPath: path))
            return path
        }
        let (bob, rome) = ((31, "PER", 9, 12), (32, "LOC", 16, 20))
        let first = try ImportTests.load(node, all.dataset, "spacy", try save([bob, rome]))
        #expect(first.added == 2)
        let second = try ImportTests.load(
            node, all.dataset, "spacy", try save([(33, "PER", 0, 4), bob, rome]))
        #expect((second.added, second.changed, second.unchanged) == (1, 0, 2), "\(second)")
    }

    /// Puts files where an import finds them; returns the path to give.
    private static func save(
        _ format: any AnnotationFormat, _ files: ByteMap<[UInt8]>, _ folder: String
    ) throws -> String {
        let single = format.defaultFileName.map { "\(folder)/\($0)" }
        for (name, bytes) in files {
            let path = single ?? "\(folder)/\(name)"
            try FileManager.default.createDirectory(
                atPath: FileSystem.parent(path), withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(fileURLWithPath: path))
        }
        return single ?? folder
    }

    /// The paths of the fixture's files, and of the same with one label changed.
    private static func versions(
        _ name: String, _ fixture: FormatFixture, _ folder: String
    ) throws -> (first: String, second: String) {
        let format = try FormatRegistry.format(named: name)
        guard fixture.files.isEmpty else {
            let paths = try [fixture.files, fixture.changedFiles].enumerated().map { index, files in
                try save(
                    format,
                    ByteMap(
                        try files.map { ($0.name, try $0.withBytes { Array($0) }) },
                        uniquingKeysWith: { _, new in new }), "\(folder)/v\(index)")
            }
            return (paths[0], paths[1])
        }
        let context = ReadContext(items: fixture.items)
        let first = try files(format, fixture.items, fixture.labels)
        var (classes, items, labels): ([ClassRecord], [ItemRecord], [LabelRecord]) = ([], [], [])
        let inputs = first.sorted { $0.key < $1.key }
            .map { InputFile(name: $0.key, bytes: $0.value) }
        try format.read(inputs, context: context) { event in
            switch event {
            case .labelClass(let record): classes.append(record)
            case .item(let item): items.append(item)
            case .annotation(let label): labels.append(label)
            case .skipped(let place, let why): Issue.record("\(place): \(why)")
            case .fileRefused(let place, let why): Issue.record("\(place): \(why)")
            case .note: break
            }
        }
        let second = try files(
            format, items, FormatFixture.changed(name, labels), classes: classes)
        #expect(first != second, "nothing was changed")
        return (
            try save(format, first, "\(folder)/v1"), try save(format, second, "\(folder)/v2")
        )
    }

    private static func files(
        _ format: any AnnotationFormat, _ items: [ItemRecord], _ labels: [LabelRecord],
        classes: [ClassRecord] = []
    ) throws -> ByteMap<[UInt8]> {
        let output = MemoryOutput()
        _ = try format.write(
            LabelSource(classes: classes, items: items, annotations: labels), to: output,
            options: WriteOptions())
        return output.files
    }

    @Test(
        "the same file changes nothing, a changed label is one operation, a partner's change stays",
        arguments: formats)
    func twice(_ name: String) throws {
        let fixture = try #require(FormatFixture.of(name))
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.write(all.dataset, ImportTests.operations(fixture, withLabels: false))
        let (first, second) = try Self.versions(name, fixture, all.folder.path)
        #expect(try ImportTests.load(node, all.dataset, name, first).added > 0)
        let again = try ImportTests.load(node, all.dataset, name, first)
        #expect(again.changesets == 0, "\(again)")
        try all.carry(oem, to: tier)

        // What the second version changes is what the partner changes meanwhile, to something else.
        let before = try labels(node, all)
        let trial = try Companies([oem])
        let other = try trial.node(oem)
        try other.write(trial.dataset, ImportTests.operations(fixture, withLabels: false))
        _ = try ImportTests.load(other, trial.dataset, name, first)
        var options = ImportOptions()
        options.prune = FormatFixture.movesAreNew.contains(name)
        let report = try ImportTests.load(other, trial.dataset, name, second, options)
        #expect(report.changesets == 1)
        #expect(
            (report.changed, report.added, report.retracted)
                == (options.prune ? (0, 1, 1) : (1, 0, 0)), "\(report)")
        let after = try labels(other, trial)
        let index = try #require(before.indices.first { before[$0].says != after[$0].says })
        let (label, changed) = (before[index], after[index])
        try all.node(tier).write(
            all.dataset, [.set(label.id, [try edit(label, changed)])])
        try all.carry(tier, to: oem)
        let repeated = try ImportTests.load(node, all.dataset, name, first)
        #expect(repeated.changesets == 0, "\(repeated)")

        let outcome = try ImportTests.load(node, all.dataset, name, second, options)
        #expect(outcome.changesets == 1, "\(outcome)")
        #expect(try node.read(all.dataset) { $0.state.counts.conflicts } == 1)
        try all.carry(oem, to: tier)
        #expect(try all.digest(oem) == all.digest(tier))
    }

    @Test(
        "the path that is given makes no difference: the folder, with a slash, from above, its files",
        arguments: formats)
    func paths(_ name: String) throws {
        let fixture = try #require(FormatFixture.of(name))
        let all = try Companies([oem])
        let node = try all.node(oem)
        let home = all.folder.path + "/given"
        let (first, second) = try Self.versions(name, fixture, home)
        let isFolder = FileSystem.isFolder(first)
        // YOLO says nothing without the sizes of the images.
        if name.hasPrefix("yolo") {
            try node.write(all.dataset, ImportTests.operations(fixture, withLabels: false))
        }
        #expect(try ImportTests.load(node, all.dataset, name, first).added > 0)
        let files = try isFolder ? Self.files(in: first) : [first]
        for given in isFolder ? [[first + "/"], [first + "/."], files] : [files] {
            let again = try node.importLabels(
                all.dataset, given, format: try FormatRegistry.format(named: name),
                options: ImportOptions())
            #expect(again.changesets == 0, "\(given): \(again)")
        }
        // The changed version takes the first one's place, and is given by the path of its files.
        try FileManager.default.removeItem(atPath: first)
        try FileManager.default.moveItem(atPath: second, toPath: first)
        let report = try node.importLabels(
            all.dataset, files, format: try FormatRegistry.format(named: name),
            options: ImportOptions())
        let isNew = FormatFixture.movesAreNew.contains(name)
        #expect((report.changed, report.added) == (isNew ? (0, 1) : (1, 0)), "\(report)")
    }

    /// The files below a folder, each by its own path.
    private static func files(in folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
            .map { "\(folder)/\($0)" }.filter { !FileSystem.isFolder($0) }
    }

    /// Another value for the field in which two versions of a label differ.
    private func edit(_ before: Label, _ after: Label) throws -> AnnotationModel.Operation.Write {
        if before.className != after.className || before.isRetracted != after.isRetracted {
            return .className("elsewhere")
        }
        if before.selector != after.selector { return .selector(.wholeItem) }
        let name = try #require(
            after.fields.keys.sorted().first { after.fields[$0] != before.fields[$0] })
        return .field(Field(name: name), .text("elsewhere"))
    }

    private struct Label {
        var id: OperationID
        var className: String
        var selector: Selector
        var isRetracted: Bool
        var fields: [String: FieldValue]
        var says: [String] {
            [className, "\(selector)", "\(isRetracted)"] + fields.map { "\($0)" }.sorted()
        }
    }

    /// The labels in the order of the log, which is the same in both datasets.
    private func labels(_ node: Node, _ all: Companies) throws -> [Label] {
        try node.store.labels(try node.logNames(all.dataset), limit: 1_000).map { label in
            Label(
                id: label.id, className: label.className, selector: label.selector,
                isRetracted: label.isRetracted, fields: label.fields)
        }
    }
}
