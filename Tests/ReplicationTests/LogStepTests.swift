import AnnotationModel
import Replication
import Testing

@Suite("What to do about a partner's view of a log")
struct LogStepTests {
    private func step(
        _ standing: LogStanding, isOwn: Bool = false, held: UInt64 = 5, forkedAt: UInt64? = nil
    ) -> LogStep {
        .decide(standing, isOwn: isOwn, held: held, forkedAt: forkedAt)
    }

    @Test("others' entries are fetched, own ones taken back, and what is lacking there is given")
    func steps() {
        #expect(step(.same) == .rest)
        #expect(step(.ahead(from: 5)) == .fetch(from: 5))
        #expect(step(.ahead(from: 5), isOwn: true) == .takeBack(from: 5))
        #expect(step(.behind(size: 2)) == .give(from: 2))
        #expect(step(.otherHistory) == .investigate)
    }

    @Test("of a forked log nothing goes on beyond what its histories share")
    func forked() {
        #expect(step(.ahead(from: 5), forkedAt: 5) == .investigate)
        #expect(step(.ahead(from: 5), forkedAt: 6) == .fetch(from: 5))
        #expect(step(.behind(size: 2), forkedAt: 2) == .rest)
        #expect(step(.behind(size: 2), forkedAt: 3) == .give(from: 2))
    }

    @Test("nobody writes this organisation's log, and it takes back no other")
    func own() throws {
        let (own, other) = (try Origin("own.example"), try Origin("other.example"))
        func require(_ member: Origin, isTakingBack: Bool, forkedAt: UInt64? = nil) throws {
            try Admission.require(
                .init(own: own, held: 5, forkedAt: forkedAt, isTakingBack: isTakingBack),
                of: member)
        }
        try require(other, isTakingBack: false)
        try require(own, isTakingBack: true)
        #expect(throws: Admission.Refusal.ownLog) { try require(own, isTakingBack: false) }
        #expect(throws: Admission.Refusal.ownLog) { try require(other, isTakingBack: true) }
        #expect(throws: Admission.Refusal.forked(prefix: 5)) {
            try require(other, isTakingBack: false, forkedAt: 5)
        }
        try require(other, isTakingBack: false, forkedAt: 6)
    }
}
