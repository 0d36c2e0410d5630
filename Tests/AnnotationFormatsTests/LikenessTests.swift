import AnnotationModel
import Testing

@testable import AnnotationFormats

@Suite("Which label a changed line is about")
struct LikenessTests {
    private func said(_ name: String, _ x: Double, _ place: String?) -> Likeness.Said {
        .init(
            className: name, selector: .box(.init(x: x, y: 0, width: 10, height: 10)), place: place)
    }

    @Test("the same shape comes before an overlap, and an overlap before the place")
    func order() {
        let known = [said("A", 0, "1"), said("B", 100, "2"), said("C", 200, "3")]
        let records = [said("C2", 200, "1"), said("A", 4, "2"), said("B", 300, "3")]
        #expect(Likeness.pairs(records, known) == [2, 0, nil])
    }

    @Test("what has only the place in common is another label, unless nothing else is left")
    func place() {
        let known = [said("A", 0, "1"), said("B", 100, "2")]
        let other = [said("X", 50, "1"), said("Y", 150, "2")]
        #expect(Likeness.pairs(other, known) == [nil, nil])
        #expect(Likeness.pairs(other, known, isPlaceEnough: true) == [0, 1])
        #expect(Likeness.pairs([other[0]], [known[0]]) == [0])
        #expect(Likeness.pairs([other[0]], [known[1]]) == [nil])
        #expect(Likeness.pairs([other[0]], [known[0]]) { _, _ in false } == [nil])
    }

    @Test("of very many the place alone tells, and each label is taken once")
    func many() {
        let known = (0..<600).map { said("A", Double($0), "\($0)") }
        let records = (0..<600).map { said("B", Double($0) + 0.5, "\($0 + 1)") }
        let pairs = Likeness.pairs(records, known)
        #expect(pairs.dropLast() == (1..<600).map { $0 }[...])
        #expect(pairs.last == .some(nil))
    }
}
