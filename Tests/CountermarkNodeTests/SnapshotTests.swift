import AnnotationModel
import AnnotationStore
import DatasetReading
import Foundation
import LabelExchange
import Provenance
import Signing
import Testing

@testable import CompanyHome
@testable import CountermarkNode

/// A reader sees one state from its beginning to its end, and neither waits for those who write nor makes them wait.
@Suite("Readings of one state")
struct SnapshotTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    /// What a reader that was stopped in its middle has seen: labels, and the statistics it ends with.
    private struct Seen: Equatable {
        var ids: [OperationID] = []
        var classes: [String] = []
        var annotations = 0
        var digest = ""
    }

    private func read(
        _ node: Node, _ dataset: DatasetID, at middle: () throws -> Void
    ) throws -> Seen {
        try node.read(dataset) { merge in
            var seen = Seen()
            seen.digest = merge.state.digest.hex
            try node.store.forEachLabel(merge.state.logs.mapValues(\.origin)) { label in
                if seen.ids.isEmpty { try middle() }
                seen.ids.append(label.id)
                seen.classes.append(label.className)
            }
            for (number, log) in merge.state.logs {
                try node.store.forEachEncodedLabel(of: number, log.origin, filter: nil) { _ in
                    seen.annotations += 1
                }
            }
            return seen
        }
    }

    @Test(
        "while labels are read others are added, changed and taken in, at once, and the reader sees none of it"
    )
    func whileOthersWrite() throws {
        let all = try Companies([oem, tier])
        // More than a page of what a listing has in memory at a time.
        try all.node(oem).write(all.dataset, (0..<2_500).map { all.label("\($0 % 40).png") })
        try all.carry(oem, to: tier)
        try all.node(tier).write(all.dataset, [all.label("t.png")])
        let reader = try Node(try all.node(oem).home)
        try reader.catchUp(all.dataset)
        let before = try read(reader, all.dataset) {}
        let first = try #require(before.ids.first)
        let during = try read(reader, all.dataset) {
            // One that had to wait for the reader would give up here, for the reader waits for it.
            let writer = try all.node(oem)
            try writer.write(
                all.dataset,
                [
                    .set(first, [.className("changed")]),
                    .set(first, [.field(.known(.status), .integer(1))]), all.label("0.png"),
                    all.label("new.png"),
                ])
            try all.carry(tier, to: oem)
        }
        #expect(during == before)
        #expect(before.annotations == 2_500)
        let after = try read(reader, all.dataset) {}
        #expect(after.annotations == 2_503 && after.digest != before.digest)
        #expect(after.digest == (try all.digest(oem)))
    }

    @Test("an export that others write beside is of the state that it began with")
    func exports() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        try node.write(all.dataset, (0..<2_500).map { all.label("\($0 % 40).png") })
        let reader = try Node(node.home)
        try reader.catchUp(all.dataset)
        var wrote = false
        reader.onProgress = { progress in
            if wrote || progress.stage != .writing { return }
            wrote = true
            _ = try? node.write(all.dataset, (0..<100).map { all.label("late \($0).png") })
        }
        let path = all.folder.path + "/labels.sqlite"
        let found = try reader.exportForAnalysts(all.dataset, view: .union, to: path)
        #expect(wrote)
        #expect(found.annotations == 2_500 && found.items == 40)
        #expect(try node.read(all.dataset) { $0.state.counts.annotations } == 2_600)
    }
}
