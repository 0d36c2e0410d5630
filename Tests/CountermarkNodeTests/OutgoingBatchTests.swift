import AnnotationModel
import LogStorage
import Testing
import TransparencyLog

@testable import CountermarkNode
@testable import PartnerNet

/// After a while without contact the logs of many partners have moved, and what is written next cites them.
@Suite("Changesets of one write")
struct OutgoingBatchTests {
    private struct Made {
        let heads: [Head]
        let operations: Int
    }

    private func heads(_ count: Int, name: String = "company") throws -> [Head] {
        try (0..<count).map { number in
            Head(
                origin: try Origin("\(name)\(1_000 + number).example"), merged: 70_000,
                size: 70_000,
                root: Array(repeating: 1, count: 32), signature: Array(repeating: 2, count: 64))
        }
    }

    private func write(
        _ heads: [Head], acts: [AnnotationModel.Operation] = [],
        _ operations: [AnnotationModel.Operation]
    ) throws -> (made: [Made], slots: [Slot]) {
        var batch = OutgoingBatch(
            firstIndex: 5, heads: heads, author: "anna", message: nil, source: "human")
        try batch.introduce(acts) { $0 }
        let slots = try operations.map { try batch.append($0) { $0 } }
        try batch.close { $0 }
        let entries = batch.takeEntries()
        let made = try (0..<entries.count).map { place in
            try entries.withEntry(place) { bytes in
                let view = try ChangesetView(bytes)
                return Made(heads: view.heads, operations: view.operationCount)
            }
        }
        return (made, slots)
    }

    private func label(_ points: Int) -> AnnotationModel.Operation {
        .addAnnotation(
            item: "a.png", className: "spur",
            selector: .polygon([
                [(0..<points).flatMap { [Double($0) + 0.123_4, Double($0 % 7)] }]
            ]),
            fields: [:])
    }

    @Test("as many heads as fit go with the first operation", arguments: [0, 1, 200, 300])
    func few(_ count: Int) throws {
        let heads = try heads(count)
        let (made, slots) = try write(heads, [label(10)])
        #expect(made.count == 1 && made[0].heads == heads && made[0].operations == 1)
        #expect(slots == [Slot(entry: 5, position: 0)])
    }

    @Test("the steward and what an operation speaks of are cited first, the rest by and by")
    func many() throws {
        let heads = try heads(1_200)
        let last = OperationID(origin: heads[1_150].origin, slot: Slot(entry: 3, position: 0))
        let (made, slots) = try write(
            heads,
            [.review(last, .accept, reason: nil), label(10)]
                + (0..<4_000).map { .review(last, .accept, reason: "\($0)") })
        #expect(made[0].heads.map(\.origin).contains(heads[0].origin))
        #expect(made[0].heads.map(\.origin).contains(last.origin))
        #expect(slots[0] == Slot(entry: 5, position: 0))
        #expect(made.reduce(0) { $0 + $1.operations } == 4_002)
        let cited = made.flatMap { $0.heads }
        #expect(Set(cited.map(\.origin)).count == cited.count)
        #expect(cited.count > 600)
    }

    @Test(
        "an operation that speaks of a log that is not cited yet begins a changeset that cites it")
    func laterTarget() throws {
        let heads = try heads(1_200)
        let targets = [1_100, 1_199, 3].map {
            OperationID(origin: heads[$0].origin, slot: Slot(entry: 3, position: 0))
        }
        let (made, slots) = try write(
            heads, targets.map { .review($0, .accept, reason: nil) })
        for (target, slot) in zip(targets, slots) {
            let before = made.prefix(Int(slot.entry) - 4).flatMap(\.heads).map(\.origin)
            #expect(before.contains(target.origin), "\(target)")
        }
    }

    @Test("an operation that leaves no room for all heads is written with those that it needs")
    func large() throws {
        let heads = try heads(300)
        let (made, _) = try write(heads, [label(6_000), label(6_000), label(10)])
        #expect(made.map(\.operations) == [1, 2])
        #expect(made.map(\.heads) == [[heads[0]], [heads[1]]])
        #expect(throws: AnnotationModelError.self) { _ = try write(heads, [label(50_000)]) }
    }

    @Test("acts that do not fit beside the heads go before them")
    func acts() throws {
        let heads = try heads(500)
        let acts = try (0..<256).map { number in
            AnnotationModel.Operation.governance(
                .setMember(
                    try Origin("member\(number).example"), role: .annotator, roots: [],
                    logKey: Array(repeating: 3, count: 32), fromIndex: 0))
        }
        let (made, _) = try write(heads, acts: acts, [label(10)])
        #expect(made.reduce(0) { $0 + $1.operations } == 257)
        #expect(made.dropLast().allSatisfy { $0.heads.isEmpty })
        #expect(made.last?.heads == Changeset.split(heads).fitting)
        let (few, _) = try write(Array(heads.prefix(20)), acts: Array(acts.prefix(3)), [label(10)])
        #expect(few.count == 1 && few[0].heads.count == 20 && few[0].operations == 4)
    }
}
