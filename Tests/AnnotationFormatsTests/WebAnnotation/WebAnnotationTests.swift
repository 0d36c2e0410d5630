import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

@Suite("W3C Web Annotation")
struct WebAnnotationTests {
    static let vectors = SharedFiles.root + "/vectors/web-annotation/samples.json"

    static func read(_ text: String, items: [ItemRecord] = []) throws -> Reading {
        try Reading(
            "web-annotation", [InputFile(name: "a.jsonld", bytes: Array(text.utf8))],
            context: ReadContext(items: items))
    }

    @Test(
        "the model's own samples are taken without loss, and the broken ones are refused",
        .enabled(if: SharedFiles.exists(vectors)))
    func samples() throws {
        let samples = try JSONValue(parsing: InputFile(path: Self.vectors).bytes).array ?? []
        #expect(samples.count == 47)
        for sample in samples {
            let id = sample["id"]?.string ?? ""
            let text = sample["document"]?.text ?? sample["text"]?.string ?? ""
            guard sample["expect"]?.string == "accept" else {
                if let reading = try? Self.read(text) {
                    #expect(reading.labels.isEmpty, "\(id)")
                    #expect(!reading.skips.isEmpty, "\(id)")
                }
                continue
            }
            let reading = try Self.read(text)
            #expect(reading.skips.isEmpty, "\(id): \(reading.firstSkip)")
            #expect(!reading.labels.isEmpty, "\(id)")
            let (files, report) = try written(
                "web-annotation", items: reading.items, labels: reading.labels)
            #expect(report.losses.isEmpty, "\(id): \(report.losses)")
            let page = try JSONValue(parsing: files.values.first ?? [])
            let document = sample["document"] ?? .null
            let expected = document["first"]?["items"]?.array ?? [document]
            #expect(page["items"]?.array == expected, "\(id)")
        }
    }

    @Test("a quoted text finds its place, and a place that is not understood is said")
    func places() throws {
        let head = #"{"@context":"http://www.w3.org/ns/anno.jsonld","type":"Annotation","target":"#
        let item = ItemRecord(key: "a b.txt", fields: ["text": .text("💩 one two one")])
        let found = try Self.read(
            head
                + #"{"source":"a%20b.txt","selector":{"type":"TextQuoteSelector","exact":"two"}}}"#,
            items: [item])
        #expect(found.labels.map(\.item) == ["a b.txt"])
        #expect(found.labels.first?.selector == .textSpan(start: 6, end: 9, quote: "two"))
        let twice = try Self.read(
            head
                + #"{"source":"a%20b.txt","selector":{"type":"TextQuoteSelector","exact":"one"}}}"#,
            items: [item])
        #expect(twice.labels.first?.selector == .wholeItem)
        #expect(twice.notes.count == 1)
        let moved = try Self.read(
            head
                + #"{"source":"a%20b.txt","selector":[{"type":"TextPositionSelector","start":0,"end":3},{"type":"TextQuoteSelector","exact":"two"}]}}"#,
            items: [item])
        #expect(moved.labels.isEmpty)
        let climbing = try Self.read(head + #""../x"}"#)
        #expect(climbing.labels.isEmpty)
        #expect(climbing.skips.count == 1)
    }

    @Test("what JSON-LD would drop, as no term of its own, is declared as a JSON literal")
    func literals() throws {
        let label = LabelRecord(
            item: "a.png", className: "c",
            selector: .rotatedBox(.init(centerX: 5, centerY: 6, width: 7, height: 8, angle: 0.5)),
            attributes: ["certain": true])
        let (files, _) = try written(
            "web-annotation", items: [ItemRecord(key: "a.png")], labels: [label])
        let page = try JSONValue(parsing: files["annotations.jsonld"] ?? [])
        let own = page["@context"]?.array?.last
        let literals = ["countermark:attributes", "countermark:value"]
        for name in literals { #expect(own?[name]?["@type"]?.string == "@json") }
        // Each member that holds an object of ours is one of these.
        func check(_ json: JSONValue, below name: String) {
            if literals.contains(name) { return }
            if case .object(let members) = json {
                for (name, member) in members where name != "@context" {
                    #expect(name != "certain" && name != "centerX")
                    check(member, below: name)
                }
            }
            for member in json.array ?? [] { check(member, below: name) }
        }
        check(page, below: "")
    }

    @Test("every kind of selector survives")
    func selectors() throws {
        var generator = SeededGenerator(seed: 11)
        let labels = (0..<300).map { index in
            LabelRecord(
                item: "x/ü %#😀?.png", className: "c",
                selector: RandomSelectors.selector(&generator), externalID: "urn:x:\(index)",
                author: "ann", source: "human")
        }.filter { (try? $0.selector.validate()) != nil }
        let (files, _) = try written(
            "web-annotation", items: [ItemRecord(key: "x/ü %#😀?.png")], labels: labels)
        let reading = try Reading(
            "web-annotation", files.map { InputFile(name: $0.key, bytes: $0.value) })
        #expect(reading.labels == labels)
    }
}
