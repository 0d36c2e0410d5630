import AnnotationModel
import Testing

@Suite("Names by their bytes")
struct ByteKeyTests {
    static let composed = "caf\u{e9}"
    static let decomposed = "cafe\u{301}"

    @Test("what looks the same and has other bytes is another name")
    func differs() {
        #expect(Self.composed == Self.decomposed)
        #expect(ByteKey(Self.composed) != ByteKey(Self.decomposed))
        #expect("K" == "\u{212a}" && !"K".hasSameBytes(as: "\u{212a}"))
        #expect(Self.composed.hasSameBytes(as: "caf\u{e9}"))
        #expect([Self.composed, Self.decomposed].sortedByBytes().map(\.utf8.count) == [6, 5])
    }

    @Test("a map keeps both, in the order of their bytes")
    func map() {
        var map: ByteMap<Int> = [Self.composed: 1]
        map[Self.decomposed, default: 0] += 2
        #expect(map.count == 2 && map[Self.composed] == 1 && map[Self.decomposed] == 2)
        #expect(map.sortedByKey().map(\.value) == [2, 1])
        #expect(map.removeValue(forKey: Self.composed) == 1)
        #expect(map[Self.composed] == nil && map[Self.decomposed] == 2)
        #expect(map.updateValue(3, forKey: Self.decomposed) == 2)
        map[Self.decomposed] = nil
        #expect(map.isEmpty)
        let one: ByteMap = ["a": 1]
        #expect(one.merging(["a": 2, "b": 3]) == ["a": 2, "b": 3])
    }

    @Test("a set keeps both")
    func set() {
        var set: ByteSet = [Self.composed]
        #expect(!set.contains(Self.decomposed))
        #expect(set.insert(Self.decomposed).inserted && !set.insert(Self.decomposed).inserted)
        #expect(set.count == 2 && set.isSuperset(of: [Self.composed]))
        set.remove(Self.composed)
        #expect(set == [Self.decomposed])
    }
}
