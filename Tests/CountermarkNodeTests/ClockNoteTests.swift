import AnnotationModel
import Foundation
import LogStorage
import Signing
import Testing

@testable import CompanyHome
@testable import CountermarkNode

@Suite("What partners' clocks showed")
struct ClockNoteTests {
    @Test("a note with numbers of no calendar says nothing, and ends nothing")
    func damaged() throws {
        let all = try Companies(["oem.example", "tier.example"])
        let node = try all.node("oem.example")
        let file = "\(node.home.path)/contacts/tier.example.clock"
        let good = try ClockNote(theirs: 5, ours: 5, uptime: 0, boot: #require(Uptime.boot))
        let notes = [Int64.min, .max, -1].flatMap { wrong in
            [
                ClockNote(theirs: wrong, ours: 5, uptime: 0, boot: good.boot),
                ClockNote(theirs: 5, ours: wrong, uptime: 0, boot: good.boot),
                ClockNote(theirs: 5, ours: 5, uptime: wrong, boot: good.boot),
            ]
        }
        for note in notes {
            try DurableFile.replace(file, with: Array(try JSONEncoder().encode(note)))
            #expect(try node.clockWords(all.dataset).isEmpty, "\(note)")
            node.noteClock(try .init("tier.example"), node.now())
            #expect(try node.clockWords(all.dataset).count == 1, "\(note)")
        }
    }

    @Test("a clock that differs from all partners' is told before anything is written")
    func trouble() throws {
        let all = try Companies(["oem.example", "tier.example"])
        let node = try all.node("oem.example")
        for (ahead, refuses) in [(0, nil), (600, false), (-3_600, false), (3 * 86_400, true)]
            as [(Int64, Bool?)]
        {
            let file = "\(node.home.path)/contacts/tier.example.clock"
            try? FileManager.default.removeItem(atPath: file)
            node.noteClock(try .init("tier.example"), node.now() - ahead)
            let found = try node.clockTrouble()
            #expect(found?.refuses == refuses, "\(ahead)")
            #expect(found?.line.contains("tier.example") ?? true)
        }
    }

    @Test("a clock before the own certificate's begin is told of: nothing can be signed")
    func beforeCertificate() throws {
        let all = try Companies(["oem.example"])
        let home = try all.node("oem.example").home
        #expect(try Node(home).clockTrouble() == nil)
        let begin = try home.certificate().notBefore
        let trouble = try #require(try Node(home, now: { begin - 86_400 }).clockTrouble())
        #expect(trouble.refuses && trouble.line.contains("begins on"))
    }
}
