import AnnotationFormats
import AnnotationModel
import Foundation
import LabelText
import Testing

private func file(_ name: String, _ text: String) -> InputFile {
    InputFile(name: name, bytes: Array(text.utf8))
}

@Suite("Formats of speech and sound")
struct SpeechFormatTests {
    static let talk = ItemRecord(key: "talks/talk.flac", fields: ["duration": .float(20)])
    static let labels = [
        LabelRecord(
            item: talk.key, className: "speech",
            selector: .interval(start: 0.5, end: 2.25, channels: []),
            attributes: ["transcript": .text("a <b> & 💩"), "speaker": .text("Ann B.")]),
        LabelRecord(
            item: talk.key, className: "speech",
            selector: .interval(start: 1, end: 3, channels: []),
            attributes: ["transcript": .text("over\"lap"), "speaker": .text("Bob")]),
        LabelRecord(
            item: talk.key, className: "machine noise",
            selector: .interval(start: 0.1, end: 0.3, channels: [])),
    ]

    static func roundTrip(_ format: String) throws -> (Reading, ConversionReport) {
        let (files, report) = try written(format, items: [talk], labels: labels)
        let inputs = files.map { InputFile(name: $0.key, bytes: $0.value) }
        return (
            try Reading(format, inputs, context: ReadContext(items: [talk])), report
        )
    }

    @Test(
        "speakers, transcripts and overlap survive WebVTT and RTTM", arguments: ["webvtt", "rttm"])
    func speakers(_ format: String) throws {
        let (reading, report) = try Self.roundTrip(format)
        #expect(report.losses.isEmpty, "\(report.losses)")
        #expect(reading.items.map(\.key) == [Self.talk.key])
        #expect(reading.labels.map(\.className) == Self.labels.map(\.className))
        #expect(reading.labels.map(\.selector) == Self.labels.map(\.selector))
        #expect(reading.labels.map(\.attributes) == Self.labels.map(\.attributes))
        #expect(Set(reading.labels.compactMap(\.externalID)).count == 3)
    }

    @Test("overlapping labels go to two tiers of one name, and gaps are filled and dropped again")
    func tiers() throws {
        let (reading, report) = try Self.roundTrip("textgrid")
        #expect(report.losses.map(\.why) == ["attributes have no place in TextGrid"])
        #expect(Set(reading.labels.map(\.selector)) == Set(Self.labels.map(\.selector)))
        #expect(
            reading.labels.map { $0.attributes["transcript"]?.textValue } == [
                "a <b> & 💩", "over\"lap", nil,
            ])
        #expect(
            reading.labels.compactMap(\.externalID) == [
                "talks/talk#1@0.5", "talks/talk#2@1", "talks/talk#3@0.1",
            ])
    }

    @Test("WebVTT's voices, settings, identifiers, escapes and notes")
    func webVTT() throws {
        let text = """
            \u{feff}WEBVTT - title
            Kind: captions

            NOTE a
            remark

            STYLE
            ::cue { color: red }

            intro
            01:00:01.500 --> 01:00:02.750 align:start line:0
            <v.loud Mary Ann>Hi &lt;there&gt; <i>you</i></v> <v Bob>No

            00:05.000 --> 00:04.000
            backwards

            0:05,0 --> 00:06.000
            comma

            00:06.000 --> 00:07.000
            {"class": "hum", "attributes": {"hz": 50}, "confidence": 0.5, "channels": ["L"]}

            00:08.000 --> 00:09.000
            {not JSON}

            stray
            """
        let reading = try Reading("webvtt", [file("x/t.vtt", text)])
        #expect(reading.items.map(\.key) == ["x/t.wav"])
        try #require(reading.labels.count == 4)
        #expect(reading.labels[0].selector == .interval(start: 3601.5, end: 3602.75, channels: []))
        #expect(reading.labels[0].externalID == "x/t#1.1")
        #expect(reading.labels[0].attributes["transcript"] == .text("Hi <there> you"))
        #expect(reading.labels[0].attributes["speaker"] == .text("Mary Ann"))
        #expect(reading.labels[0].attributes["vtt.settings"] == .text("align:start line:0"))
        #expect(reading.labels[0].attributes["vtt.id"] == .text("intro"))
        #expect(reading.labels[1].attributes["speaker"] == .text("Bob"))
        #expect(reading.labels[2].className == "hum")
        #expect(reading.labels[2].confidence == 0.5)
        #expect(reading.labels[2].selector == .interval(start: 6, end: 7, channels: ["L"]))
        #expect(reading.labels[3].attributes["transcript"] == .text("{not JSON}"))
        #expect(
            reading.skips.map(\.place) == [
                "x/t.vtt, line 14", "x/t.vtt, line 17", "x/t.vtt, line 26",
            ])
        #expect(formatError("webvtt", "1\n00:01.000 --> 00:02.000\nx", name: "a.vtt") != nil)
    }

    @Test("a payload that would end or change its cue travels as JSON")
    func payloads() throws {
        for text in ["a --> b", "a\n\nb", "{x}", " a", "", "a\r\nb", "NOTE x", "</v> <c>"] {
            let label = LabelRecord(
                item: "t.wav", className: "speech",
                selector: .interval(start: 0, end: 1, channels: []),
                attributes: ["transcript": .text(text)], externalID: "t#1")
            let (files, _) = try written(
                "webvtt", items: [ItemRecord(key: "t.wav")], labels: [label])
            let back = try Reading(
                "webvtt", files.map { InputFile(name: $0.key, bytes: $0.value) })
            #expect(back.labels == [label], "\(text.debugDescription)")
        }
    }

    @Test("RTTM lines that are wrong are skipped where they stand")
    func rttm() throws {
        let text = """
            ;; comment
            SPKR-INFO t 1 <NA> <NA> <NA> unknown Ann <NA>
            SPEAKER t 1 1.5 2 <NA> <NA> Ann%20B <NA> <NA>
            SPEAKER t 1 -1 2 <NA> <NA> Ann <NA> <NA>
            SPEAKER t 1 nan 2 <NA> <NA> Ann <NA> <NA>
            SPEAKER ../t 1 1 2 <NA> <NA> Ann <NA> <NA>
            LEXEME t 1 1.5 0.25 hello lex Ann 0.5 <NA>
            SPEAKER t 1
            """
        let reading = try Reading(
            "rttm", [file("a.rttm", text), file("a.uem", "t 1 0 10\nu 1 0 5\nbad\n")])
        #expect(reading.labels.map(\.className) == ["speech", "lexeme"])
        #expect(reading.labels.map(\.externalID) == ["t#2", "t#5"])
        #expect(reading.labels.first?.attributes["speaker"] == .text("Ann B"))
        #expect(reading.labels.last?.confidence == 0.5)
        #expect(reading.labels.last?.attributes["transcript"] == .text("hello"))
        #expect(
            reading.skips.map(\.place) == ["a.uem, line 3"]
                + [2, 4, 5, 6, 8].map { "a.rttm, line \($0)" })
        #expect(reading.items.map(\.key) == ["t.wav", "u.wav"])
        #expect(reading.items.allSatisfy { $0.fields["examined"] == .bool(true) })
    }

    @Test("a folder of RTTM may hold the recordings, and names those beside the file first")
    func folder() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let day = folder.appending(path: "day")
        try FileManager.default.createDirectory(at: day, withIntermediateDirectories: true)
        try Data("SPEAKER t 1 0 1 <NA> <NA> ann <NA> <NA>\n".utf8).write(
            to: day.appending(path: "t.rttm"))
        try Data([0xff, 0xfe, 0x00]).write(to: day.appending(path: "t.wav"))
        for (known, item) in [(["day/t.wav", "t.wav"], "day/t.wav"), (["t.wav"], "t.wav")] {
            let context = ReadContext { known.contains($0) ? [:] : nil }
            let reading = try Reading("rttm", [InputFile(path: folder.path)], context: context)
            #expect(reading.labels.map(\.item) == [item])
            #expect(reading.skips.isEmpty)
        }
    }

    @Test("TextGrid in UTF-16 and in the short layout, with points and doubled quotes")
    func textGrid() throws {
        let text =
            "File type = \"ooTextFile\"\r\n\"TextGrid\"\r\n0\r\n10 <exists> 2\r\n"
            + "\"IntervalTier\" \"w\" 0 10 2\r\n0 1 \"\"\r\n1 10 \"say \"\"é💩\"\"\"\r\n"
            + "\"TextTier\" \"p\" 0 10 1 2.5 \"x\" ! done\r\n"
        for bigEndian in [false, true] {
            let bytes = ([0xfeff] + text.utf16).flatMap { unit -> [UInt8] in
                let pair = [UInt8(unit & 0xff), UInt8(unit >> 8)]
                return bigEndian ? pair.reversed() : pair
            }
            let reading = try Reading("textgrid", [InputFile(name: "t.TextGrid", bytes: bytes)])
            #expect(
                reading.labels.map(\.selector) == [
                    .interval(start: 1, end: 10, channels: []),
                    .interval(start: 2.5, end: 2.5, channels: []),
                ])
            #expect(reading.labels.first?.attributes["transcript"] == .text("say \"é💩\""))
        }
        for (bad, line) in [
            (text.prefix(40) + "", 5), ("\"ooTextFile\"\n\"Pitch\"", 2),
            ("\"ooTextFile\"\"", 1),
            ("\"ooTextFile\"\n\"TextGrid\" 0 1 <exists> 1 \"IntervalTier\" \"a\" 0 1 99999999", 2),
            ("\"ooTextFile\"\n\"TextGrid\" 0 1 <exists> 1e99", 2),
        ] {
            guard case .text(_, let at, _)? = formatError("textgrid", bad, name: "t.TextGrid")
            else {
                Issue.record("\(bad.debugDescription) was taken")
                continue
            }
            #expect(at <= line)
        }
    }

    @Test("Audacity's points, frequencies and decimal commas")
    func audacity() throws {
        let text =
            "0,5\t1.25\tclick | a\tb\n\\\t100.5\t2000\n3\t3\t\n2\t1\tx\n\\\t1\t2\nabc\n\\\t1\n"
        let reading = try Reading("audacity", [file("t.txt", text)])
        #expect(reading.labels.map(\.className) == ["click", "speech"])
        #expect(reading.labels.first?.attributes["transcript"] == .text("a\tb"))
        #expect(reading.labels.first?.attributes["highHz"] == .float(2000))
        #expect(reading.labels.map(\.externalID) == ["t#1", "t#2"])
        #expect(reading.skips.map(\.place) == [4, 5, 6, 7].map { "t.txt, line \($0)" })
    }

    @Test(
        "real speaker turns and tiers come in completely, and go out and in again",
        .enabled(if: SharedFiles.exists(SharedFiles.root + "/data/audio")))
    func real() throws {
        let folder = SharedFiles.root + "/data/audio"
        let turns = try Reading(
            "rttm",
            ["dev00.rttm", "trn01.rttm", "dev00.uem", "trn01.uem"].map {
                InputFile(path: folder + "/ami/" + $0)
            })
        #expect(turns.labels.count == 15)
        #expect(turns.skips.isEmpty)
        #expect(Set(turns.labels.compactMap { $0.attributes["speaker"]?.textValue }).count == 6)
        #expect(turns.items.map(\.key) == ["dev00.wav", "trn01.wav"])
        let tiers = try Reading("textgrid", [InputFile(path: folder + "/praat")])
        #expect(Set(tiers.labels.map(\.className)).isSuperset(of: ["phone", "word"]))
        #expect(tiers.labels.contains { $0.attributes["transcript"] == .text("ə") })
        #expect(tiers.skips.isEmpty, "\(tiers.firstSkip)")
        for (format, reading) in [("rttm", turns), ("textgrid", tiers)] {
            let (files, report) = try written(format, items: reading.items, labels: reading.labels)
            #expect(report.annotations == reading.labels.count)
            let again = try Reading(
                format, files.map { InputFile(name: $0.key, bytes: $0.value) },
                context: ReadContext(items: reading.items))
            #expect(Set(again.labels.map(\.selector)) == Set(reading.labels.map(\.selector)))
            #expect(again.labels.count == reading.labels.count)
        }
    }
}
