import AnnotationModel
import AnnotationStore
import DatasetReading
import Foundation
import LogStorage
import Provenance
import Testing

@testable import CompanyHome
@testable import CountermarkNode

@Suite("A command beside another one")
struct BesideTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    @Test("whoever asks the label table while it is made anew reads the one before, and may write")
    func rebuilding() throws {
        let all = try Companies([oem, tier])
        try all.carry(oem, to: tier)
        let node = try all.node(tier)
        try node.write(all.dataset, [all.label("first.png")])
        let other = try Node(Home(opening: node.home.path))
        let before = try other.read(all.dataset) { $0.state }
        var looks = 0
        node.onProgress = { _ in
            looks += 1
            #expect(throws: Never.self) {
                let state = try other.read(all.dataset) { $0.state }
                #expect(state.digest == before.digest)
                #expect(state.membership.members.keys.sorted() == [try Origin(self.tier)])
                #expect(try other.whyNotCounted(all.dataset) == nil)
                #expect(try other.store.datasets() == [all.dataset])
            }
        }
        try node.rebuild(all.dataset)
        #expect(looks > 0)
        node.onProgress = nil
        #expect(try other.read(all.dataset) { $0.state.digest } == before.digest)
        try other.write(all.dataset, [all.label("second.png")])
        try node.catchUp(all.dataset)
        #expect(try node.verify(all.dataset).problems.isEmpty)
    }

    @Test("what began to read rows before they were replaced reads them to its end")
    func formerRows() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let ids = try node.write(all.dataset, [all.label("first.png")])
        let id = try #require(ids.first)
        try node.write(all.dataset, [.comment(id, text: "so")])
        let other = try Node(Home(opening: node.home.path))
        let logs = try other.logNames(all.dataset)
        let key = try other.key(id, all.dataset)
        for round in 0..<5 {
            try node.rebuild(all.dataset)
            if round == 0 { #expect(try other.store.touches(key.packed, logs).count == 1) }
        }
        // Numbers are used again: no number of rebuilds uses them up.
        let most = try node.logNames(all.dataset).keys.max()
        #expect(try #require(most) <= 2)
        #expect(
            try other.store.touches(other.key(id, all.dataset).packed, other.logNames(all.dataset))
                .count == 1)
        #expect(try node.verify(all.dataset).problems.isEmpty)
    }

    @Test("a verification says so where a log grows whenever it looks, and comes to its end")
    func neverCaughtUp() throws {
        let all = try Companies([oem, tier])
        try all.carry(oem, to: tier)
        let (node, writer) = (try all.node(oem), try all.node(tier))
        let log = "\(tier)/\(all.dataset)"
        try writer.write(all.dataset, [all.label("first.png")])
        try all.carry(tier, to: oem)
        // Each entry with the checkpoint that covers it, as partners bring them one by one.
        var coming: [(batch: EntryBatch, checkpoint: [UInt8])] = []
        for number in 0..<240 {
            let held = try writer.reader(of: log).size
            try writer.write(all.dataset, [all.label("\(number).png")])
            let reader = try writer.reader(of: log)
            try reader.forEachBatch(from: held, to: reader.size) {
                coming.append(($0, reader.checkpoint))
            }
        }
        coming.reverse()
        let folder = node.home.logFolder(try Origin(tier), all.dataset)
        func bringOne() throws {
            let next = coming.popLast()
            let (batch, checkpoint) = try #require(next)
            let log = try LogWriter(directory: folder, lockTimeoutSeconds: 1)
            defer { log.close() }
            try log.stage(batch)
            try log.publish { _, _ in checkpoint }
        }
        try bringOne()
        node.onProgress = { progress in
            // Both the table and the replay merge what was there when they began; then comes the next.
            guard progress.stage == .merging else { return }
            #expect(throws: Never.self) { try bringOne() }
        }
        let problems = try node.verify(all.dataset).problems
        #expect(problems.map(\.log) == [all.dataset.description])
        #expect(
            problems.first?.what.contains("never as far as a replay of the logs") == true,
            "\(problems)")
        #expect(problems.first?.what.contains("run countermark verify again") == true)
        // Nothing is wrong with it: when nobody adds any more, all holds.
        node.onProgress = nil
        #expect(try node.verify(all.dataset).problems.isEmpty)
    }

    @Test("two do not make a label table anew at once, and nobody does while somebody writes")
    func locks() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let digest = try all.digest(oem)
        let path = try #require(node.store.rebuildLock)
        let lock = try FileLock.take(path, timeoutSeconds: 0)
        #expect(try !node.makeAnew(all.dataset, isPatient: false))
        lock.release()
        let writer = try node.ownWriter(all.dataset)
        #expect(try !node.makeAnew(all.dataset, isPatient: false))
        writer.close()
        #expect(try all.digest(oem) == digest)
        #expect(try node.makeAnew(all.dataset, isPatient: false))
        #expect(try all.digest(oem) == digest)
    }

    @Test("what a rebuild that was ended has left is nobody's, and gone after the next")
    func brokenOff() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        try node.write(all.dataset, [all.label("first.png")])
        struct Ended: Error {}
        #expect(throws: Ended.self) {
            _ = try node.store.mergeAnew(all.dataset) { merge, _ in
                _ = try merge.logNumber(try Origin(oem))
                throw Ended()
            }
        }
        _ = try node.store.mergeAnew(all.dataset) { merge, current in
            _ = try merge.logNumber(try Origin(oem))
            #expect(current.map(\.origin.description) == [oem])
            return false
        }
        #expect(try node.store.datasets() == [all.dataset])
        let digest = try all.digest(oem)
        try node.rebuild(all.dataset)
        #expect(try all.digest(oem) == digest)
        #expect(try node.verify(all.dataset).problems.isEmpty)
    }
}
