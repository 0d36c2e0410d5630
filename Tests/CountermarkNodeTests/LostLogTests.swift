import AnnotationModel
import Foundation
import LogStorage
import Provenance
import Replication
import Signing
import Testing
import TransparencyLog

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors

@Suite("A log that is gone with its record does not begin anew")
struct LostLogTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    /// A company whose own log, record and label table are lost, while the others' logs are there.
    private func lost(_ name: String, _ all: Companies) throws -> Node {
        let home = try all.node(name).home
        let lost = [
            "logs/\(name)", "signed", "state.sqlite", "state.sqlite-wal", "state.sqlite-shm",
        ]
        for part in lost { try? FileManager.default.removeItem(atPath: "\(home.path)/\(part)") }
        return try Node(home)
    }

    private func refuses(_ node: Node, _ all: Companies, _ code: String) {
        #expect {
            try node.write(all.dataset, [all.label("n.png")])
        } throws: {
            ($0 as? NodeError)?.code.word == code
        }
    }

    /// Both have written; the member's witness has cosigned the steward's log.
    private func written() throws -> Companies {
        let all = try Companies([oem, tier])
        try all.node(oem).write(all.dataset, [all.label("a.png")])
        try all.carry(oem, to: tier)
        let member = try all.node(tier)
        try member.write(all.dataset, [all.label("b.png")])
        try all.carry(tier, to: oem)
        let note = try member.reader(of: "\(oem)/\(all.dataset)").checkpoint
        let line = try SignedNote.cosign(
            try SignedNote(note).text, time: Int64(Date().timeIntervalSince1970), name: tier,
            key: try member.home.witnessKey())
        #expect(try member.take(cosignatures: note + line))
        return all
    }

    @Test("a steward's log that is lost, or older than its members, comes back from whoever has it")
    func stewardBrings() throws {
        let all = try written()
        let member = try Origin(tier)
        #expect(throws: Never.self) {
            try all.node(oem).requireMayBring(try Origin(tier), all.dataset, member)
        }
        // Nobody else adds to it as long as nothing is missing.
        #expect(throws: NodeError.self) {
            try all.node(oem).requireMayBring(
                try Origin(oem), all.dataset, try Origin("stranger.example"))
        }
        let node = try lost(oem, all)
        #expect(throws: Never.self) {
            try node.requireMayBring(node.home.origin, all.dataset, member)
        }
        #expect(throws: NodeError.self) {
            try node.requireMayBring(try Origin(tier), all.dataset, try Origin("stranger.example"))
        }
        let theirs = try all.node(tier).reader(of: "\(oem)/\(all.dataset)")
        try node.accept(
            "\(oem)/\(all.dataset)", from: 0, checkpoint: theirs.checkpoint, isTakingBack: true
        ) { try theirs.forEachBatch(from: 0, to: theirs.size, $0) }
        try node.catchUp(all.dataset)
        #expect(try node.read(all.dataset) { $0.state.digest.hex } == all.digest(tier))
    }

    @Test("a member that finds a line of its own witness waits, and gets back what a partner has")
    func member() throws {
        let all = try written()
        let node = try lost(tier, all)
        refuses(node, all, "own-log-lost")
        #expect(try node.verify(all.dataset).problems.contains { $0.what.contains("has signed") })
        let told = try all.node(oem).held(of: try Origin(tier))
        #expect(try !node.take(told, from: try Origin(oem)).complete)
        refuses(node, all, "own-log-behind")
    }

    @Test("a steward whose entries others cite waits for them")
    func steward() throws {
        let all = try written()
        let node = try lost(oem, all)
        #expect(try node.home.lostLogs() == [all.dataset])
        refuses(node, all, "own-log-behind")
    }

    @Test("whoever takes the risk goes on")
    func risk() throws {
        let all = try written()
        let node = try lost(tier, all)
        refuses(node, all, "own-log-lost")
        try node.home.settle()
        #expect(try node.home.lostLogs().isEmpty)
        try node.write(all.dataset, [all.label("n.png")])
    }

    @Test("whoever has never written begins without asking")
    func fresh() throws {
        let all = try Companies([oem, tier])
        try all.node(oem).write(all.dataset, [all.label("a.png")])
        try all.carry(oem, to: tier)
        let node = try all.node(tier)
        #expect(try node.home.lostLogs().isEmpty)
        try node.write(all.dataset, [all.label("b.png")])
    }

    @Test("a partner that has nothing of the log settles it, and it begins")
    func settled() throws {
        let all = try written()
        let node = try lost(tier, all)
        refuses(node, all, "own-log-lost")
        try node.noteHeard(try Origin(oem))
        #expect(try node.home.lostLogs().isEmpty && node.home.isAnchored)
        try node.write(all.dataset, [all.label("n.png")])
    }
}
