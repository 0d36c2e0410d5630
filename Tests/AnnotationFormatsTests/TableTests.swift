import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

@Suite("CSV and JSON Lines")
struct TableTests {
    static func records() -> (classes: [ClassRecord], items: [ItemRecord], labels: [LabelRecord]) {
        var generator = SeededGenerator(seed: 8)
        let items = (0..<50).map { number in
            ItemRecord(key: "boards/é \(number),\".png", fields: RandomSelectors.fields(&generator))
        }
        let labels = (0..<2_000).map { number in
            var label = LabelRecord(
                item: items[number % 50].key, className: number % 7 == 0 ? "" : "c\(number % 7)",
                selector: RandomSelectors.selector(&generator),
                attributes: RandomSelectors.fields(&generator))
            if number % 2 == 0 { label.confidence = Double.random(in: 0...1, using: &generator) }
            if number % 3 == 0 {
                label.author = number % 9 == 0 ? "" : RandomSelectors.text(&generator)
            }
            if number % 4 == 0 { label.source = "model:net@2" }
            if number % 5 == 0 { label.externalID = "\(number)" }
            label.isRetracted = number % 11 == 0
            if number % 6 == 0 {
                label.provenance = .init(
                    id: "oem.example:\(number).1", org: "oem.example", isContested: number % 12 == 0
                )
            }
            return label
        }
        let classes = [
            ClassRecord(name: "c1", parent: "p", keypoints: ["a", "b"], skeleton: [[1, 2]]),
            ClassRecord(name: "c2"),
        ]
        return (classes, items, labels)
    }

    @Test(
        "reading what was written gives equal records of every kind", arguments: ["csv", "jsonl"])
    func roundTrip(format: String) throws {
        let (classes, items, labels) = Self.records()
        #expect(Set(labels.map(\.selector.kind)) == Set(Selector.Kind.allCases))
        let (files, report) = try written(format, classes: classes, items: items, labels: labels)
        #expect(report.losses.isEmpty)
        #expect(report.annotations == labels.count)
        let bytes = try #require(files["labels.\(format)"])
        let reading = try Reading(format, [InputFile(name: "x", bytes: bytes)])
        #expect(reading.skips.isEmpty, "\(reading.firstSkip)")
        #expect(reading.classes == classes)
        #expect(reading.items == items)
        #expect(reading.labels == labels)
        let second = try written(
            format, classes: reading.classes, items: reading.items, labels: reading.labels)
        #expect(second.files == files)
    }

    @Test("CRLF, blank lines, a byte order mark and another order of columns are read")
    func tolerated() throws {
        let text =
            "\u{FEFF}selector,class,item\r\n\r\n\"{\"\"kind\"\":\"\"box\"\",\"\"x\"\":1,\"\"y\"\":2,"
            + "\"\"width\"\":3,\"\"height\"\":4}\",open,a.png\r\n"
        let reading = try Reading("csv", text: text)
        #expect(
            reading.labels == [
                LabelRecord(
                    item: "a.png", className: "open",
                    selector: .box(.init(x: 1, y: 2, width: 3, height: 4)))
            ])
        #expect(reading.notes.count == 1)
    }

    @Test("an empty cell is no value and a pair of quotes is an empty text")
    func emptyCells() throws {
        let reading = try Reading(
            "csv",
            text: "item,selector,author,source\na,\"{\"\"kind\"\":\"\"wholeItem\"\"}\",\"\",\n")
        #expect(reading.labels.first?.author == "")
        #expect(reading.labels.first?.source == nil)
    }

    @Test(
        "a wrong row is skipped with its line and column",
        arguments: [
            ("annotation,a.png,open,{}", "line 2", "\"kind\" is missing"),
            ("annotation,a.png", "line 2", "2 cells"),
            ("annotation,../a,open,", "column item", "'..'"),
            ("annotation,a,open,", "column selector", "missing"),
            ("annotation,a,open,{", "column selector", "no JSON"),
            ("thing,a,open,{}", "column kind", "must be"),
            ("class,,,", "column class", "needs a name"),
            ("item,,,", "column item", "empty"),
        ])
    func rows(row: String, place: String, why: String) throws {
        let reading = try Reading("csv", text: "kind,item,class,selector\n\(row)\nitem,ok,,\n")
        #expect(reading.skips.count == 1)
        #expect(reading.skips.first?.place.contains(place) == true, "\(reading.firstSkip)")
        #expect(reading.skips.first?.why.contains(why) == true, "\(reading.firstSkip)")
        #expect(reading.items.map(\.key) == ["ok"])
    }

    @Test(
        "a malformed table is refused with its line",
        arguments: [
            ("", 1), ("item,foo\n", 1), ("item,item\n", 1), ("class\n", 1), ("item\na\"b\n", 2),
            ("item\n\"a\n", 2), ("item\n\"a\"b\n", 2), ("item\na\rb\n", 2),
        ])
    func tables(text: String, line: Int) {
        guard case .text(_, let found, _)? = formatError("csv", text) else {
            Issue.record("accepted \(text)")
            return
        }
        #expect(found == line)
    }

    @Test("text that is not UTF-8 is refused")
    func encoding() {
        #expect(throws: FormatError.self) {
            _ = try Reading(
                "csv", [InputFile(name: "x", bytes: Array("item\n".utf8) + [0xe9, 0x0a])])
        }
    }

    @Test(
        "a wrong line is skipped with its number and member",
        arguments: [
            (#"{"item":"a"}"#, "selector", "missing"),
            (#"{"selector":{"kind":"wholeItem"}}"#, "item", "missing"),
            (#"{"item":"/a","selector":{"kind":"wholeItem"}}"#, "item", "absolute"),
            (#"{"item":"a","selector":{"kind":"blob"}}"#, "selector", "sha256"),
            (#"{"item":"a","selector":{"kind":"cube"}}"#, "selector", "no kind"),
            (#"{"item":"a","selector":{"kind":"wholeItem","x":1}}"#, "selector", "no member"),
            (
                #"{"item":"a","selector":{"kind":"box","x":1,"y":1,"width":-1,"height":1}}"#,
                "selector",
                "negative"
            ),
            (
                #"{"item":"a","selector":{"kind":"mask","width":2,"height":2,"counts":[3]}}"#,
                "selector", "3 pixels"
            ),
            (
                #"{"item":"a","selector":{"kind":"pointSet","indices":[3,3]}}"#, "selector",
                "ascending"
            ),
            (
                #"{"item":"a","selector":{"kind":"interval","start":2,"end":1,"channels":[]}}"#,
                "selector", "ends"
            ),
            (
                #"{"item":"a","selector":{"kind":"wholeItem"},"confidence":[[[[[[1]]]]]]}"#,
                "confidence", "nested"
            ),
            (#"{"item":"a","selector":{"kind":"wholeItem"},"status":"gone"}"#, "status", "active"),
            (#"{"item":"a","selector":{"kind":"wholeItem"},"colour":1}"#, "colour", "attributes"),
            (
                #"{"item":"a","selector":{"kind":"wholeItem"},"attributes":[]}"#, "attributes",
                "object"
            ),
            (#"{"kind":"item","item":"a","fields":{"a":[[[[[1]]]]]}}"#, "fields", "nested"),
            (#"{"kind":"item","item":"a","fields":{"a":{"$bytes":"0g"}}}"#, "fields", "nested"),
            (#"{"kind":"other"}"#, "kind", "a class, an item or an annotation"),
            ("[]", "line 1", "one JSON object"),
        ])
    func lines(line: String, place: String, why: String) throws {
        let reading = try Reading(
            "jsonl", text: line + "\n" + #"{"kind":"item","item":"ok"}"# + "\n")
        #expect(reading.skips.count == 1)
        #expect(reading.skips.first?.place.contains(place) == true, "\(reading.firstSkip)")
        #expect(reading.skips.first?.why.contains(why) == true, "\(reading.firstSkip)")
        #expect(reading.items.map(\.key) == ["ok"])
    }

    @Test("a malformed line ends the reading with line, column and byte")
    func malformedLine() {
        let first = #"{"kind":"item","item":"a"}"# + "\n"
        let error = formatError("jsonl", first + "\n{\"kind\":1e999}")
        #expect(
            error
                == .json(
                    file: "in",
                    position: TextPosition(line: 3, column: 9, offset: first.utf8.count + 9),
                    path: "", reason: .numberOverflow))
        guard case .json(_, _, _, .duplicateKey("a"))? = formatError("jsonl", #"{"a":1,"a":1}"#)
        else {
            Issue.record("a duplicate key was accepted")
            return
        }
    }

    @Test("selectors nested deeper than the model allows are refused")
    func deepSelectors() throws {
        var text = #"{"kind":"wholeItem"}"#
        for _ in 0..<5 { text = #"{"kind":"all","selectors":[\#(text),\#(text)]}"# }
        let reading = try Reading("jsonl", text: #"{"item":"a","selector":\#(text)}"#)
        #expect(reading.labels.isEmpty)
        #expect(reading.skips.count == 1)
    }

    @Test("mutated tables never crash", arguments: ["csv", "jsonl"])
    func mutations(format: String) throws {
        let (classes, items, labels) = Self.records()
        let few = try written(
            format, classes: classes, items: Array(items.prefix(2)),
            labels: Array(labels.prefix(30)))
        readMutations(
            format: format, seed: try #require(few.files["labels.\(format)"]), rounds: 1_500)
    }
}
