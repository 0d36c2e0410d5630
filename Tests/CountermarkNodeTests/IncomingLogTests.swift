import AnnotationModel
import Foundation
import LogStorage
import Provenance
import Signing
import Testing
import TransparencyLog

@testable import CompanyHome
@testable import CountermarkNode
@testable import PartnerNet
@testable import PlainErrors

@Suite("Transfers as they come")
struct IncomingLogTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    /// A supplier's log that is to come to the steward, and where it waits there.
    private struct Transfer {
        let all: Companies
        let log: String
        let spools: SpoolAccount
        let path: String
        let node: Node

        init(_ sizes: SpoolAccount.Sizes = .init(), entries: Int = 40) throws {
            all = try Companies(["oem.example", "tier.example"])
            try all.carry("oem.example", to: "tier.example")
            log = "tier.example/\(all.dataset)"
            let writer = try all.node("tier.example")
            for number in 0..<entries {
                try writer.write(all.dataset, [all.label("\(number).png")])
            }
            node = try all.node("oem.example")
            spools = SpoolAccount(node.home, sizes)
            path = node.home.path + "/incoming/test.part"
        }

        func out(_ from: UInt64 = 0) throws -> (bundle: [UInt8], checkpoint: [UInt8], count: UInt64)
        {
            try all.node("tier.example").outgoing(log, from: from)
        }

        func begin(
            _ note: [UInt8], from: UInt64 = 0, log: String? = nil, isTakingBack: Bool = false
        ) throws -> IncomingLog {
            try IncomingLog(
                log ?? self.log, from: from, note: note, isTakingBack: isTakingBack,
                partner: try Origin("tier.example"), path: path, spools: spools, node: node)
        }

        /// The bytes that wait on the disk, as the files and as the account say.
        var kept: Int {
            let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
            return size ?? 0
        }

        var counted: Int { spools.byPartner.values.reduce(0, +) }

        func held() throws -> UInt64 { try node.reader(of: log).size }
    }

    @Test("entries are taken wherever their bytes are cut", arguments: [1, 2, 3, 7, 251, 100_000])
    func cuts(step: Int) throws {
        let transfer = try Transfer(entries: step < 7 ? 4 : 40)
        let out = try transfer.out()
        let incoming = try transfer.begin(out.checkpoint)
        for start in stride(from: 0, to: out.bundle.count, by: step) {
            try incoming.add(out.bundle[start..<min(out.bundle.count, start + step)], transfer.node)
        }
        #expect(incoming.count == out.count && incoming.isBetweenEntries)
        #expect(try incoming.accept(transfer.node) > 0)
        #expect(try transfer.held() == out.count)
        #expect(transfer.counted == 0 && transfer.kept == 0)
    }

    @Test("what comes in one piece goes into the log without a file of its own")
    func onePiece() throws {
        let transfer = try Transfer(entries: 3)
        try transfer.all.carry(tier, to: oem)
        let held = try transfer.held()
        try transfer.all.node(tier).write(transfer.all.dataset, [transfer.all.label("new.png")])
        let out = try transfer.out(held)
        let incoming = try transfer.begin(out.checkpoint, from: held)
        // Whoever wanted to put it on the disk would fail.
        try FileManager.default.createDirectory(
            atPath: transfer.path, withIntermediateDirectories: true)
        try incoming.add(out.bundle, transfer.node)
        #expect(transfer.counted == 0)
        #expect(try incoming.accept(transfer.node) == 1)
        #expect(try transfer.held() == held + 1)
    }

    @Test("what comes in one piece is merged as it was verified, and not read again")
    func mergedFromMemory() throws {
        let transfer = try Transfer(entries: 3)
        try transfer.all.carry(tier, to: oem)
        let held = try transfer.held()
        for name in ["new.png", "newer.png"] {
            try transfer.all.node(tier).write(transfer.all.dataset, [transfer.all.label(name)])
        }
        let out = try transfer.out(held)
        let incoming = try transfer.begin(out.checkpoint, from: held)
        try incoming.add(out.bundle, transfer.node)
        transfer.node.holdNaming()
        #expect(try incoming.accept(transfer.node) == 2)
        // Whoever read now what lies there would find other bytes than those that were signed.
        let bundle = try transfer.node.reader(of: transfer.log).directory + "/tile/entries/000.p/"
        let path = bundle + "\(try transfer.held())"
        var bytes = try #require(FileManager.default.contents(atPath: path))
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: URL(filePath: path))
        try transfer.node.catchUp(transfer.all.dataset)
        let state = try transfer.node.mergedState(transfer.all.dataset)
        #expect(state.progress(try Origin(tier))?.applied == held + out.count)
        #expect(transfer.node.unreadableLogs.isEmpty)
        // Whoever has only the disk to go by finds it.
        #expect(throws: LogStorageError.self) {
            try transfer.node.requireWholeLogs(transfer.all.dataset)
        }
    }

    @Test("nothing is kept under a checkpoint that is none, or is not the log's")
    func checkpoints() throws {
        let transfer = try Transfer()
        let out = try transfer.out()
        let text = String(decoding: out.checkpoint, as: UTF8.self)
        let size = "\n\(out.count)\n"
        for (what, note) in [
            ("empty", ""), ("garbage", "abcd\n"), ("unsigned", "\(transfer.log)\n9\n"),
            (
                "another log",
                text.replacingOccurrences(of: "tier.example/oem", with: "oem.example/oem")
            ),
            ("nothing new", text.replacingOccurrences(of: size, with: "\n0\n")),
            ("2^36 + 1", text.replacingOccurrences(of: size, with: "\n68719476737\n")),
            ("2^63", text.replacingOccurrences(of: size, with: "\n9223372036854775808\n")),
            ("a sign", text.replacingOccurrences(of: size, with: "\n+\(out.count)\n")),
        ] {
            #expect(throws: (any Error).self, "\(what)") {
                try transfer.begin(Array(note.utf8))
            }
            #expect(transfer.counted == 0 && transfer.kept == 0, "\(what)")
        }
    }

    @Test("of a log that is not held the first entry brings the key, which decides")
    func unknownKey() throws {
        let transfer = try Transfer()
        let out = try transfer.out()
        // The size is believed until the key is known: one more than was signed.
        let claimed = String(decoding: out.checkpoint, as: UTF8.self)
            .replacingOccurrences(of: "\n\(out.count)\n", with: "\n\(out.count + 1)\n")
        let incoming = try transfer.begin(Array(claimed.utf8))
        #expect(throws: TransparencyLogError.self) {
            try incoming.add(out.bundle, transfer.node)
        }
        #expect(transfer.counted == 0 && transfer.kept == 0)
        // Once some of the log is held, the checkpoint alone is refused.
        try transfer.all.carry(tier, to: oem)
        let writer = try transfer.all.node(tier)
        try writer.write(transfer.all.dataset, [transfer.all.label("new.png")])
        let more = try transfer.out(out.count)
        let wrong = String(decoding: more.checkpoint, as: UTF8.self)
            .replacingOccurrences(of: "\n\(out.count + 1)\n", with: "\n\(out.count + 2)\n")
        #expect(throws: TransparencyLogError.self) {
            try transfer.begin(Array(wrong.utf8), from: out.count)
        }
        _ = try transfer.begin(more.checkpoint, from: out.count)
    }

    @Test("the first entry that does not hold ends the transfer, and what came before is not kept")
    func damage() throws {
        for position in [10, 500, 5_000] {
            let transfer = try Transfer()
            let out = try transfer.out()
            var bundle = out.bundle
            bundle[position] ^= 1
            let incoming = try transfer.begin(out.checkpoint)
            #expect(throws: (any Error).self) {
                try incoming.add(bundle, transfer.node)
                _ = try incoming.accept(transfer.node)
            }
            incoming.remove()
            #expect(transfer.counted == 0 && transfer.kept == 0)
            #expect(try transfer.held() == 0)
        }
    }

    @Test("more entries than the checkpoint covers, or fewer, are refused")
    func count() throws {
        let transfer = try Transfer()
        let out = try transfer.out()
        let more = try transfer.begin(out.checkpoint)
        #expect(throws: NodeError.self) {
            try more.add(out.bundle + [0, 1, 0], transfer.node)
        }
        more.remove()
        let fewer = try transfer.begin(out.checkpoint)
        try fewer.add(out.bundle.dropLast(), transfer.node)
        #expect(throws: NodeError.self) { try fewer.accept(transfer.node) }
        #expect(try transfer.held() == 0)
        #expect(transfer.counted == 0 && transfer.kept == 0)
    }

    @Test("a partner's transfers take no more of the disk than its budget, and leave some of it")
    func budget() throws {
        let whole = try Transfer()
        let bytes = try whole.out().bundle.count
        func take(_ change: (inout SpoolAccount.Sizes) -> Void) throws -> NodeError? {
            var sizes = SpoolAccount.Sizes()
            change(&sizes)
            let transfer = try Transfer(sizes)
            let out = try transfer.out()
            let incoming = try transfer.begin(out.checkpoint)
            do throws(any Error) {
                try incoming.add(out.bundle, transfer.node)
                _ = try incoming.accept(transfer.node)
                return nil
            } catch let error as NodeError {
                #expect(try transfer.held() == 0)
                return error
            }
        }
        // Keys and signatures are of one length: each run writes as many bytes, but for lengths of numbers.
        let room = bytes + 200
        #expect(try take { $0.perPartner = room } == nil)
        #expect(try take { $0.perPartner = bytes / 2 }?.code == .spoolFull)
        #expect(try take { $0.inAll = bytes / 2 }?.code == .spoolFull)
        #expect(try take { $0.left = .max }?.code == .diskFull)
    }

    @Test("what a partner set aside is given back, and another one's budget is its own")
    func account() throws {
        let transfer = try Transfer(entries: 1)
        var sizes = SpoolAccount.Sizes()
        (sizes.perPartner, sizes.inAll, sizes.left) = (100, 150, 0)
        let account = SpoolAccount(transfer.node.home, sizes)
        let (greedy, honest) = (try Origin("a.example"), try Origin("b.example"))
        try account.take(100, for: greedy)
        #expect(throws: NodeError.self) { try account.take(1, for: greedy) }
        try account.take(50, for: honest)
        #expect(throws: NodeError.self) { try account.take(1, for: honest) }
        account.give(100, of: greedy)
        #expect(account.byPartner == [honest: 50])
        try account.take(50, for: honest)
    }

    @Test("the receiver's own log comes back only under a checkpoint of its own key")
    func own() throws {
        let transfer = try Transfer(entries: 1)
        let own = "\(oem)/\(transfer.all.dataset)"
        let held = try transfer.node.reader(of: own)
        let note = String(decoding: held.checkpoint, as: UTF8.self)
        let larger = note.replacingOccurrences(
            of: "\n\(held.size)\n", with: "\n\(held.size + 1)\n")
        #expect(throws: (any Error).self) {
            try transfer.begin(Array(larger.utf8), from: held.size, log: own, isTakingBack: true)
        }
        // As anybody's log it is not taken at all.
        #expect(throws: NodeError.self) {
            try transfer.begin(Array(larger.utf8), from: held.size, log: own)
        }
        #expect(transfer.kept == 0)
    }

    @Test("what was verified as it came is verified again where trust has changed since")
    func changedTrust() throws {
        let transfer = try Transfer()
        let out = try transfer.out()
        let incoming = try transfer.begin(out.checkpoint)
        try incoming.add(out.bundle, transfer.node)
        let before = incoming.verified.key
        let partner = try #require(
            try transfer.node.home.partners().first { $0.org == tier })
        let other = try Companies([tier])
        try transfer.node.home.add(
            .init(
                org: tier, url: nil, roots: try other.node(tier).home.root().pem,
                vkey: partner.vkey))
        let (member, dataset) = try Node.parts(of: transfer.log)
        #expect(try transfer.node.keyedVerifier(member, dataset).key != before)
    }
}

@Suite("Pushes that are under way")
struct IncomingPushesTests {
    @Test("one request goes on with a push, and the newest takes the place of an older one")
    func tickets() throws {
        let pushes = IncomingPushes()
        try pushes.begin("a", from: 3)
        let first = pushes.take("a")
        #expect(try pushes.push("a", first).from == 3)
        let second = pushes.take("a")
        #expect(throws: Refusal.self) { try pushes.push("a", first) }
        // What an older request has to say about the end does not concern the newer one.
        pushes.end("a", first)
        _ = try pushes.push("a", second)
        pushes.end("a", second)
        #expect(throws: Refusal.self) { try pushes.push("a", second) }
    }

    @Test("as many pushes as the limit are under way at once, and old ones make room")
    func limit() throws {
        let pushes = IncomingPushes()
        for number in 0..<PartnerLimits.pushesPerPartner {
            try pushes.begin("\(number)", from: 0)
        }
        #expect(throws: Refusal.self) { try pushes.begin("one more", from: 0) }
        // Beginning one anew is no further one.
        try pushes.begin("0", from: 0)
        pushes.dropOld(at: .now + .seconds(PartnerLimits.pushSeconds - 60))
        #expect(throws: Refusal.self) { try pushes.begin("one more", from: 0) }
        pushes.dropOld(at: .now + .seconds(PartnerLimits.pushSeconds + 60))
        try pushes.begin("one more", from: 0)
    }

    @Test("the checkpoint's note is read from any number of pieces, and a longer one never")
    func notes() throws {
        let note = [UInt8](repeating: 0x61, count: 300)
        let body = Push.head(note) + [1, 2, 3]
        for count in [0, 3, 4, 303] { #expect(try Push.note(of: Array(body.prefix(count))) == nil) }
        let found = try #require(try Push.note(of: body))
        #expect(found.note == note && found.entriesAt == 304)
        #expect(SignedNote.bytesMax == 65_536)
        #expect(try Push.note(of: [0, 1, 0, 0]) == nil)
        #expect(throws: NodeError.self) { try Push.note(of: [0, 1, 0, 1]) }
        #expect(throws: NodeError.self) { try Push.note(of: [0, 0, 0, 0]) }
        #expect(throws: NodeError.self) { try Push.note(of: [0xff, 0xff, 0xff, 0xff]) }
    }
}
