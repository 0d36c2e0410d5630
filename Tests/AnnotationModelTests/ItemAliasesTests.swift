import AnnotationModel
import Testing

@Suite("Items that are said to be the same")
struct ItemAliasesTests {
    private func aliases(_ words: [(String, String)]) -> ItemAliases {
        ItemAliases(ByteMap(words, uniquingKeysWith: { _, new in new }))
    }

    @Test("a word leads to the item that it names, and several lead on")
    func chain() {
        let aliases = aliases([("a", "b"), ("b", "c"), ("x", "c")])
        #expect(aliases.shown("a") == "c")
        #expect(aliases.shown("c") == "c")
        #expect(aliases.names(of: "b") == ["c", "a", "b", "x"])
        #expect(aliases.names(of: "other") == ["other"])
    }

    @Test("a circle is shown under its smallest key, and so is what leads into it")
    func circle() {
        let aliases = aliases([("b", "c"), ("c", "b"), ("z", "c"), ("self", "self")])
        #expect(aliases.names(of: "z") == ["b", "c", "z"])
        #expect(aliases.shown("c") == "b")
        #expect(aliases.names(of: "self") == ["self"])
    }

    @Test("keys that only look the same are two")
    func bytes() {
        let aliases = aliases([("e\u{301}", "a"), ("x", "\u{e9}")])
        #expect(aliases.shown("e\u{301}") == "a")
        #expect(aliases.shown("x").utf8.elementsEqual("\u{e9}".utf8))
    }

    @Test("what is shown is one key for all that hang together, whatever came first")
    func laws() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let keys = (0..<12).map { "item\($0)" }
            let words = keys.filter { _ in Bool.random(using: &random) }.map {
                ($0, keys.randomElement(using: &random) ?? $0)
            }
            let (one, other) = (aliases(words), aliases(words.shuffled(using: &random)))
            for (key, next) in words {
                #expect(one.shown(key) == one.shown(next), "\(words)")
            }
            for key in keys {
                let shown = one.shown(key)
                #expect(shown == other.shown(key), "\(words)")
                #expect(one.shown(shown) == shown, "\(words)")
                #expect(one.names(of: key) == one.names(of: shown), "\(words)")
                #expect(one.names(of: key).contains(key), "\(words)")
            }
        }
    }

    @Test("a long chain costs as much as it is long")
    func long() {
        let words = (0..<20_000).map { ("\($0)", "\($0 + 1)") }
        #expect(aliases(words).shown("0") == "20000")
    }
}
