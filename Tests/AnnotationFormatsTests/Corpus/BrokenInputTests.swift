import AnnotationModel
import LabelText
import Testing

@testable import AnnotationFormats

@Suite("Broken files of every format")
struct BrokenInputTests {
    static let formats = FormatRegistry.all.map(\.name)

    @Test("every format writes something of the corpus, and reads it back", arguments: formats)
    func seeds(_ format: String) throws {
        let output = MemoryOutput()
        let write = {
            try FormatRegistry.format(named: format).write(
                LabelSource(items: FormatCorpus.items, annotations: FormatCorpus.labels),
                to: output, options: WriteOptions())
        }
        if FormatCorpus.readOnly.contains(format) {
            #expect(throws: FormatRegistry.readOnly(format), performing: write)
            #expect(throws: FormatRegistry.readOnly(format)) {
                try FormatRegistry.writtenFormat(named: format)
            }
            #expect(output.files.isEmpty)
            return
        }
        let report = try write()
        if FormatCorpus.needsOwnClasses.contains(format) { return }
        #expect(report.annotations > 0)
        #expect(report.annotations + report.skipped >= FormatCorpus.labels.count)
        let reading = try #require(try readCorpus(format, FormatCorpus.files(format)))
        #expect(reading.skips.isEmpty, "\(reading.firstSkip)")
        #expect(reading.labels.count >= report.annotations)
    }

    /// Labels by what they say, for comparison.
    private func known(_ reading: Reading) -> Set<String> {
        Set(reading.labels.map { "\($0.className)|\(SelectorJSON.text($0.selector))" })
    }

    @Test("a file that is cut anywhere gives an error, a skip, or fewer labels", arguments: formats)
    func truncated(_ format: String) throws {
        let files = try FormatCorpus.files(format)
        guard !files.isEmpty, let whole = try readCorpus(format, files) else { return }
        for index in files.indices {
            let bytes = files[index].bytes
            for end in stride(from: 0, to: bytes.count, by: 7) {
                var cut = files
                cut[index] = InputFile(name: files[index].name, bytes: Array(bytes[..<end]))
                guard let reading = try readCorpus(format, cut) else { continue }
                #expect(reading.labels.count <= whole.labels.count)
            }
        }
    }

    @Test("mutated files never crash", arguments: formats)
    func mutated(_ format: String) throws {
        let files = try FormatCorpus.files(format)
        var generator = SeededGenerator(seed: 5)
        let marks = Array("{}[]<>\"/\\,:;&#|0123456789-+.eE\t\n\r ".utf8) + [0, 0xff, 0xc3, 0xe2]
        for _ in 0..<400 where !files.isEmpty {
            var changed = files
            let index = Int.random(in: 0..<files.count, using: &generator)
            var bytes = files[index].bytes
            for _ in 0..<Int.random(in: 1...5, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0...2, using: &generator) {
                case 0: bytes[place] = marks[Int.random(in: 0..<marks.count, using: &generator)]
                case 1: bytes.remove(at: place)
                default:
                    bytes.insert(
                        marks[Int.random(in: 0..<marks.count, using: &generator)], at: place)
                }
            }
            changed[index] = InputFile(name: files[index].name, bytes: bytes)
            if let reading = try readCorpus(format, changed) {
                for label in reading.labels { try label.selector.validate() }
            }
        }
    }

    @Test("numbers that are wrong or huge are refused or kept as they stand", arguments: formats)
    func numbers(_ format: String) throws {
        let files = try FormatCorpus.files(format)
        let bad = [
            "nan", "NaN", "inf", "-Infinity", "1e999", "-1e999", "10737418240", "-5", "1e308",
            "9223372036854775808", "\"x\"", "null", "0x10", "", "2147483648",
            "99999999999999999999",
        ]
        for index in files.indices {
            let text = Array(files[index].bytes)
            let places = text.indices.filter {
                (0x30...0x39).contains(text[$0])
                    && ($0 == 0 || !(0x30...0x39).contains(text[$0 - 1]))
            }
            for place in places.prefix(120) {
                let end =
                    text[place...].firstIndex { !(0x30...0x39).contains($0) && $0 != 0x2e }
                    ?? text.count
                for value in bad {
                    var changed = files
                    changed[index] = InputFile(
                        name: files[index].name,
                        bytes: Array(text[..<place]) + Array(value.utf8) + Array(text[end...]))
                    if let reading = try readCorpus(format, changed) {
                        for label in reading.labels { try label.selector.validate() }
                    }
                }
            }
        }
    }

    @Test("UTF-16 is a clear error or a skip, and moves no label", arguments: formats)
    func wideText(_ format: String) throws {
        let files = try FormatCorpus.files(format)
        guard !files.isEmpty else { return }
        let whole = try readCorpus(format, files).map(known) ?? []
        for bigEndian in [false, true] {
            let wide = files.map { file in
                let units = [0xfeff] + String(decoding: file.bytes, as: UTF8.self).utf16
                return InputFile(
                    name: file.name,
                    bytes: units.flatMap { unit -> [UInt8] in
                        let pair = [UInt8(unit & 0xff), UInt8(unit >> 8)]
                        return bigEndian ? pair.reversed() : pair
                    })
            }
            if let reading = try readCorpus(format, wide) {
                #expect(known(reading).isSubset(of: whole))
                #expect(!reading.skips.isEmpty || FormatCorpus.readsWideText.contains(format))
            }
        }
    }

    @Test("CRLF changes nothing, or is an error", arguments: formats)
    func carriageReturns(_ format: String) throws {
        let files = try FormatCorpus.files(format)
        guard let whole = try readCorpus(format, files), !FormatCorpus.isBinary.contains(format)
        else { return }
        let changed = files.map { file in
            InputFile(
                name: file.name, bytes: file.bytes.flatMap { $0 == 0x0a ? [0x0d, 0x0a] : [$0] })
        }
        guard let reading = try readCorpus(format, changed) else { return }
        #expect(known(reading).isSubset(of: known(whole)))
        #expect(reading.labels.count + reading.skips.count >= whole.labels.count)
    }

    @Test("a byte order mark moves no label", arguments: formats)
    func byteOrderMark(_ format: String) throws {
        let files = try FormatCorpus.files(format)
        guard let whole = try readCorpus(format, files) else { return }
        let marked = files.map {
            InputFile(name: $0.name, bytes: [0xef, 0xbb, 0xbf] + $0.bytes)
        }
        guard let reading = try readCorpus(format, marked) else { return }
        #expect(known(reading).isSubset(of: known(whole)))
    }

    @Test(
        "files of JSON are read behind a byte order mark",
        arguments: ["jsonl", "coco", "datumaro", "labelme", "openlabel", "label-studio"])
    func markedJSON(_ format: String) throws {
        let files = try FormatCorpus.files(format)
        let whole = try #require(try readCorpus(format, files))
        let marked = files.map {
            InputFile(
                name: $0.name,
                bytes: ($0.name.hasSuffix("json") || $0.name.hasSuffix("jsonl")
                    ? [0xef, 0xbb, 0xbf] : []) + $0.bytes)
        }
        let reading = try #require(try readCorpus(format, marked))
        #expect(known(reading) == known(whole))
    }

    @Test("names that climb out of the dataset never become items", arguments: formats)
    func climbing(_ format: String) throws {
        let files = try FormatCorpus.files(format)
        for evil in ["../../etc/passwd", "/etc/passwd", "..\\x", "C:\\x"] {
            let changed = files.map { file in
                var text = String(decoding: file.bytes, as: UTF8.self)
                for item in FormatCorpus.items {
                    text = replacing(text, item.key, evil)
                    text = replacing(text, String(item.key.split(separator: "/").last ?? ""), evil)
                }
                return InputFile(
                    name: replacing(file.name, "a.", "../../a."), bytes: Array(text.utf8))
            }
            guard let reading = try readCorpus(format, changed) else { continue }
            for key in reading.items.map(\.key) + reading.labels.map(\.item) {
                #expect(ItemKey.problem(key) == nil, "\(format): \(key)")
            }
        }
    }

    private func replacing(_ text: String, _ word: String, _ other: String) -> String {
        guard !word.isEmpty else { return text }
        return text.split(separator: word, omittingEmptySubsequences: false).joined(
            separator: other)
    }

    @Test("entities of XML that could grow are refused before they do")
    func entityBombs() {
        let bomb = """
            <?xml version="1.0"?>
            <!DOCTYPE annotation [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
            <annotation><filename>&b;</filename></annotation>
            """
        let external = """
            <!DOCTYPE annotation SYSTEM "file:///etc/passwd"><annotation/>
            """
        let unknown = "<annotation><filename>&b;</filename></annotation>"
        for text in [bomb, external, unknown] {
            for format in ["voc", "voc-zero", "cvat"] {
                let error = formatError(format, text, name: "a.xml")
                guard case .text(_, let line, _)? = error else {
                    Issue.record("\(format) took \(text.prefix(60)): \(String(describing: error))")
                    continue
                }
                #expect(line >= 1)
            }
        }
    }

    @Test("deep nesting is refused")
    func deep() {
        let xml = String(repeating: "<a>", count: 100_000)
        #expect(formatError("voc", "<annotation>" + xml, name: "a.xml") != nil)
        let json = String(repeating: "[", count: 100_000)
        for format in ["label-studio", "labelme", "datumaro"] {
            #expect(formatError(format, json, name: "a.json") != nil)
        }
    }
}

extension FormatCorpus {
    /// Formats that are read and not written.
    static let readOnly: Set<String> = ["las", "dxf"]
    /// Formats whose classes or items are fixed, so that the corpus has nothing for them.
    static let needsOwnClasses: Set<String> = ["deeppcb", "kto", "alpaca"]
    /// Formats that may be UTF-16 by their own definition.
    static let readsWideText: Set<String> = ["textgrid"]
    /// Formats whose line ends are data.
    static let isBinary: Set<String> = ["las", "pcd"]
}
