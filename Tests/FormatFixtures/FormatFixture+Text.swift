import AnnotationFormats
import AnnotationModel

extension FormatFixture {
    /// Stretches of speech and one label of the whole recording.
    static var speech: FormatFixture {
        let interval = { (start: Double, end: Double) -> Selector in
            .interval(start: start, end: end, channels: [])
        }
        var fixture = FormatFixture(
            [
                ItemRecord(key: "talk.wav", fields: ["duration": .float(12.5)]),
                ItemRecord(key: "call ü.wav", fields: ["duration": .float(8)]),
                examined("silence.wav", ["duration": .float(3)]),
            ], classes: ["speech", "music"],
            [
                ("talk.wav", interval(0.5, 2.25)), ("talk.wav", interval(3, 4)),
                ("call ü.wav", interval(1, 2.5)), ("talk.wav", .wholeItem),
                ("talk.wav", interval(6, 7)),
            ])
        fixture.labels[0].attributes["transcript"] = .text("Größe 😀 ok")
        fixture.labels[0].attributes["speaker"] = .text("ann")
        return fixture
    }

    /// Spans of texts, with characters of two UTF-16 units before them.
    static var text: FormatFixture {
        let item = { (key: String, text: String) in
            ItemRecord(key: key, fields: ["mediaType": .text("text/plain"), "text": .text(text)])
        }
        var fixture = FormatFixture(
            [
                item("task/1", "💩This is an annotation."), item("task/2", "Größe 7 passt nicht."),
                item("task/3", "Nothing here."),
            ], classes: ["NOUN", "Maß"],
            [
                ("task/1", .textSpan(start: 12, end: 22, quote: "annotation")),
                ("task/2", .textSpan(start: 0, end: 7, quote: "Größe 7")),
                ("task/2", .textSpan(start: 14, end: 19, quote: "nicht")),
                ("task/1", .textSpan(start: 1, end: 5, quote: "This")),
            ])
        fixture.items[2].fields["examined"] = .bool(true)
        return fixture
    }

    /// Anomaly windows of two annotators.
    static var anomalies: FormatFixture {
        let window = { (start: Double) -> Selector in
            .interval(start: start, end: start + 600, channels: [])
        }
        return FormatFixture(
            [
                ItemRecord(key: "press/series.csv"), ItemRecord(key: "press/ü.csv"),
                examined("press/quiet.csv"),
            ], classes: ["anomaly"],
            [
                ("press/series.csv", window(1_396_332_000)),
                ("press/series.csv", window(1_396_352_000)), ("press/ü.csv", window(1_396_332_060)),
                ("press/series.csv", window(1_396_392_000)),
            ])
    }

    /// Change points of two annotators, and a series on which one of them saw none.
    static var changePoints: FormatFixture {
        let row = { (row: Int64) -> Selector in
            .cells(rowStart: row, rowEnd: row + 1, columns: [])
        }
        var fixture = FormatFixture(
            [ItemRecord(key: "series.csv"), ItemRecord(key: "ü.csv")], classes: ["change point"],
            [
                ("series.csv", row(4)), ("series.csv", row(4)), ("series.csv", row(19)),
                ("ü.csv", .wholeItem), ("ü.csv", row(7)),
            ])
        fixture.labels[3].className = "no change point"
        return fixture
    }

    private static let prompts = [
        ItemRecord(key: "prompt/1", fields: ["prompt": .text("Say 💩 \"well\"\nplease")]),
        ItemRecord(key: "prompt/2", fields: ["prompt": .text("Größe?")]),
    ]

    /// Pairs of responses.
    static var preferences: FormatFixture {
        FormatFixture(
            prompts, classes: ["preference"],
            [
                ("prompt/1", .preference([["good 😀"], ["bad"]])),
                ("prompt/1", .preference([["good"], ["so so"]])),
                ("prompt/2", .preference([["7"], ["seven"]])),
                ("prompt/2", .preference([["8"], ["7"]])),
            ])
    }

    /// Responses that somebody found good or not.
    static var judgements: FormatFixture {
        FormatFixture(
            prompts, classes: ["desirable", "undesirable"],
            [
                ("prompt/1", .preference([["good 😀"]])), ("prompt/1", .preference([["bad"]])),
                ("prompt/2", .preference([["7"]])), ("prompt/2", .preference([["8"]])),
            ])
    }

    /// Answers as they should be.
    static var answers: FormatFixture {
        FormatFixture(
            prompts, classes: ["answer"],
            [
                ("prompt/1", .preference([["good 😀"]])), ("prompt/1", .preference([["fine"]])),
                ("prompt/2", .preference([["7"]])), ("prompt/2", .preference([["8"]])),
            ])
    }
}
