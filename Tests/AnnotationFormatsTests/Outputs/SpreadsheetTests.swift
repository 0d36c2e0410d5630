import AnnotationModel
import LabelText
import Testing

@testable import AnnotationFormats

@Suite("Cells that spreadsheets would run")
struct SpreadsheetTests {
    @Test(
        "a formula becomes text",
        arguments: [
            "=1+1", "+A1", "-A1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\u{ff1d}1", "-", "-5x",
        ])
    func neutral(text: String) {
        #expect(SpreadsheetText.neutral(text) == "'" + text)
        #expect(SpreadsheetText.plain("'" + text) == text)
    }

    @Test(
        "numbers and plain words stay",
        arguments: ["-5", "+5", "-5.25", "-1e-9", "a=1", "'a", "'", "", "it's", " =1", "1-2"])
    func plain(text: String) {
        #expect(SpreadsheetText.neutral(text) == text)
        #expect(SpreadsheetText.plain(text) == text)
    }

    @Test("every text comes back, whatever it begins with")
    func inverse() {
        let parts = ["'", "=", "-", "5", "\t", "@", "a", "\u{ff0b}", "\u{301}", ","]
        var texts = [""]
        for _ in 0..<4 { texts += texts.flatMap { text in parts.map { text + $0 } } }
        for text in texts {
            let cell = SpreadsheetText.neutral(text)
            let back = SpreadsheetText.plain(cell)
            if !back.hasSameBytes(as: text) { Issue.record("\(text) became \(back)") }
        }
    }

    @Test("a table is neutral by itself and reads back")
    func table() throws {
        let label = LabelRecord(
            item: "=HYPERLINK(\"http://evil.example\")", className: "@x",
            selector: .box(.init(x: -5, y: 0, width: 1, height: 1)), attributes: ["a": "=1"],
            confidence: 0.5, externalID: "-5", author: "'=me", source: "-x")
        let items = [ItemRecord(key: label.item, fields: [:])]
        let (files, _) = try written("csv", items: items, labels: [label])
        let bytes = try #require(files["labels.csv"])
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("\"'=HYPERLINK(") && text.contains(",'@x,"))
        #expect(text.contains(",''=me,") && text.contains(",-5,"))
        let reading = try Reading("csv", [InputFile(name: "x", bytes: bytes)])
        #expect(reading.labels == [label] && reading.items == items)
    }
}
