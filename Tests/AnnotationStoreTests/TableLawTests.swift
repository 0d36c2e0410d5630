import AnnotationModel
import Provenance
import Testing

@testable import Laws

/// Laws of the tables over the random histories of the merge's laws.
@Suite("Tables that hold what was touched, and logs for the rest")
struct TableLawTests {
    @Test("show what memory shows", arguments: 4000...4039)
    func showWhatMemoryShows(seed: Int) throws {
        let seed = UInt64(seed)
        let history = try History(seed: seed, steps: 40, hostile: seed % 2 == 1)
        var random = SeededGenerator(seed: seed ^ 0x7ab1e5)
        let node = try TableNode(history)
        var open = history.logs.filter { !$0.value.isEmpty }.mapValues { _ in UInt64(0) }
        while let origin = open.keys.sorted().randomElement(using: &random) {
            let total = UInt64(history.logs[origin]?.count ?? 0)
            let size = UInt64.random(in: ((open[origin] ?? 0) + 1)...total, using: &random)
            try node.receive(origin, upTo: size)
            open[origin] = size == total ? nil : size
        }
        let memory = try MergeLaws.deliverAtOnce(history)
        let (found, expected) = (try node.state(), memory.state)
        try require(found.mark == expected.mark, "other entries are applied")
        try require(found.counts == expected.counts, "\(found.counts), not \(expected.counts)")
        try require(found.digest == expected.digest, "equal counts, other digests")
        try require(try node.recomputedSum() == found.sum, "the sums differ")
        let labels = try memory.labels()
        try require(try node.labels() == labels.mapValues(\.words), "other labels")
        for item in Set(labels.values.map(\.item)) {
            let there = labels.filter { $0.value.item == item }
            try require(
                try node.labels(of: item) == there.mapValues(\.words), "other labels of \(item)")
        }
    }
}

extension MemoryNode {
    /// The labels by id, each with its item and in the words of ``TableNode``.
    func labels() throws -> [String: (item: String, words: String)] {
        func name(_ id: Int64) -> String { String(decoding: storage.name(id), as: UTF8.self) }
        var found: [String: (item: String, words: String)] = [:]
        for (key, row) in storage.annotations {
            guard let origin = state.logs[key.log]?.origin else { continue }
            let item = String(decoding: storage.item(id: row.item)?.key ?? [], as: UTF8.self)
            var fields: [String: String] = [:]
            for (field, value) in FieldList.decode(row.fields) {
                let text =
                    field < nameBase
                    ? Field.Known(rawValue: Int(field))?.name ?? "field \(field)"
                    : Field.attribute(name(field)).name
                fields[text] = "\(try FieldValue(decoding: value))"
            }
            found["\(OperationID(origin: origin, slot: key.slot))"] = (
                item,
                TableNode.words(
                    item: item, className: name(row.className), selector: row.selector,
                    isRetracted: row.isRetracted, flags: row.flags.rawValue & 3,
                    source: row.source == 0 ? nil : name(row.source),
                    author: row.author == 0 ? nil : name(row.author), fields: fields)
            )
        }
        return found
    }
}
