import Replication
import Testing

@testable import CountermarkNode
@testable import PartnerNet

@Suite("What a partner that is followed has told")
struct FollowedPartnerTests {
    private func offer(_ member: String, _ size: UInt64, _ checkpoint: String = "note") -> LogOffer
    {
        var offer = LogOffer(
            origin: "\(member).example/oem.example/boards", size: size, checkpoint: checkpoint)
        offer.entries = "AAAA"
        return offer
    }

    /// What would be brought to the partner of logs that are held so far here.
    private func pushes(_ theirs: FollowedPartner, _ ours: [LogOffer]) -> [String: UInt64] {
        var machine = SyncMachine(.give(beyond: theirs.sizes), own: "tier.example")
        var found: [String: UInt64] = [:]
        while let action = machine.next() {
            switch action {
            case .offer: machine.take(.offered(ours.map { SyncMachine.Offer($0) }))
            case .push(let place, let from, _):
                found[ours[place].origin] = from
                machine.take(.done)
            default: machine.take(.done)
            }
        }
        theirs.was(given: machine.sizes, since: theirs.sizes)
        return found
    }

    @Test("nothing is brought to a partner of which its own line has told")
    func noEcho() {
        let theirs = FollowedPartner()
        theirs.lists([offer("oem", 3), offer("tier", 1)])
        // It came by the line, so it is held here as soon as the change shows.
        theirs.tells(offer("oem", 4))
        let own = offer("tier", 2)
        #expect(pushes(theirs, [offer("oem", 4), own]) == [own.origin: 1])
        // And what it was given is not brought again.
        #expect(pushes(theirs, [offer("oem", 4), own]).isEmpty)
        // It may have lost something since.
        theirs.tells(offer("oem", 2))
        #expect(pushes(theirs, [offer("oem", 4), own]) == [offer("oem", 4).origin: 2])
    }

    @Test("a list that was asked for earlier changes nothing of what a line has told since")
    func lateList() {
        let theirs = FollowedPartner()
        theirs.tells(offer("oem", 4, "new"))
        theirs.lists([offer("oem", 3, "old"), offer("tier", 1)])
        #expect(theirs.sizes == [offer("oem", 4).origin: 4, offer("tier", 1).origin: 1])
        theirs.moved([offer("oem", 4).origin])
        #expect(theirs.takeMoved().map(\.checkpoint) == ["new"])
    }

    @Test("a partner that tells of logs without end takes no more room than the limits say")
    func flood() {
        let theirs = FollowedPartner()
        let long = String(repeating: "n", count: 60_000)
        for number in 0..<20_000 {
            theirs.tells(offer("m\(number)", 1, number < 4_000 ? long : "note"))
            theirs.tells(LogOffer(origin: "no log's name \(number)", size: 1, checkpoint: long))
            theirs.moved(["never told of \(number)"])
        }
        #expect(theirs.room.logs == PartnerLimits.listLogs)
        #expect(theirs.room.bytes <= PartnerLimits.rememberedBytes)
        #expect(theirs.room.bytes > PartnerLimits.rememberedBytes - long.utf8.count)
        #expect(theirs.takeMoved().isEmpty)
        // What is known goes on, and a checkpoint that is told of anew takes the place of the old one.
        theirs.tells(offer("m0", 2))
        #expect(theirs.sizes[offer("m0", 2).origin] == 2)
        #expect(theirs.room.bytes < PartnerLimits.rememberedBytes - long.utf8.count / 2)
        theirs.moved([offer("m0", 2).origin])
        #expect(theirs.takeMoved().map(\.size) == [2])
    }

    @Test("what was told while something was given stays")
    func toldMeanwhile() {
        let theirs = FollowedPartner()
        theirs.lists([offer("oem", 3), offer("tier", 1)])
        let before = theirs.sizes
        theirs.tells(offer("oem", 5))
        var after = before
        after[offer("tier", 1).origin] = 2
        theirs.was(given: after, since: before)
        #expect(theirs.sizes == [offer("oem", 5).origin: 5, offer("tier", 1).origin: 2])
    }

    @Test("cosignatures are exchanged of what has moved, once, with what the partner has told last")
    func moved() {
        let theirs = FollowedPartner()
        theirs.lists([offer("oem", 3, "first"), offer("tier", 1)])
        #expect(theirs.takeMoved().isEmpty)
        theirs.tells(offer("oem", 3, "second"))
        theirs.moved([offer("oem", 3).origin, offer("oem", 3).origin, "unknown.example/x/y"])
        let found = theirs.takeMoved()
        #expect(found.map(\.checkpoint) == ["second"] && found.map(\.entries) == [nil])
        #expect(theirs.takeMoved().isEmpty)
        theirs.moved(found.map(\.origin))
        #expect(theirs.takeMoved() == found)
    }
}
