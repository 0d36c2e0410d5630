import AnnotationModel
import LabelText
import Testing

@testable import AnnotationFormats

@Suite("Lines read without a tree")
struct PlainLineTests {
    /// What the reader with a tree makes of a line; nil if it refuses it.
    private static func label(_ line: [UInt8]) -> LabelRecord? {
        let json: JSONValue? = try? line.withUnsafeBytes { try JSONValue(parsing: $0) }
        guard let json, case .annotation(let label) = JSONLinesFormat.event(json, where: "") else {
            return nil
        }
        return label
    }

    private static func lines(_ generator: inout SeededGenerator) throws -> [[UInt8]] {
        let (_, items, labels) = TableTests.records()
        var boxes: [LabelRecord] = []
        for index in 0..<40 {
            var label = labels[index % labels.count]
            label.selector = .box(
                .init(
                    x: Double.random(in: -9...9, using: &generator), y: Double(index), width: 2,
                    height: 0.5))
            boxes.append(label)
        }
        let (files, _) = try written(
            "jsonl", items: items, labels: labels.shuffled(using: &generator).prefix(200) + boxes)
        return try #require(files["labels.jsonl"]).split(separator: 0x0a).map(Array.init)
    }

    @Test("they say what the reader with a tree says, also when damaged")
    func same() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        var reader = PlainLine()
        var (plain, damaged) = (0, 0)
        for line in try Self.lines(&generator) {
            let label = line.withUnsafeBytes { reader.annotation($0) }
            let whole = Self.label(line)
            #expect(label == nil || label == whole, "seed \(seed)")
            if label != nil { plain += 1 }
            for _ in 0..<40 {
                var other = line
                for _ in 0..<Int.random(in: 1...2, using: &generator) {
                    let index = Int.random(in: 0..<other.count, using: &generator)
                    switch Int.random(in: 0...2, using: &generator) {
                    case 0: other[index] = UInt8.random(in: 0...255, using: &generator)
                    case 1: other.remove(at: index)
                    default: other.insert(other[index], at: index)
                    }
                }
                guard let label = other.withUnsafeBytes({ reader.annotation($0) }) else { continue }
                damaged += 1
                #expect(
                    label == Self.label(other),
                    "seed \(seed): \(String(decoding: other, as: UTF8.self))")
            }
        }
        #expect(plain >= 40 && damaged > 0)
    }

    @Test("a member that occurs twice is not plain")
    func twice() {
        let line =
            #"{"item":"a","selector":{"kind":"box","x":1,"y":2,"width":3,"height":4},"item":"b"}"#
        var reader = PlainLine()
        #expect(Array(line.utf8).withUnsafeBytes { reader.annotation($0) } == nil)
        #expect(
            Array(line.dropLast(12).utf8 + [0x7d]).withUnsafeBytes { reader.annotation($0) } != nil)
    }
}
