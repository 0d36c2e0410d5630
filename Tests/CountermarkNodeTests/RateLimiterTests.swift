import AnnotationModel
import Testing

@testable import CountermarkNode

@Suite("Rates")
struct RateLimiterTests {
    @Test("a flood is refused after its burst, comes back with time, and costs others nothing")
    func flood() throws {
        let limiter = RateLimiter(burst: 10, perSecond: 5)
        let (flooding, quiet) = (try Origin("a.example"), try Origin("b.example"))
        let start = ContinuousClock.now
        let admitted = (0..<100).count { _ in limiter.admits(flooding, at: start) }
        #expect(admitted == 10)
        #expect(limiter.admits(quiet, at: start))
        let later = start + .seconds(1)
        #expect((0..<100).count { _ in limiter.admits(flooding, at: later) } == 5)
        // A clock that steps back takes nothing away, and gives nothing.
        #expect(!limiter.admits(flooding, at: start))
    }
}
