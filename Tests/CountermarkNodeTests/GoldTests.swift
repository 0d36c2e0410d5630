import AnnotationFormats
import AnnotationModel
import Foundation
import LabelQuality
import Provenance
import Testing

@testable import CountermarkNode
@testable import DatasetQuality
@testable import PlainErrors

@Suite("Known answers that are sealed and opened")
struct GoldTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    private func code(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch { return (error as? NodeError)?.code.word ?? "\(error)" }
    }

    private func box(_ x: Double) -> Selector { .box(.init(x: x, y: 0, width: 10, height: 10)) }

    private func label(_ item: Int, _ name: String, _ x: Double) -> AnnotationModel.Operation {
        .addAnnotation(item: "\(item).png", className: name, selector: box(x), fields: [:])
    }

    /// Four items: a short, an open, nothing, and one that nobody labels.
    private var answers: [GoldSet.Item] {
        [
            .init(key: "0.png", answers: [.init(className: "short", selector: box(0))]),
            .init(key: "1.png", answers: [.init(className: "open", selector: box(0))]),
            .init(key: "2.png", answers: []),
            .init(key: "3.png", answers: [.init(className: "short", selector: box(0))]),
        ]
    }

    private func sealed() throws -> (all: Companies, file: String) {
        let all = try Companies([oem, tier])
        try all.node(oem).write(
            all.dataset, (0..<5).map { .addItem(key: "\($0).png", fields: [:]) })
        let file = all.folder.path + "/first.gold"
        try all.node(oem).sealGold(all.dataset, "first", answers, to: file)
        try all.carry(oem, to: tier)
        return (all, file)
    }

    private func open(_ all: Companies, _ file: String) throws -> Bool {
        try all.node(oem).openGold(
            all.dataset, Array(try Data(contentsOf: URL(fileURLWithPath: file)))
        ).isNew
    }

    private func score(_ all: Companies, _ name: String) throws -> GoldScore {
        let node = try all.node(name)
        return try node.goldScore(
            try node.gold("first", in: all.dataset), in: all.dataset, QualityQuestion())
    }

    private func value(_ score: GoldScore, _ measure: String) -> Double? {
        score.rows.first {
            $0.measure == measure && $0.className == nil && $0.raters.contains(tier)
        }?.figure.value
    }

    @Test(
        "who labels sees a digest, is measured when the answers are told, and not by what came after"
    )
    func sealOpenScore() throws {
        let (all, file) = try sealed()
        let member = try all.node(tier)
        #expect(try member.gold(all.dataset).map(\.state) == [.sealed])
        #expect(code { _ = try score(all, tier) } == "gold-is-sealed")
        let ids = try member.write(
            all.dataset, [label(0, "short", 1), label(1, "short", 1), label(2, "open", 1)])
        try all.carry(tier, to: oem)
        #expect(try open(all, file))
        #expect(try !open(all, file))
        try all.carry(oem, to: tier)
        #expect(try member.gold(all.dataset).map(\.state) == [.opened])
        let first = try score(all, tier)
        // Of three labels one is right; of the two answers in items that it looked at, one was found.
        #expect(value(first, "precision").map { abs($0 - 1.0 / 3) < 1e-12 } == true)
        #expect(value(first, "recall") == 0.5)
        #expect(first.confusion.contains { $0.className == "open" && $0.otherClass == "short" })
        // What is written or mended by somebody who knows the answers changes nothing.
        try member.write(
            all.dataset,
            [
                .set(ids[1], [.className("open")]),
                .set(ids[2], [.field(.known(.status), .integer(1))]), label(3, "short", 0),
            ])
        try all.carry(tier, to: oem)
        for name in [oem, tier] {
            let again = try score(all, name)
            #expect(again.rows.map(\.figure) == first.rows.map(\.figure))
            #expect(again.digest == first.digest)
        }
    }

    @Test(
        "the company that knew the answers is not measured on them, and items without answers do not count"
    )
    func ownLabels() throws {
        let (all, file) = try sealed()
        try all.node(oem).write(all.dataset, [label(0, "short", 0)])
        try all.node(tier).write(all.dataset, [label(0, "short", 0), label(4, "spur", 0)])
        try all.carry(tier, to: oem)
        #expect(try open(all, file))
        let score = try score(all, oem)
        #expect(score.rows.allSatisfy { !$0.raters.contains(oem) })
        #expect(value(score, "precision") == 1)
        #expect(score.rows.allSatisfy { $0.className != "spur" })
    }

    @Test("people are measured by themselves; one who is called gold is nobody else")
    func authors() throws {
        let (all, file) = try sealed()
        let node = try all.node(tier)
        try node.write(all.dataset, author: "gold", [label(0, "short", 0)])
        try node.write(all.dataset, author: "kim", [label(0, "open", 0)])
        try all.carry(tier, to: oem)
        #expect(try open(all, file))
        var question = QualityQuestion()
        question.by = .author
        let view = try all.node(oem).gold("first", in: all.dataset)
        let score = try all.node(oem).goldScore(view, in: all.dataset, question)
        let precision = score.rows.filter { $0.measure == "precision" && $0.className == nil }
        #expect(precision.map(\.figure.value) == [1, 0])
        #expect(precision.map(\.raters) == [["gold", "gold"], ["kim", "gold"]])
    }

    @Test("other answers than were sealed are called wrong, and count for nothing")
    func falseOpening() throws {
        let (all, file) = try sealed()
        let node = try all.node(oem)
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
        let real = try #require(SealedGold(bytes: bytes))
        let other = try GoldSet(
            name: "first", items: [.init(key: "0.png", answers: [])])
        let lie = SealedGold(
            dataset: all.dataset, org: try Origin(oem), set: other, salt: real.salt)
        #expect(code { _ = try node.openGold(all.dataset, lie.bytes) } == "gold-is-wrong")
        // A node of another make signs it all the same.
        try node.write(all.dataset, [.governance(.openGold(other, salt: real.salt))])
        try all.carry(oem, to: tier)
        #expect(try all.node(tier).gold(all.dataset).map(\.state) == [.isWrong])
        #expect(code { _ = try score(all, tier) } == "gold-is-sealed")
        // The true answers still open it.
        #expect(try open(all, file))
        #expect(try node.gold(all.dataset).map(\.state) == [.opened])
    }

    @Test("nobody opens another one's set, seals a name twice, or copies a seal")
    func others() throws {
        let (all, file) = try sealed()
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
        let member = try all.node(tier)
        #expect(code { _ = try member.openGold(all.dataset, bytes) } == "bad-file")
        #expect(code { _ = try all.node(oem).openGold(all.dataset, [1, 2]) } == "bad-file")
        #expect(
            code {
                try all.node(oem).sealGold(
                    all.dataset, "first", answers, to: all.folder.path + "/second.gold")
            } == "gold-exists")
        #expect(
            code { try member.sealGold(all.dataset, "mine", answers, to: file) } == "file-exists")
        let unknown = [GoldSet.Item(key: "9.png", answers: [])]
        #expect(
            code {
                try member.sealGold(all.dataset, "mine", unknown, to: all.folder.path + "/x.gold")
            } == "not-found")
        // The same digest in another log: the answers, once told, do not open it there.
        let real = try #require(SealedGold(bytes: bytes))
        try member.write(
            all.dataset, [.governance(.sealGold(name: "first", commitment: real.commitment))])
        #expect(try open(all, file))
        try all.carry(oem, to: tier)
        try member.write(all.dataset, [.governance(.openGold(real.set, salt: real.salt))])
        try all.carry(tier, to: oem)
        #expect(try all.node(oem).gold(all.dataset).map(\.state) == [.opened, .isWrong])
        #expect(code { _ = try score(all, oem) } == "ambiguous-id")
    }

    @Test("a member's sets are bounded, and answers come from label files")
    func limits() throws {
        let (all, _) = try sealed()
        let node = try all.node(tier)
        try node.write(
            all.dataset,
            (0..<MemberLimits.goldMax).map {
                .governance(
                    .sealGold(name: "\($0)", commitment: [UInt8](repeating: UInt8($0), count: 32)))
            })
        #expect(
            code {
                try node.write(
                    all.dataset,
                    [
                        .governance(
                            .sealGold(name: "x", commitment: [UInt8](repeating: 1, count: 32)))
                    ])
            } == "too-many")
        let path = all.folder.path + "/answers.jsonl"
        try """
        {"kind":"item","item":"2.png","fields":{}}
        {"item":"0.png","class":"short","selector":{"kind":"box","x":0,"y":0,"width":10,"height":10}}
        """.write(toFile: path, atomically: true, encoding: .utf8)
        let items = try node.goldItems([path], format: try FormatRegistry.format(named: "jsonl"))
        #expect(Set(items) == Set([answers[0], answers[2]]))
    }
}
