import Replication
import Testing

@Suite("Clocks")
struct ClockRuleTests {
    private func word(_ ahead: Int64, _ name: String = "a") -> ClockRule.Word {
        .init(partner: name, ahead: ahead)
    }

    @Test("five minutes agree and a second more warns; a day warns and a second more refuses")
    func edges() {
        #expect(ClockRule.judge([]) == .agrees)
        for sign in [1, -1] as [Int64] {
            #expect(ClockRule.judge([word(300 * sign)]) == .agrees)
            #expect(ClockRule.judge([word(301 * sign)]) == .warns(word(301 * sign)))
            #expect(ClockRule.judge([word(86_400 * sign)]) == .warns(word(86_400 * sign)))
            #expect(ClockRule.judge([word(86_401 * sign)]) == .refuses(word(86_401 * sign)))
        }
    }

    @Test("a partner whose clock is wrong keeps nobody from writing where another one agrees")
    func nearest() {
        #expect(ClockRule.judge([word(.min + 1), word(10, "b")]) == .agrees)
        #expect(ClockRule.judge([word(.max), word(400, "b")]) == .warns(word(400, "b")))
    }

    @Test("a time that was signed says only that the own clock is behind")
    func signed() {
        #expect(ClockRule.word(of: "a", signed: 90, at: 100) == nil)
        #expect(ClockRule.word(of: "a", signed: 400, at: 100) == word(-300))
        #expect(ClockRule.word(of: "a", signed: .min, at: 100) == nil)
    }

    @Test("a key ends where the clock and a time that is not far ahead are both beyond its end")
    func ends() {
        #expect(ClockRule.mayEnd(keyUntil: 100, at: 101, signed: [101]))
        #expect(!ClockRule.mayEnd(keyUntil: 100, at: 100, signed: [101]))
        #expect(!ClockRule.mayEnd(keyUntil: 100, at: 101, signed: [100]))
        #expect(!ClockRule.mayEnd(keyUntil: 100, at: 101, signed: [101 + 86_401]))
        #expect(!ClockRule.mayEnd(keyUntil: 100, at: 101, signed: []))
    }
}
