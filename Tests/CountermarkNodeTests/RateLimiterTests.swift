import AnnotationModel
import Testing

@testable import CountermarkNode
@testable import PartnerNet

@Suite("Rates")
struct RateLimiterTests {
    @Test("a flood is refused after its burst, comes back with time, and costs others nothing")
    func flood() throws {
        let limiter = RateLimiter<Origin>(burst: 10, perSecond: 5, pause: 0)
        let (flooding, quiet) = (try Origin("a.example"), try Origin("b.example"))
        let start = ContinuousClock.now
        let admitted = (0..<100).count { _ in limiter.admit(flooding, at: start) != nil }
        #expect(admitted == 10)
        #expect(limiter.admit(quiet, at: start) == .zero)
        let later = start + .seconds(1)
        #expect((0..<100).count { _ in limiter.admit(flooding, at: later) != nil } == 5)
        // A clock that steps back takes nothing away, and gives nothing.
        #expect(limiter.admit(flooding, at: start) == nil)
        #expect(limiter.admit(flooding, at: later) == nil)
    }

    @Test("a request that comes a little early waits for its turn, one much too early is refused")
    func pause() throws {
        let limiter = RateLimiter<Origin>(burst: 10, perSecond: 5, pause: 2)
        let partner = try Origin("a.example")
        let start = ContinuousClock.now
        var waits: [Duration] = []
        while let wait = limiter.admit(partner, at: start) { waits.append(wait) }
        #expect(waits.count == 20)
        #expect(waits[9] == .zero)
        #expect(waits[10] == .milliseconds(200))
        #expect(waits[19] == .seconds(2))
        // What is refused costs nothing: one turn later one more is let in.
        #expect(limiter.admit(partner, at: start) == nil)
        #expect(limiter.admit(partner, at: start + .milliseconds(200)) == .seconds(2))
        #expect(limiter.admit(partner, cost: 20, at: start + .seconds(60)) == .seconds(2))
    }
}
