import Testing

@testable import LabelQuality

@Suite("Labels that a model speaks against")
struct LabelErrorTests {
    private func example(_ given: Int, _ probabilities: Double...) -> LabelErrors.Example {
        .init(given: given, probabilities: probabilities)
    }

    /// Worked by hand: the thresholds are the mean probability of each class where it was given.
    @Test("one whose class is less sure than those of another class are")
    func confident() {
        let found = LabelErrors(
            [
                example(0, 0.9, 0.1), example(0, 0.7, 0.3), example(0, 0.2, 0.8),
                example(1, 0.1, 0.9), example(1, 0.4, 0.6), example(1, 0.55, 0.45),
            ], classCount: 2)
        #expect(found.thresholds.map { ($0 ?? 0) * 100 }.map { $0.rounded() } == [60, 65])
        // The last one is predicted otherwise, but not as surely as class 0 is where it was given.
        #expect(found.candidates.map(\.example) == [2])
        #expect(found.candidates.first?.suggested == 1)
        #expect(found.candidates.first?.selfConfidence == 0.2)
    }

    @Test("the least probable come first; what ties goes by its place")
    func ranked() {
        let sure = (0..<8).map { example($0 % 2, $0 % 2 == 0 ? 0.9 : 0.1, $0 % 2 == 0 ? 0.1 : 0.9) }
        let found = LabelErrors(
            sure + [example(0, 0.05, 0.95), example(1, 0.98, 0.02), example(0, 0.05, 0.95)],
            classCount: 2)
        #expect(found.candidates.map(\.example) == [9, 8, 10])
    }

    @Test(
        "numbers that are none, classes that nobody gave, and nothing at all make no candidate of themselves"
    )
    func hostile() {
        #expect(LabelErrors([], classCount: 0).candidates.isEmpty)
        #expect(LabelErrors([], classCount: 3).thresholds == [nil, nil, nil])
        let odd = LabelErrors(
            [
                example(0, .nan, .infinity), example(1, -5, 7), example(7, 0.5, 0.5),
                example(0, 0.5), example(-1, 0.5, 0.5),
            ], classCount: 2)
        #expect(odd.candidates.allSatisfy { $0.selfConfidence.isFinite })
        // A class that nobody gave has no threshold, so nothing is suggested of it.
        let third = LabelErrors(
            [example(0, 0.2, 0.1, 0.7), example(1, 0.1, 0.2, 0.7)], classCount: 3)
        #expect(third.candidates.isEmpty)
    }
}
