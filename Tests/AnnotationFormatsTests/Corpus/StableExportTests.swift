import AnnotationFormats
import AnnotationModel
import Testing

/// Formats whose places in a file are given back as external ids.
@Suite("Own exports read back")
struct StableExportTests {
    static let formats = [
        "webvtt", "rttm", "textgrid", "audacity", "brat", "conll", "conll-iobes", "spacy", "nab",
        "tcpd",
    ]

    @Test(
        "an export that was read is written and read again without any change", arguments: formats)
    func stable(_ format: String) throws {
        let first = try #require(try readCorpus(format, try FormatCorpus.files(format)))
        #expect(!first.labels.isEmpty)
        let items = FormatCorpus.items.filter { item in
            first.items.contains { $0.key == item.key }
        }
        #expect(items.count == first.items.count, "an item came back under another key")
        let (files, report) = try written(format, items: items, labels: first.labels)
        #expect(report.annotations == first.labels.count)
        let second = try #require(
            try readCorpus(
                format,
                files.sorted { $0.key < $1.key }.map { InputFile(name: $0.key, bytes: $0.value) }))
        #expect(second.labels == first.labels)
        #expect(second.skips.isEmpty, "\(second.firstSkip)")
    }
}
