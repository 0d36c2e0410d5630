import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Foundation
import LabelExchange
import Provenance
import Testing

@testable import CountermarkNode
@testable import PlainErrors

@Suite("One item under two keys")
struct SameItemsTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    private func item(_ key: String, _ content: UInt8?) -> AnnotationModel.Operation {
        let digest = content.map { FieldValue.bytes([UInt8](repeating: $0, count: 32)) }
        return .addItem(key: key, fields: digest.map { [.known(.sha256): $0] } ?? [:])
    }

    /// Two companies that have registered one picture under two names and labelled it.
    private func companies() throws -> Companies {
        let all = try Companies([oem, tier])
        try all.node(oem).write(
            all.dataset, [item("a.jpg", 1), item("other.jpg", 2), all.label("a.jpg")])
        try all.carry(oem, to: tier)
        try all.node(tier).write(
            all.dataset, [item("scan/1.jpg", 1), item("bare.jpg", nil), all.label("scan/1.jpg")])
        try all.carry(tier, to: oem)
        return all
    }

    private func exported(_ node: Node, _ dataset: DatasetID, _ path: String) throws -> [String] {
        let (file, _) = try ImportTests.export(node, dataset, "jsonl", path, sidecar: true)
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        return try lines.compactMap {
            let line = try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            return (line?["item"] as? String).map { item in
                line?["class"] == nil ? "item \(item)" : "label \(item)"
            }
        }
    }

    @Test("labels of both meet under the key that is named, in every reading, and part again")
    func meet() throws {
        let all = try companies()
        let node = try all.node(oem)
        #expect(try node.store.itemsOfEqualContent(all.dataset) == 2)
        #expect(try node.sameContents(all.dataset).map(\.items) == [[["a.jpg"], ["scan/1.jpg"]]])

        #expect(try node.say("scan/1.jpg", isSameAs: "a.jpg", in: all.dataset))
        #expect(try !node.say("scan/1.jpg", isSameAs: "a.jpg", in: all.dataset))
        #expect(try node.sameContents(all.dataset).map(\.items) == [[["a.jpg", "scan/1.jpg"]]])
        #expect(try node.store.itemsOfEqualContent(all.dataset) == 0)

        try all.carry(oem, to: tier)
        for name in [oem, tier] {
            let node = try all.node(name)
            let same = SameItems(node.store, all.dataset)
            #expect(try same.names(of: "scan/1.jpg") == ["a.jpg", "scan/1.jpg"])
            var filter = LabelFilter()
            filter.items = try same.names(of: "a.jpg")
            let labels = try node.store.labels(
                try node.logNames(all.dataset), filter: filter, limit: 10)
            #expect(try labels.map { try same.shown($0) } == ["a.jpg", "a.jpg"])
            let path = all.folder.path + "/\(name)"
            let lines = try exported(node, all.dataset, path)
            #expect(lines.filter { $0 == "label a.jpg" }.count == 2)
            #expect(!lines.contains { $0.hasSuffix("scan/1.jpg") })
            let again = try ImportTests.load(node, all.dataset, "jsonl", path + "-labels.jsonl")
            #expect(again.changesets == 0, "\(again)")
        }
        #expect(try all.digest(oem) == all.digest(tier))

        #expect(try node.say("scan/1.jpg", isSameAs: nil, in: all.dataset))
        #expect(
            try exported(node, all.dataset, all.folder.path + "/apart").filter {
                $0.hasPrefix("label")
            }.sorted() == ["label a.jpg", "label scan/1.jpg"])
    }

    @Test("nothing is the same whose bytes are not known to be")
    func refused() throws {
        let all = try companies()
        let node = try all.node(oem)
        for (key, other, code) in [
            ("a.jpg", "other.jpg", "other-content"), ("a.jpg", "bare.jpg", "no-digest"),
            ("a.jpg", "none.jpg", "unknown-item"), ("a.jpg", "a.jpg", "same-item"),
        ] {
            let error = #expect(throws: NodeError.self) {
                try node.say(key, isSameAs: other, in: all.dataset)
            }
            #expect(error?.code.word == code)
        }
    }

    @Test("a word about other bytes, to nothing or in a circle moves no label")
    func hostile() throws {
        let all = try companies()
        let words = [
            ("a.jpg", "other.jpg"), ("other.jpg", "nowhere.jpg"), ("scan/1.jpg", "scan/1.jpg"),
            ("bare.jpg", "a.jpg"),
        ]
        try all.node(tier).write(
            all.dataset,
            words.map { .setItem(key: $0, fields: [.known(.sameAs): .text($1)]) }
                + [.setItem(key: "odd.jpg", fields: [.known(.sameAs): .integer(1)])])
        try all.carry(tier, to: oem)
        let node = try all.node(oem)
        let same = SameItems(node.store, all.dataset)
        for key in ["a.jpg", "other.jpg", "scan/1.jpg", "bare.jpg", "odd.jpg"] {
            #expect(try same.names(of: key) == [key])
        }
    }
}
