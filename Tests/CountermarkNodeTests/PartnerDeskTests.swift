import AnnotationModel
import Foundation
import Logging
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PartnerNet

@Suite("Budgets at the desk")
struct PartnerDeskTests {
    private func metrics(_ desk: PartnerDesk) -> String {
        var text = FigureText()
        desk.add(to: &text)
        return text.text
    }

    @Test("watches and memory are counted per partner, and given back")
    func holds() throws {
        let companies = try Companies(["oem.example"])
        let home = try companies.node("oem.example").home
        let desk = PartnerDesk(
            home, room: ConnectionRoom(), spools: SpoolAccount(home), logger: .init(label: "test"))
        let (greedy, honest) = (try Origin("a.example"), try Origin("b.example"))
        do {
            let watches = try (0..<PartnerLimits.watchesPerPartner).map { _ in
                try desk.holdWatch(for: greedy)
            }
            #expect(throws: Refusal.self) { try desk.holdWatch(for: greedy) }
            _ = try desk.holdWatch(for: honest)
            withExtendedLifetime(watches) {}
        }
        _ = try desk.holdWatch(for: greedy)
        do {
            let memory = try desk.holdMemory(PartnerLimits.memoryBytesPerPartner, for: greedy)
            #expect(throws: Refusal.self) { try desk.holdMemory(1, for: greedy) }
            _ = try desk.holdMemory(1, for: honest)
            withExtendedLifetime(memory) {}
        }
        _ = try desk.holdMemory(1, for: greedy)
        let others = try (0..<PartnerLimits.memoryBytesInAll / PartnerLimits.memoryBytesPerPartner)
            .map {
                try desk.holdMemory(
                    PartnerLimits.memoryBytesPerPartner, for: try Origin("c\($0).example"))
            }
        #expect(throws: Refusal.self) { try desk.holdMemory(1, for: honest) }
        withExtendedLifetime(others) {}
        let metrics = self.metrics(desk)
        #expect(
            metrics.contains(
                "countermark_partner_limited_total{partner=\"a.example\",limit=\"too-many-watches\"} 1"
            ))
    }

    @Test("bodies are counted per partner, with their memory, and given back")
    func bodies() throws {
        let companies = try Companies(["oem.example"])
        let home = try companies.node("oem.example").home
        let desk = PartnerDesk(
            home, room: ConnectionRoom(), spools: SpoolAccount(home), logger: .init(label: "test"))
        let (greedy, honest) = (try Origin("a.example"), try Origin("b.example"))
        func used(_ name: String, _ partner: Origin) -> String? {
            metrics(desk).split(separator: "\n").first {
                $0.hasPrefix("countermark_partner_\(name){partner=\"\(partner)\"} ")
            }.map { String($0.split(separator: " ")[1]) }
        }
        do {
            let bodies = try (0..<PartnerLimits.bodiesPerPartner).map { _ in
                try desk.holdBody(PartnerLimits.pieceBytes, for: greedy)
            }
            let memory = PartnerLimits.bodiesPerPartner * PartnerLimits.pieceBytes
            #expect(throws: Refusal.self) { try desk.holdBody(1, for: greedy) }
            // What was refused holds no memory.
            #expect(used("bodies", greedy) == "\(PartnerLimits.bodiesPerPartner)")
            #expect(used("memory_bytes", greedy) == "\(memory)")
            _ = try desk.holdBody(1, for: honest)
            withExtendedLifetime(bodies) {}
        }
        #expect(used("bodies", greedy) == "0" && used("memory_bytes", greedy) == "0")
        // One that takes all the memory is refused as a body, too.
        let memory = try desk.holdMemory(PartnerLimits.memoryBytesPerPartner, for: greedy)
        #expect(throws: Refusal.self) { try desk.holdBody(1, for: greedy) }
        withExtendedLifetime(memory) {}
        #expect(used("bodies", greedy) == "0")
    }

    @Test("each limit stands in the figures beside what is used of it, and in the documents")
    func listed() throws {
        let companies = try Companies(["oem.example"])
        let home = try companies.node("oem.example").home
        var sizes = ConnectionRoom.Sizes()
        sizes.inAll = 7
        let desk = PartnerDesk(
            home, room: ConnectionRoom(sizes), spools: SpoolAccount(home),
            logger: .init(label: "test"))
        let partner = try Origin("a.example")
        _ = try desk.node(for: partner)
        let memory = try desk.holdMemory(5, for: partner)
        let lines = metrics(desk).split(separator: "\n").map(String.init)
        withExtendedLifetime(memory) {}
        let documents = try String(
            contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("../../Docs/Operations.md"), encoding: .utf8)
        for limit in PartnerLimits.listed {
            // The system granted this one.
            let value = limit.name == "connections_in_all" ? 7 : limit.value
            #expect(lines.contains("countermark_limit{limit=\"\(limit.name)\"} \(value)"))
            // The operator's page adds what is free on the disk.
            if limit.used != "countermark_storage_free_bytes" {
                #expect(lines.contains("# TYPE \(limit.used) gauge"), "\(limit.used)")
            }
            #expect(documents.contains("`\(limit.name)`"), "\(limit.name)")
        }
        #expect(lines.contains("countermark_memory_bytes 5"))
        #expect(lines.contains("countermark_nodes 1"))
        #expect(lines.contains("countermark_partner_pushes{partner=\"a.example\"} 0"))
    }

    @Test("a stranger's address makes so many calls at once, then one a second")
    func joins() throws {
        let companies = try Companies(["oem.example"])
        let desk = JoinDesk(try companies.node("oem.example").home) { 0 }
        let start = ContinuousClock.now
        let burst = Int(JoinDesk.Limits.burst)
        #expect((0..<100).count { _ in desk.admits("192.0.2.9", at: start) } == burst)
        #expect(desk.admits("192.0.2.1", at: start))
        let later = start + .seconds(1)
        #expect((0..<100).count { _ in desk.admits("192.0.2.9", at: later) } == 1)
        // So many addresses are remembered; one more, and all begin anew.
        for number in 0..<JoinDesk.Limits.addressesMax - 2 {
            _ = desk.admits("a\(number)", at: later)
        }
        #expect(!desk.admits("192.0.2.9", at: later))
        #expect(desk.admits("one more", at: later))
        #expect(desk.admits("192.0.2.9", at: later))
    }

    @Test("a Range header of any form takes nothing from beyond the answer")
    func ranges() {
        #expect(PartnerServer.rangeStart("bytes=0-", in: 10) == 0)
        #expect(PartnerServer.rangeStart("bytes=9-", in: 10) == 9)
        for text in [
            nil, "", "bytes", "bytes=", "bytes=-", "bytes=-5", "bytes=-5-", "bytes=--5-",
            "bytes=+5-",
            "bytes=10-", "bytes=05-", "bytes= 5-", "bytes=5 -", "bytes=0-0", "bytes=1-,3-",
            "lines=0-", "bytes=18446744073709551616-", "bytes=9223372036854775808-",
            "Bytes=0-",
        ] {
            #expect(PartnerServer.rangeStart(text, in: 10) == nil, "\(text ?? "none")")
        }
        #expect(PartnerServer.rangeStart("bytes=0-", in: 0) == nil)
    }
}
