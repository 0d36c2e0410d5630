import AnnotationFormats
import AnnotationModel
import FormatFixtures
import Glibc
import LabelText
import Testing

/// A table: each format of the registry with each breakage, so that no cell is forgotten.
@Suite("Every breakage of every format")
struct BreakageTests {
    /// Formats that may be UTF-16 by their own definition.
    private static let readsWideText: Set<String> = ["textgrid"]

    static func files(_ format: String) throws -> (files: [InputFile], items: [ItemRecord]) {
        let fixture = try #require(FormatFixture.of(format), "\(format) has no dataset")
        if !fixture.files.isEmpty { return (fixture.files, []) }
        let (files, _) = try written(format, items: fixture.items, labels: fixture.labels)
        return (
            files.sorted { $0.key < $1.key }.map { InputFile(name: $0.key, bytes: $0.value) },
            fixture.items
        )
    }

    /// Where a label stands, without the names and words around it: these may well hold a digit.
    private func geometry(_ label: LabelRecord) -> String {
        switch label.selector {
        case .textSpan(let start, let end, _): "\(start)-\(end)"
        case .preference: ""
        default: SelectorJSON.text(label.selector)
        }
    }

    @Test(
        "it is an error or a skip that says where, or moves no label",
        arguments: FormatRegistry.all.map(\.name), Breakage.allCases)
    func cell(_ format: String, _ breakage: Breakage) throws {
        let (files, items) = try Self.files(format)
        let context = ReadContext(items: items)
        let whole = try Reading(format, files, context: context)
        #expect(!whole.labels.isEmpty)
        let places = Set(whole.labels.map(geometry))
        let variants = breakage.variants(files)
        #expect(!variants.isEmpty || breakage == .pathTraversal || format == "las")
        for broken in variants {
            let reading: Reading
            do {
                reading = try Reading(format, broken, context: context)
            } catch let error as FormatError {
                #expect(broken.contains { "\(error)".contains($0.name) } || isAboutAll(error))
                continue
            }
            #expect(reading.skips.allSatisfy { !$0.place.isEmpty && !$0.why.isEmpty })
            let known = Set(reading.items.map(\.key))
            for label in reading.labels {
                try label.selector.validate()
                // Tables name the item with each label.
                #expect(known.contains(label.item) || !reading.skips.isEmpty)
                #expect(ItemKey.problem(label.item) == nil)
            }
            // A name that was changed is another item, with labels of its own.
            let old = reading.labels.filter { label in
                items.isEmpty || items.contains { $0.key == label.item }
            }
            let moved = Set(old.map(geometry)).subtracting(places)
            switch breakage {
            case .truncated, .entityBomb: #expect(reading.labels.count <= whole.labels.count)
            case .hugeSize, .pathTraversal: break
            case .outOfRange, .unknownID:
                // What a number says is what the label is then; the others stay.
                #expect(reading.labels.count <= whole.labels.count + 1)
            case .wideText:
                #expect(moved.isEmpty)
                #expect(!reading.skips.isEmpty || Self.readsWideText.contains(format))
            case .wrongType, .notFinite, .byteOrderMark, .carriageReturns:
                #expect(
                    moved.isEmpty || !reading.skips.isEmpty || !reading.notes.isEmpty,
                    "\(moved.sorted().prefix(2)) \(Self.difference(files, broken))")
            }
        }
    }

    /// The first byte that was changed, with some around it.
    private static func difference(_ files: [InputFile], _ broken: [InputFile]) -> String {
        for (file, other) in zip(files, broken) {
            let (old, new) = (file.bytes, other.bytes)
            guard let place = zip(old, new).enumerated().first(where: { $1.0 != $1.1 })?.offset
            else { continue }
            let around = new[max(0, place - 60)..<min(new.count, place + 20)]
            return "\(file.name): \(String(decoding: around, as: UTF8.self))"
        }
        return ""
    }

    /// True for what concerns no single file.
    private func isAboutAll(_ error: FormatError) -> Bool {
        if case .noInput = error { return true }
        return false
    }

    @Test(
        "characters of two UTF-16 units before a label move nothing",
        arguments: FormatRegistry.all.map(\.name))
    func astral(_ format: String) throws {
        let (files, items) = try Self.files(format)
        let fixture = try #require(FormatFixture.of(format))
        let reading = try Reading(format, files, context: ReadContext(items: items))
        let spans = { (labels: [LabelRecord]) in
            labels.filter { $0.selector.kindName == "textSpan" && !$0.isRetracted }
                .map(geometry).sorted()
        }
        let found = spans(reading.labels)
        #expect(found.isEmpty || found == spans(fixture.active))
        #expect(found.isEmpty == !Self.hasSpans.contains(format))
        // Names of items hold such characters too.
        let keys = Set(items.map(\.key))
        #expect(items.isEmpty || reading.labels.allSatisfy { keys.contains($0.item) })
    }

    @Test("fractions of a picture that is shown turned are left out, for they may count the other")
    func turned() throws {
        let items = [1, 6].map { (orientation: Int64) in
            ItemRecord(
                key: "\(orientation).jpg",
                fields: [
                    "width": .integer(40), "height": .integer(30),
                    "orientation": .integer(orientation),
                ])
        }
        let reading = try Reading(
            "yolo",
            [
                textFile("classes.txt", "spur"), textFile("1.txt", "0 0.5 0.5 0.1 0.1"),
                textFile("6.txt", "0 0.5 0.5 0.1 0.1"),
            ],
            context: ReadContext(items: items))
        #expect(reading.labels.map(\.item) == ["1.jpg"])
        #expect(reading.skips.map(\.place) == ["6.txt, line 1"])
    }

    @Test(
        "formats that hold a file as a whole refuse one that is too large before they read it",
        arguments: [
            ("openlabel", "json"), ("textgrid", "TextGrid"), ("web-annotation", "jsonld"),
        ])
    func tooLarge(_ format: String, _ ending: String) throws {
        let path = "/tmp/countermark-large-\(UInt64.random(in: 0 ... .max)).\(ending)"
        defer { unlink(path) }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        // A hole of 10 GB, which takes no space on disk.
        #expect(ftruncate(descriptor, 10_737_418_240) == 0)
        close(descriptor)
        let error = #expect(throws: FormatError.self) {
            _ = try Reading(format, [InputFile(path: path)])
        }
        guard case .structure(let file, _, let why)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(file == path)
        #expect(why.contains("10737418240 bytes, the limit"))
    }

    private static let hasSpans: Set<String> = [
        "csv", "jsonl", "brat", "conll", "conll-iobes", "spacy", "web-annotation",
    ]
}
