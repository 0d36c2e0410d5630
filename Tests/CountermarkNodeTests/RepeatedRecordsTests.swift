import AnnotationFormats
import AnnotationModel
import AnnotationStore
import FormatFixtures
import Foundation
import LabelExchange
import LabelQuality
import LabelSchema
import Testing

@testable import CountermarkNode

@Suite("Records that say again what is there")
struct RepeatedRecordsTests {
    private let oem = "oem.example"

    /// A mapping between classes has every record compared field by field.
    private static let comparing =
        #"{"schemaVersion": 1, "classes": ["open", "short"], "mappings": {"unused": "open"}}"#

    /// A line of JSON Lines.
    private struct Line {
        var (item, id, name) = ("a.png", "1", "open")
        var x = 1.5
        var (attribute, confidence): (Int?, Double?) = (nil, nil)
        var (author, source): (String?, String?) = (nil, nil)

        var text: String {
            var text = #"{"item":"\#(item)","class":"\#(name)","externalID":"\#(id)","#
            text += #""selector":{"kind":"box","x":\#(x),"y":2,"width":3,"height":4}"#
            if let attribute { text += #","attributes":{"size":\#(attribute)}"# }
            if let confidence { text += #","confidence":\#(confidence)"# }
            if let author { text += #","author":"\#(author)""# }
            if let source { text += #","source":"\#(source)""# }
            return text + "}"
        }
    }

    private func load(
        _ all: Companies, _ lines: [Line], _ options: ImportOptions
    ) throws -> String {
        let path = "\(all.folder.path)/lines.jsonl"
        try Data((lines.map(\.text).joined(separator: "\n") + "\n").utf8).write(
            to: URL(fileURLWithPath: path))
        do {
            let report = try ImportTests.load(
                try all.node(oem), all.dataset, "jsonl", path, options)
            return "\(report.added) \(report.changed) \(report.unchanged) \(report.retracted) "
                + "\(report.held) \(report.itemsMatched) \(report.skipped) \(report.notes)"
        } catch {
            return "\(error)"
        }
    }

    private func labels(_ all: Companies) throws -> [String] {
        let node = try all.node(oem)
        return try node.store.labels(try node.logNames(all.dataset), limit: 1_000).map {
            "\($0.item) \($0.className) \($0.selector) \($0.isRetracted) \($0.author ?? "-") "
                + "\($0.fields.sorted { $0.key < $1.key })"
        }
    }

    private func change(_ line: inout Line, _ source: inout SeededGenerator) {
        switch Int.random(in: 0..<8, using: &source) {
        case 0: line.name = "short"
        case 1: line.x += 1
        case 2: line.attribute = line.attribute == nil ? 3 : nil
        case 3: line.confidence = line.confidence == nil ? 0.5 : 0.25
        case 4: line.author = line.author == nil ? "ann" : "bob"
        case 5: line.source = line.source == nil ? "model:m" : nil
        case 6: line.id = "\(Int.random(in: 0..<9, using: &source))"
        default: line.id = "new\(line.id)"
        }
    }

    @Test("bytes and fields compared come to the same", arguments: 1...12 as ClosedRange<UInt8>)
    func sameAsByField(_ seed: UInt8) throws {
        var source = SeededGenerator(seed: [seed])
        let (bytes, fields) = (try Companies([oem]), try Companies([oem]))
        try fields.node(oem).setSchema(
            fields.dataset, try LabelSchema(parsing: Self.comparing))
        var lines = (0..<40).map { number in
            var line = Line()
            (line.item, line.id) = ("\(number / 5).png", "\(number % 5)")
            line.x = Double(number)
            if number % 7 == 0 { line.attribute = number }
            if number % 6 == 0 { line.confidence = 0.5 }
            if number % 11 == 0 { line.author = "ann" }
            return line
        }
        for round in 0..<4 {
            var options = ImportOptions()
            options.author = round == 3 ? "ann" : nil
            options.prune = Int.random(in: 0..<3, using: &source) == 0
            options.isUpdate = Int.random(in: 0..<2, using: &source) == 0
            let (one, other) = (
                try load(bytes, lines, options), try load(fields, lines, options)
            )
            #expect(one == other, "seed \(seed), round \(round)")
            #expect(try labels(bytes) == labels(fields), "seed \(seed), round \(round)")
            for _ in 0..<3 {
                let index = Int.random(in: lines.indices, using: &source)
                change(&lines[index], &source)
            }
            if round == 1 { lines.swapAt(3, 4) }
            if round == 2 { lines.append(lines[9]) }
        }
    }

    @Test("what is there already is found without a label being made")
    func unchanged() throws {
        let all = try Companies([oem])
        let lines = (0..<30).map { number in
            var line = Line()
            (line.item, line.id) = ("\(number % 3).png", "\(number)")
            (line.attribute, line.confidence) = (number, 0.5)
            return line
        }
        _ = try load(all, lines, ImportOptions())
        let digest = try all.digest(oem)
        #expect(try load(all, lines.reversed(), ImportOptions()).hasPrefix("0 0 30 0 0 3 "))
        #expect(try all.digest(oem) == digest)
    }
}
