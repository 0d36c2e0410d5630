import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

@Suite("DeepPCB")
struct DeepPCBTests {
    @Test("blanks, tabs and commas separate, and empty lines count for nothing")
    func lines() throws {
        let reading = try Reading(
            "deeppcb", text: "466 441 493 470 3\r\n\n331,248,364,283,4\n1\t2 3.5 4 6",
            name: "x/0004.txt")
        #expect(reading.items == [ItemRecord(key: "x/0004_test.jpg")])
        #expect(reading.labels.map(\.className) == ["mousebite", "spur", "pin-hole"])
        #expect(reading.labels.map(\.externalID) == ["x/0004#1", "x/0004#2", "x/0004#3"])
        #expect(reading.labels[0].selector == .box(.init(x: 466, y: 441, width: 27, height: 29)))
        #expect(reading.labels[2].selector == .box(.init(x: 1, y: 2, width: 2.5, height: 2)))
    }

    @Test("an empty file says that somebody looked")
    func examined() throws {
        #expect(
            try Reading("deeppcb", text: "", name: "7.txt").items
                == [ItemRecord(key: "7_test.jpg", fields: ["examined": .bool(true)])])
    }

    @Test(
        "a wrong line is skipped with its number and keeps its place in the count",
        arguments: [
            ("1 2 3 4", "4 numbers"), ("1 2 3 4 5 6", "6 numbers"), ("1 2 3 4 0", "1...6"),
            ("1 2 3 4 7", "1...6"), ("1 2 3 4 1.5", "1...6"), ("5 2 3 4 1", "ascending"),
            ("a 2 3 4 1", "no number"), ("NaN 2 3 4 1", "no number"),
            ("1e999 2 3 4 1", "no number"),
            ("-1e308 2 1e308 4 1", "too large"),
        ])
    func skips(line: String, why: String) throws {
        let reading = try Reading("deeppcb", text: "\(line)\n1 2 3 4 1\n", name: "a.txt")
        #expect(reading.skips.map(\.place) == ["a.txt, line 1"])
        #expect(reading.skips.first?.why.contains(why) == true, "\(reading.firstSkip)")
        #expect(reading.labels.map(\.externalID) == ["a#2"])
    }

    @Test("what is no DeepPCB text at all is refused")
    func refused() {
        #expect(throws: FormatError.self) { _ = try Reading("deeppcb", []) }
        #expect(throws: FormatError.self) {
            _ = try Reading("deeppcb", text: String(repeating: "1 ", count: 2_000))
        }
        #expect(throws: FormatError.self) { _ = try Reading("deeppcb", text: "\u{FEFF}1 2 3 4 1") }
        #expect(throws: FormatError.self) {
            _ = try Reading("deeppcb", [InputFile(path: "/nonexistent/1.txt")])
        }
        #expect(throws: FormatError.self) { _ = try FormatRegistry.format(named: "no-such-format") }
    }

    // The sample lies beside the package; without it these two tests are skipped.
    @Test(
        "the public sample has its 116 defects",
        .enabled(if: SharedFiles.exists(SharedFiles.deepPCB)),
        arguments: ["", "/labels"])
    func sample(folder: String) throws {
        let reading = try Reading("deeppcb", [InputFile(path: SharedFiles.deepPCB + folder)])
        let counts = Dictionary(reading.labels.map { ($0.className, 1) }, uniquingKeysWith: +)
        #expect(
            counts == [
                "copper": 22, "mousebite": 20, "open": 16, "pin-hole": 24, "short": 14, "spur": 20,
            ])
        #expect(reading.items.count == 16)
        #expect(reading.items.first?.key == "images/00041000_test.jpg")
        #expect(reading.skips.isEmpty)
    }

    @Test(
        "the public sample comes back byte for byte",
        .enabled(if: SharedFiles.exists(SharedFiles.deepPCB)))
    func sampleRoundTrip() throws {
        let reading = try Reading("deeppcb", [InputFile(path: SharedFiles.deepPCB)])
        let (files, report) = try written("deeppcb", items: reading.items, labels: reading.labels)
        #expect(report.losses.isEmpty)
        #expect(report.annotations == 116)
        #expect(files.count == 16)
        for (name, bytes) in files {
            let original = try InputFile(path: SharedFiles.deepPCB + "/labels/" + name)
                .withBytes { Array($0).filter { $0 != 0x0d } }
            let text = String(decoding: original, as: UTF8.self)
            #expect(
                text.split(separator: "\n")
                    == String(decoding: bytes, as: UTF8.self).split(separator: "\n"))
        }
    }

    @Test("what DeepPCB cannot say is left out or rounded, and reported")
    func losses() throws {
        let box = Selector.box(.init(x: 1.4, y: 2, width: 3, height: 4))
        let items = [
            ItemRecord(key: "images/1_test.png"), ItemRecord(key: "1_test.jpg"),
            ItemRecord(key: "2.png", fields: ["examined": .bool(true)]), ItemRecord(key: "3.png"),
        ]
        let labels = [
            LabelRecord(
                item: "images/1_test.png", className: "open", selector: box, confidence: 0.5),
            LabelRecord(item: "images/1_test.png", className: "scratch", selector: box),
            LabelRecord(item: "images/1_test.png", className: "open", selector: .wholeItem),
            LabelRecord(item: "1_test.jpg", className: "open", selector: box),
            LabelRecord(
                item: "images/1_test.png", className: "open", selector: box, isRetracted: true),
        ]
        let (files, report) = try written("deeppcb", items: items, labels: labels)
        #expect(files == ["1.txt": Array("1 2 4 6 1\n".utf8), "2.txt": []])
        #expect(report.annotations == 1)
        // The first key by its bytes keeps the name; the other item and its active labels are left out.
        #expect(report.skipped == 4)
        #expect(report.losses.filter { !$0.isSkipped }.count == 1)
    }

    @Test("files appear on disk complete, below the folder that was given")
    func disk() throws {
        let folder = "/tmp/countermark-deeppcb-\(UInt64.random(in: 0 ... .max))"
        let item = ItemRecord(key: "1_test.png", fields: ["examined": .bool(true)])
        let source = LabelSource(items: [item], annotations: [])
        let output = try DiskOutput(folder: folder)
        _ = try DeepPCBFormat().write(source, to: output, options: WriteOptions())
        #expect(try FileSystem.names(in: folder) == ["1.txt"])
        let single = folder + "/labels.jsonl"
        _ = try JSONLinesFormat().write(
            source, to: DiskOutput(file: single), options: WriteOptions())
        #expect(try Reading("jsonl", [InputFile(path: single)]).items == [item])
        #expect(try FileSystem.names(in: folder) == ["1.txt", "labels.jsonl"])
        #expect(throws: FormatError.self) {
            _ = try JSONLinesFormat().write(
                source, to: DiskOutput(file: folder + "/no/such/x"), options: WriteOptions())
        }
    }

    @Test("mutated files never crash")
    func mutations() {
        readMutations(
            format: "deeppcb", seed: Array("466 441 493 470 3\n454,300,493,396,2\n".utf8),
            rounds: 5_000)
    }
}
