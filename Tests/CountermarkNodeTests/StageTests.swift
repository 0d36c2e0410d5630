import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Foundation
import LabelExchange
import Provenance
import Signing
import Testing

@testable import CountermarkNode
@testable import PlainErrors

@Suite("How far items and labels are")
struct StageTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    private func companies(_ items: [String]) throws -> Companies {
        let all = try Companies([oem, tier])
        try all.node(oem).write(
            all.dataset, items.map { .addItem(key: $0, fields: [.known(.group): "board"]) })
        try all.carry(oem, to: tier)
        return all
    }

    private func swap(_ all: Companies) throws {
        try all.carry(oem, to: tier)
        try all.carry(tier, to: oem)
    }

    private func summary(_ all: Companies, _ name: String) throws -> StageSummary {
        try all.node(name).stages(all.dataset).all
    }

    private func field(_ all: Companies, _ name: String, _ item: String, _ field: String) throws
        -> FieldValue?
    {
        try all.node(name).store.item(all.dataset, key: item)?.record.fields[field]
    }

    @Test("a state is checked against its stage, and comes back from its value")
    func states() throws {
        let derived = try StageState(.clean, "done", why: "noise", from: "a", how: "bandpass")
        #expect(StageState(of: .clean, derived.value) == derived)
        #expect(StageState(of: .filter, "kept")?.state == "kept")
        #expect(StageState(of: .filter, "done") == nil)
        #expect(StageState(of: .filter, .map(["state": "maybe"])) == nil)
        #expect(throws: AnnotationModelError.self) { try StageState(.filter, "done") }
        #expect(throws: AnnotationModelError.self) { try StageState(.clean, "done") }
        #expect(throws: AnnotationModelError.self) { try StageState(.clean, "todo", from: "a") }
        #expect(throws: AnnotationModelError.self) {
            try StageState(.filter, "kept", how: "by hand")
        }
        let long = String(repeating: "x", count: StageState.textBytesMax + 1)
        #expect(throws: AnnotationModelError.self) { try StageState(.filter, "kept", why: long) }
        for stage in ProcessingStage.allCases {
            #expect(ProcessingStage(name: stage.field.name) == stage)
            #expect(ProcessingStage(Field(name: stage.field.name)) == stage)
        }
    }

    @Test("one statement for many items, which a second time changes nothing")
    func bulk() throws {
        let keys = (0..<300).map { "\($0).png" }
        let all = try companies(keys)
        let node = try all.node(oem)
        let kept = try StageState(.filter, "kept")
        let report = try node.setStage(all.dataset, .filter, kept, keys + keys)
        #expect(report.changed == 300 && report.changesets == 1)
        let again = try node.setStage(all.dataset, .filter, kept, keys)
        #expect(again == StatementReport(unchanged: 300))
        let blurred = try StageState(.filter, "excluded", why: "blurred")
        #expect(try node.setStage(all.dataset, .filter, blurred, ["7.png"]).changed == 1)
        #expect(throws: NodeError.self) {
            try node.setStage(all.dataset, .filter, blurred, ["8.png", "missing.png"])
        }
        let progress = try #require(summary(all, oem).ofItems[.filter])
        #expect(progress.states == ["kept": 299, "excluded": 1])
        #expect(try summary(all, oem).ofItems[.annotate]?.excluded == 1)
        #expect(try summary(all, oem).ofItems[.annotate]?.notStarted == 299)
    }

    @Test("two companies that say different things are contested until one has seen both")
    func contested() throws {
        let all = try companies(["a.png", "b.png"])
        let kept = try StageState(.filter, "kept")
        let excluded = try StageState(.filter, "excluded", why: "blurred")
        try _ = all.node(oem).setStage(all.dataset, .filter, kept, ["a.png", "b.png"])
        try _ = all.node(tier).setStage(all.dataset, .filter, excluded, ["a.png"])
        try swap(all)
        for name in [oem, tier] {
            let progress = try #require(summary(all, name).ofItems[.filter])
            #expect(progress.contested == 1 && progress.states == ["kept": 1, "excluded": 0])
            #expect(try all.node(name).store.itemsInConflict(all.dataset).count == 1)
        }
        // Whatever is shown now: saying it again with both in view settles it.
        let report = try all.node(oem).setStage(all.dataset, .filter, excluded, ["a.png"])
        #expect(report.changed == 1)
        try swap(all)
        for name in [oem, tier] {
            let progress = try #require(summary(all, name).ofItems[.filter])
            #expect(progress.contested == 0 && progress.states == ["kept": 1, "excluded": 1])
            #expect(try all.digest(name) == all.digest(oem))
        }
    }

    @Test(
        "looked and found nothing, looked and labelled, labelled only and not looked are four things"
    )
    func examined() throws {
        let all = try companies(["a.png", "b.png", "c.png", "d.png", "e.png"])
        let node = try all.node(oem)
        let labels = try node.write(
            all.dataset, [all.label("a.png"), all.label("c.png"), all.label("d.png")])
        try node.write(all.dataset, [.set(labels[2], [.field(.known(.status), .integer(1))])])
        #expect(try node.setExamined(all.dataset, ["a.png", "b.png"]).changed == 2)
        #expect(try node.setExamined(all.dataset, ["a.png"]).unchanged == 1)
        let excluded = try StageState(.filter, "excluded")
        _ = try node.setStage(all.dataset, .filter, excluded, ["e.png"])
        try swap(all)
        let own = try #require(summary(all, tier).looks[Origin(oem)])
        // What is left of d.png is retracted.
        #expect(own.examinedWithLabels == 1 && own.examinedNothingFound == 1)
        #expect(own.labelledOnly == 1 && own.excluded == 1 && own.notLooked == 1)
        #expect(try summary(all, oem).looks[Origin(tier)]?.notLooked == 4)
        // Nobody speaks in another's name, and a statement can be taken back.
        _ = try all.node(tier).setExamined(all.dataset, ["b.png"], isWithdrawn: true)
        _ = try all.node(tier).setExamined(all.dataset, ["c.png"])
        _ = try node.setExamined(all.dataset, ["a.png"], isWithdrawn: true)
        try swap(all)
        let after = try #require(summary(all, tier).looks[Origin(oem)])
        #expect(after.examinedNothingFound == 1 && after.labelledOnly == 2)
        #expect(try summary(all, oem).looks[Origin(tier)]?.examinedNothingFound == 1)
        #expect(throws: NodeError.self) { try node.setExamined(all.dataset, ["missing.png"]) }
    }

    @Test("a cleaned item is registered, refers to its source, and never to itself")
    func cleaned() throws {
        let all = try companies(["raw.csv", "other.csv"])
        let node = try all.node(oem)
        let state = try StageState(.clean, "done", from: "raw.csv", how: "bandpass 10-500 Hz")
        let report = try node.setStage(all.dataset, .clean, state, ["clean.csv"])
        #expect(report.added == 1 && report.changed == 0)
        #expect(try node.setStage(all.dataset, .clean, state, ["clean.csv"]).unchanged == 1)
        try swap(all)
        for name in [oem, tier] {
            let store = try all.node(name).store
            #expect(
                try store.items(cleanedFrom: "raw.csv", all.dataset, limit: 9) == ["clean.csv"])
            #expect(try store.items(cleanedFrom: "raw", all.dataset, limit: 9) == [])
            let progress = try #require(summary(all, name).ofItems[.clean])
            #expect(progress.states["done"] == 1 && progress.sources == 1)
            #expect(progress.notStarted == 1 && progress.total == 3)
        }
        let back = try StageState(.clean, "done", from: "clean.csv")
        #expect { try node.setStage(all.dataset, .clean, back, ["raw.csv"]) } throws: {
            ($0 as? NodeError)?.code == .circularSource
        }
        let missing = try StageState(.clean, "done", from: "missing.csv")
        #expect { try node.setStage(all.dataset, .clean, missing, ["new.csv"]) } throws: {
            ($0 as? NodeError)?.code == .notFound
        }
        #expect(try node.store.item(all.dataset, key: "new.csv") == nil)
    }

    @Test("labels have stages too; an annotator's word on another company's label waits")
    func annotations() throws {
        let all = try companies(["a.png"])
        try all.node(oem).setMember(all.dataset, try Origin(tier), role: .annotator, roots: [])
        let labels = try all.node(oem).write(
            all.dataset, [all.label("a.png"), all.label("a.png")]
        ).map(\.description)
        let accepted = try StageState(.quality, "accepted")
        let report = try all.node(oem).setStage(all.dataset, .quality, accepted, labels)
        #expect(report.changed == 2 && report.suggestions == 0)
        try all.carry(oem, to: tier)
        let rejected = try StageState(.quality, "rejected", why: "too small")
        let waiting = try all.node(tier).setStage(all.dataset, .quality, rejected, [labels[0]])
        #expect(waiting.suggestions == 1)
        try swap(all)
        let progress = try #require(summary(all, tier).ofAnnotations[.quality])
        #expect(progress.states["accepted"] == 2 && progress.total == 2)
        let excluded = try StageState(.filter, "excluded")
        #expect { try all.node(oem).setStage(all.dataset, .filter, excluded, labels) } throws: {
            ($0 as? NodeError)?.code == .notOfAnnotations
        }
    }

    @Test("every item stands in one place of each stage, in all and by group, also after a rebuild")
    func sums() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        let keys = (0..<60).map { "\($0).png" }
        try node.write(all.dataset) { append in
            for (index, key) in keys.enumerated() {
                let group: [Field: FieldValue] =
                    index < 50 ? [.known(.group): .text("part \(index % 5)")] : [:]
                _ = try append(.addItem(key: key, fields: group))
            }
            for key in keys.prefix(40) { _ = try append(all.label(key)) }
            // Another program's words: a plain name, and a state that nobody knows here.
            _ = try append(.setItem(key: "1.png", fields: [.known(.stageAnnotate): "done"]))
            _ = try append(.setItem(key: "2.png", fields: [.known(.stageAnnotate): "half"]))
        }
        let done = try StageState(.annotate, "done")
        _ = try node.setStage(all.dataset, .annotate, done, Array(keys[10..<30]))
        _ = try node.setStage(all.dataset, .filter, StageState(.filter, "excluded"), ["59.png"])
        let (summary, groups) = try node.stages(all.dataset, byGroup: true)
        #expect(summary.ofItems[.annotate]?.states["done"] == 21)
        #expect(summary.ofItems[.annotate]?.other == 1)
        #expect(groups.keys.sorted() == [""] + (0..<5).map { "part \($0)" })
        #expect(groups[""]?.ofItems[.annotate]?.excluded == 1)
        for one in [summary] + groups.values {
            #expect(one.ofItems.count == 7 && one.looks.count == 2)
            for progress in one.ofItems.values { #expect(progress.total == one.items) }
            for progress in one.ofAnnotations.values { #expect(progress.total == one.annotations) }
            for look in one.looks.values { #expect(look.total == one.items) }
        }
        #expect(groups.values.map(\.items).reduce(0, +) == 60)
        #expect(groups.values.map(\.annotations).reduce(0, +) == 40)
        try node.rebuild(all.dataset)
        #expect(try node.stages(all.dataset).all == summary)
    }

    @Test("exports and lists can leave out what filter excludes")
    func filtered() throws {
        let all = try companies(["a.png", "b.png", "c.png"])
        let node = try all.node(oem)
        let labels = try node.write(
            all.dataset, [all.label("a.png"), all.label("b.png"), all.label("c.png")])
        let excluded = try StageState(.filter, "excluded", why: "blurred")
        _ = try node.setStage(all.dataset, .filter, excluded, ["b.png"])
        _ = try node.setStage(
            all.dataset, .quality, StageState(.quality, "accepted"), [labels[2].description])
        let format = try FormatRegistry.format(named: "jsonl")
        for (onlyKept, expected) in [(false, 3), (true, 2)] {
            let path = all.folder.path + "/\(onlyKept).jsonl"
            let (report, _) = try node.export(
                all.dataset, format: format, view: .resolved, onlyKept: onlyKept,
                to: DiskOutput(file: path))
            #expect(report.annotations == expected && report.items == expected)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text.contains("b.png") != onlyKept)
        }
        #expect(try node.store.excludedItems(all.dataset) == 1)
        let logs = try node.logNames(all.dataset)
        func list(_ stage: ProcessingStage, _ state: String?) throws -> [String] {
            var filter = LabelFilter()
            filter.stage = (stage, state)
            return try node.store.labels(logs, filter: filter, limit: 9).map(\.item)
        }
        #expect(try list(.filter, "excluded") == ["b.png"])
        #expect(try list(.filter, nil) == ["a.png", "c.png"])
        #expect(try list(.quality, "accepted") == ["c.png"])
    }
}
