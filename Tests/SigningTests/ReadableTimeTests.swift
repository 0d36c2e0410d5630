import Signing
import Testing

@Suite("Times as people read them")
struct ReadableTimeTests {
    @Test("whatever is claimed has a distance, and a date or none")
    func extremes() {
        #expect(ReadableTime.distance(.min, .max) == .max)
        #expect(ReadableTime.distance(.max, .min) == .max)
        #expect(ReadableTime.distance(-5, 5) == 10)
        #expect(ReadableTime.distance(7, 7) == 0)
        for time in [Int64.min, .max, 1 << 62] {
            #expect(!ReadableTime.hasDate(time))
            #expect(ReadableTime.text(time) == "a time beyond any calendar")
        }
        #expect(ReadableTime.hasDate(0) && ReadableTime.hasDate(-1))
        #expect(ReadableTime.text(1_795_880_580) == "2026-11-28 15:43 UTC")
    }
}
