import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

private func file(_ name: String, _ text: String) -> InputFile {
    InputFile(name: name, bytes: Array(text.utf8))
}

@Suite("Formats of text")
struct TextFormatTests {
    static let text = "💩This is an annotation.\nBob 👨‍👩‍👧 é"
    static let item = ItemRecord(
        key: "docs/a.txt", fields: ["mediaType": .text("text/plain"), "text": .text(text)])
    static var context: ReadContext { ReadContext(items: [item]) }

    static func span(_ start: Int64, _ end: Int64, _ quote: String) -> Selector {
        .textSpan(start: start, end: end, quote: quote)
    }

    static let thing = span(12, 22, "annotation")
    static let name = span(24, 27, "Bob")

    static func roundTrip(
        _ format: String, _ labels: [LabelRecord]
    ) throws -> (Reading, ConversionReport) {
        let (files, report) = try written(format, items: [item], labels: labels)
        return (
            try Reading(
                format, files.map { InputFile(name: $0.key, bytes: $0.value) }, context: context),
            report
        )
    }

    @Test("brat counts Unicode scalars; other units are recognised by the quoted text and noted")
    func bratUnits() throws {
        for (start, end) in [(12, 22), (13, 23), (15, 25)] {
            let ann = "T1\tThing \(start) \(end)\tannotation\n"
            let reading = try Reading("brat", [file("a.ann", ann), file("a.txt", Self.text)])
            #expect(reading.labels.map(\.selector) == [Self.thing])
            #expect(reading.labels.map(\.externalID) == ["a#T1"])
            #expect(reading.notes.isEmpty == (start == 12))
        }
        let wrong = try Reading(
            "brat", [file("a.ann", "T1\tThing 11 21\tannotation\n"), file("a.txt", Self.text)])
        #expect(wrong.labels.isEmpty)
        #expect(wrong.skips.map(\.place) == ["a.ann, line 1"])
    }

    @Test("brat's relations, events, attributes, notes and discontinuous spans come back alike")
    func bratKinds() throws {
        let ann = """
            T1\tThing 12 22\tannotation
            T3\tName%20x 24 27\tBob
            T7\tSplit 1 5;9 11\tThis an
            T8\tVerb 6 8\tis
            R2\tOwns Arg1:T3 Arg2:T1
            E1\tBe:T8 Who:T3 What:T1
            *\tEquiv T1 T3
            A1\tNegated T1
            A2\tSure T3 very
            N1\tReference T3 wiki:Q1\tBob's page
            #1\tAnnotatorNotes T1\tlook
            """
        let first = try Reading("brat", [file("docs/a.ann", ann), file("docs/a.txt", Self.text)])
        #expect(first.skips.isEmpty, "\(first.firstSkip)")
        #expect(
            first.labels.map(\.externalID) == [
                "docs/a#T1", "docs/a#T3", "docs/a#T7", "docs/a#T8", "docs/a#R2", "docs/a#E1",
                "docs/a#*1",
            ])
        #expect(first.labels[1].className == "Name x")
        #expect(first.labels[0].attributes == ["Negated": .bool(true), "note": .text("look")])
        #expect(
            first.labels[4].selector
                == .relation(
                    kind: "Owns",
                    from: [.init(.item("docs/a.txt"), role: "Arg1", selector: Self.name)],
                    to: [.init(.item("docs/a.txt"), role: "Arg2", selector: Self.thing)]))
        let (second, report) = try Self.roundTrip("brat", first.labels.reversed())
        #expect(report.losses.isEmpty, "\(report.losses)")
        #expect(Set(second.labels) == Set(first.labels))
        #expect(second.items == [Self.item])
    }

    @Test("brat lines that are wrong are skipped where they stand")
    func bratSkips() throws {
        let lines = [
            "T1\tThing 12 22\tannotation", "T1\tThing 12 22\tannotation", "T2\tThing x 22\ta",
            "T3\tThing 22 12\ta", "T4\tThing 0 999\ta", "T5\tThing -1 2\ta",
            "R1\tA Arg1:T1 Arg2:T9",
            "A1\tx T77", "Q1\tx", "nothing", "R2\tA Arg1:T1", "T6\t", "E1\tBe:T1 Who:E1",
        ]
        let reading = try Reading(
            "brat", [file("a.ann", lines.joined(separator: "\n")), file("a.txt", Self.text)])
        #expect(reading.labels.map(\.externalID) == ["a#T1", "a#E1"])
        #expect(Set(reading.skips.map(\.place)) == Set((2...12).map { "a.ann, line \($0)" }))
        let alone = try Reading("brat", [file("a.ann", lines[0])])
        #expect(alone.firstSkip.contains("a.txt is missing"))
    }

    @Test("CoNLL tags of every scheme mark the same entities")
    func conllSchemes() throws {
        let words = ["EU", "rejects", "German", "call", "now"]
        for tags in [
            ["B-ORG", "O", "B-MISC", "I-MISC", "B-MISC"],
            ["I-ORG", "O", "I-MISC", "I-MISC", "B-MISC"],
            ["S-ORG", "O", "B-MISC", "E-MISC", "S-MISC"],
            ["U-ORG", "O", "B-MISC", "L-MISC", "U-MISC"],
        ] {
            let text = zip(words, tags).map { "\($0) NNP -X- \($1)" }.joined(separator: "\n")
            let reading = try Reading("conll", [file("x.conll", text)])
            #expect(reading.items.first?.fields["text"] == .text("EU rejects German call now"))
            #expect(
                reading.labels.map(\.selector) == [
                    Self.span(0, 2, "EU"), Self.span(11, 22, "German call"),
                    Self.span(23, 26, "now"),
                ], "\(tags)")
            #expect(reading.labels.map(\.externalID) == ["x#1", "x#2", "x#3"])
        }
    }

    @Test(
        "CoNLL keeps offsets of the known text, and refuses another text",
        arguments: ["conll", "conll-iobes"])
    func conllText(_ format: String) throws {
        let labels = [
            LabelRecord(item: Self.item.key, className: "a thing", selector: Self.thing),
            LabelRecord(
                item: Self.item.key, className: "x", selector: Self.span(1, 8, "This is")),
            LabelRecord(
                item: Self.item.key, className: "x", selector: Self.span(20, 27, "on.\nBob")),
            LabelRecord(item: Self.item.key, className: "x", selector: Self.span(28, 29, "👨")),
        ]
        let (reading, report) = try Self.roundTrip(format, labels)
        #expect(report.losses.map(\.why) == ["CoNLL has no overlapping spans"])
        #expect(reading.items == [Self.item])
        #expect(
            reading.labels.map(\.selector) == [
                Self.span(1, 8, "This is"), Self.thing, Self.span(28, 29, "👨"),
            ])
        #expect(reading.labels[1].className == "a thing")
        let other = ReadContext(items: [
            ItemRecord(key: "x", fields: ["text": .text("EU  accepts")])
        ])
        let moved = try Reading(
            format, [file("x.conll", "EU B-ORG\nrejects O\n")], context: other)
        #expect(moved.labels.isEmpty)
        #expect(moved.firstSkip.hasPrefix("x.conll, line 1"))
        let bad = try Reading(format, [file("x.conll", "EU B-ORG\nx Q-ORG\nlonely\n\ny B\n")])
        #expect(bad.labels.count == 1)
        #expect(
            Set(bad.skips.map(\.place)) == [
                "x.conll, line 2", "x.conll, line 3", "x.conll, line 5",
            ])
    }

    @Test("spaCy spans, relations, classes, doccano's lists and training pairs")
    func spaCy() throws {
        let lines = """
            {"text":"💩 ab cd","spans":[{"start":2,"end":4,"label":"A","id":7},{"start":5,"end":7,"label":"B","id":8}],"relations":[{"head_span":{"start":2,"end":4},"child_span":{"start":5,"end":7},"label":"next"},{"from_id":7,"to_id":8,"type":"near"}],"cats":{"x":1,"y":0,"z":0.25},"meta":{"item":"k"}}
            ["ab cd", {"entities": [[0, 2, "A"]]}]
            {"id": 5, "text": "ab cd", "label": [[3, 5, "B"], [3, 9, "B"], [4, 3, "B"]]}
            {"text": "ab", "label": ["pos", "neg"]}
            {"text": "ab", "answer": "reject", "spans": []}
            {"text": "ab", "spans": []}
            {"spans": []}
            {"text": "ab", "spans": [{"start": 0, "end": 1.5, "label": "A"}, {"start": 0, "end": 1, "label": "A", "text": "b"}]}
            """
        let reading = try Reading("spacy", [file("s.jsonl", lines)])
        #expect(
            reading.labels.compactMap(\.externalID) == [
                "k#id/7", "k#id/8", "k#c1", "k#c2", "k#r1", "k#r2", "s/2#s1", "5#s1", "s/4#c1",
                "s/4#c2",
            ])
        #expect(reading.labels[0].selector == Self.span(2, 4, "ab"))
        #expect(reading.labels[3].confidence == 0.25)
        #expect(
            reading.skips.map(\.place) == [
                "s.jsonl, line 3, label[1]", "s.jsonl, line 3, label[2]", "s.jsonl, line 5",
                "s.jsonl, line 7, text", "s.jsonl, line 8, spans[0]", "s.jsonl, line 8, spans[1]",
            ])
        #expect(reading.items.filter { $0.fields["examined"] == .bool(true) }.map(\.key) == ["s/6"])
        let changed = ReadContext(items: [ItemRecord(key: "k", fields: ["text": .text("ab cd")])])
        let moved = try Reading("spacy", [file("s.jsonl", lines)], context: changed)
        #expect(!moved.labels.contains { $0.item == "k" })
    }

    @Test("spans, relations and classes of a text survive spaCy")
    func spaCyRoundTrip() throws {
        let labels = [
            LabelRecord(
                item: Self.item.key, className: "Thing", selector: Self.thing,
                attributes: ["n": .integer(1)], confidence: 0.5, externalID: "docs/a.txt#s1"),
            LabelRecord(
                item: Self.item.key, className: "Name", selector: Self.name,
                externalID: "docs/a.txt#s2"),
            LabelRecord(
                item: Self.item.key, className: "good \"", selector: .wholeItem, confidence: 0.5,
                externalID: "docs/a.txt#c1"),
            LabelRecord(
                item: Self.item.key, className: "poor", selector: .wholeItem,
                externalID: "docs/a.txt#c2"),
            LabelRecord(
                item: Self.item.key, className: "owns",
                selector: .relation(
                    kind: "owns", from: [.init(.item(Self.item.key), selector: Self.name)],
                    to: [.init(.item(Self.item.key), selector: Self.thing)]),
                externalID: "docs/a.txt#r1"),
        ]
        let (reading, report) = try Self.roundTrip("spacy", labels)
        #expect(report.losses.isEmpty, "\(report.losses)")
        #expect(reading.labels == labels)
        #expect(reading.items == [Self.item])
    }

    @Test(
        "real utterances keep every slot's quoted text in all text formats",
        .enabled(if: SharedFiles.exists(SharedFiles.root + "/data/text-customer-service")))
    func real() throws {
        let folder = SharedFiles.root + "/data/text-customer-service/nlupp/"
        var (items, labels): ([ItemRecord], [LabelRecord]) = ([], [])
        for fold in 0..<3 {
            let bytes = InputFile(path: folder + "banking_fold\(fold).json").bytes
            for (index, json) in (try JSONValue(parsing: bytes).array ?? []).enumerated() {
                let key = "nlupp/\(fold)/\(index)"
                let text = try #require(json["text"]?.string)
                items.append(ItemRecord(key: key, fields: ["text": .text(text)]))
                guard case .object(let slots)? = json["slots"] else { continue }
                for (name, slot) in slots.sorted(by: { $0.key < $1.key }) {
                    let ends = (slot["span"]?.array ?? []).compactMap(\.integer)
                    try #require(ends.count == 2)
                    labels.append(
                        LabelRecord(
                            item: key, className: name,
                            selector: .textSpan(
                                start: ends[0], end: ends[1], quote: slot["text"]?.string)))
                }
            }
        }
        #expect(items.count == 311)
        #expect(labels.count == 130)
        for format in ["brat", "spacy", "conll"] {
            let (files, report) = try written(format, items: items, labels: labels)
            let reading = try Reading(
                format, files.map { InputFile(name: $0.key, bytes: $0.value) },
                context: ReadContext(items: items))
            #expect(reading.skips.isEmpty, "\(reading.firstSkip)")
            #expect(reading.labels.count == report.annotations)
            #expect(report.annotations + report.skipped == labels.count)
            let known = Set(
                labels.map { "\($0.item)|\($0.className)|\(SelectorJSON.text($0.selector))" })
            for label in reading.labels {
                let text = "\(label.item)|\(label.className)|\(SelectorJSON.text(label.selector))"
                #expect(known.contains(text), "\(format): \(text)")
            }
        }
    }
}
