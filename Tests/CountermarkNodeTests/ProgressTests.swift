import AnnotationFormats
import AnnotationModel
import Foundation
import Testing

@testable import CountermarkNode
@testable import DatasetReading
@testable import LabelExchange

@Suite("How far long work is")
struct ProgressTests {
    /// A bar with a clock that stands still until it is moved.
    private final class Stage {
        var time = 100.0
        var text = ""
        private(set) var bar: ProgressBar?

        init(_ style: ProgressBar.Style) {
            bar = ProgressBar(style, now: { [unowned self] in time }) { [unowned self] in
                text += $0
            }
        }

        /// Moves the clock, and returns what is written then.
        func show(_ progress: WorkProgress, after seconds: Double) -> String {
            time += seconds
            text = ""
            bar?.show(progress)
            return text
        }

        func finish() -> String {
            text = ""
            bar?.finish()
            return text
        }
    }

    private let clear = "\r\u{1b}[K"

    @Test("a bar has a part, a rate and an end, and is drawn over itself")
    func terminal() {
        let stage = Stage(.terminal(columns: 200))
        #expect(stage.show(.init(.reading, labels: 0, fraction: 0), after: 0) == "")
        #expect(
            stage.show(.init(.reading, labels: 250_000, fraction: 0.25), after: 10)
                == clear
                + "reading  [######..................]  25 %  250000 labels  25000/s  30 s left"
        )
        #expect(stage.show(.init(.reading, labels: 250_512, fraction: 0.25), after: 0.05) == "")
        #expect(
            stage.show(.init(.reading, labels: 500_000, fraction: 0.5), after: 9.95)
                == clear
                + "reading  [############............]  50 %  500000 labels  25000/s  20 s left"
        )
        #expect(
            stage.show(.init(.reading, labels: 1_000_000, fraction: 1), after: 20)
                == clear
                + "reading  [########################]  100 %  1000000 labels  25000/s  40 s")
        #expect(
            stage.show(.init(.merging, labels: 0, fraction: 0.001), after: 0).hasSuffix(
                "1000000 labels  25000/s  40 s\n" + clear
                    + "merging  [........................]  0 %  0 labels  0/s  1 s left"))
        #expect(stage.finish().hasSuffix("\n"))
        #expect(stage.finish() == "", "the end is written once")
    }

    @Test("work that is done at once shows nothing")
    func quick() {
        let stage = Stage(.terminal(columns: 80))
        #expect(stage.show(.init(.reading, labels: 512, fraction: 0.5), after: 0.2) == "")
        #expect(stage.show(.init(.merging, labels: 900, fraction: 1), after: 0.29) == "")
        #expect(stage.finish() == "")
    }

    @Test("a narrow terminal gets no second line, and an unknown end is none")
    func narrow() {
        let stage = Stage(.terminal(columns: 20))
        _ = stage.show(.init(.reading, labels: 0), after: 0)
        #expect(
            stage.show(.init(.reading, labels: 4_096), after: 2) == clear + "reading  4096 label")
    }

    @Test("elsewhere a line comes every few seconds")
    func lines() {
        let stage = Stage(.lines)
        #expect(stage.show(.init(.reading, labels: 512, fraction: 0.01), after: 9.9) == "")
        let line = stage.show(.init(.reading, labels: 1_024, fraction: 0.02), after: 0.1)
        #expect(line.hasPrefix("reading  2 %  1024 labels  ") && line.hasSuffix(" left\n"))
        #expect(!line.contains("\u{1b}"))
        #expect(stage.show(.init(.reading, labels: 2_048, fraction: 0.04), after: 9.9) == "")
        #expect(stage.finish().hasPrefix("reading  4 %  2048 labels"))
    }

    @Test("long times are said in minutes and hours")
    func durations() {
        let stage = Stage(.terminal(columns: 200))
        _ = stage.show(.init(.reading, labels: 0), after: 0)
        let minutes = stage.show(.init(.reading, labels: 1, fraction: 0.5), after: 90)
        #expect(minutes.hasSuffix("1 min 30 s left"))
        let hours = stage.show(.init(.reading, labels: 2, fraction: 0.01), after: 90)
        #expect(hours.hasSuffix("4 h 57 min left"))
    }

    // MARK: What the bar is told

    private func boxes(_ count: Int) -> [LabelRecord] {
        (0..<count).map { number in
            LabelRecord(
                item: "images/\(number % 40).jpg", className: "scratch",
                selector: .box(.init(x: Double(number % 600), y: 1, width: 8, height: 9)),
                externalID: "\(number + 1)")
        }
    }

    @Test(
        "an import tells how much it has read, whatever the format, and how much is merged",
        arguments: [
            "csv", "jsonl", "coco", "voc", "yolo", "cvat", "mot", "label-studio",
        ])
    func importing(_ name: String) throws {
        let all = try Companies(["oem.example"])
        let node = try all.node("oem.example")
        let count = 4 * ProgressTicker.labelsPerTick
        let items = (0..<40).map { number in
            ItemRecord(
                key: name == "mot" ? "videos/\(number).mp4" : "images/\(number).jpg",
                fields: [
                    "width": .integer(640), "height": .integer(480), "examined": .bool(true),
                ])
        }
        var labels = boxes(count)
        if name == "mot" {
            let place = Selector.box(.init(x: 1, y: 1, width: 7, height: 9))
            for index in labels.indices {
                labels[index].item = "videos/\(index % 40).mp4"
                labels[index].selector = .track([.init(time: Double(index), selector: place)])
            }
        }
        // Formats of fractions need the sizes, those of frames the videos.
        try node.write(
            all.dataset,
            items.map {
                .addItem(
                    key: $0.key,
                    fields: [.known(.width): .integer(640), .known(.height): .integer(480)])
            })
        let format = try FormatRegistry.format(named: name)
        let base = all.folder.path + "/files"
        let path = format.defaultFileName.map { "\(base)-\($0)" } ?? base
        let output: any FormatOutput =
            format.defaultFileName == nil
            ? try DiskOutput(folder: path) : DiskOutput(file: path)
        _ = try format.write(
            LabelSource(items: items, annotations: labels), to: output, options: WriteOptions())

        var told: [WorkProgress] = []
        node.onProgress = { told.append($0) }
        let report = try node.importLabels(
            all.dataset, [path], format: format, options: ImportOptions())
        #expect(report.added == count, "\(report)")
        let reading = told.filter { $0.stage == .reading }
        #expect(reading.map(\.labels) == [512, 1_024, 1_536, 2_048, 2_048])
        let fractions = reading.compactMap(\.fraction)
        #expect(
            fractions.count == 5 && fractions.last == 1 && fractions == fractions.sorted(),
            "\(fractions)")
        #expect((0.05...0.6).contains(fractions.first ?? 0), "\(fractions)")
        #expect((0.6...1).contains(fractions.dropLast().last ?? 0), "\(fractions)")
        #expect(told.last == WorkProgress(.merging, labels: count, fraction: 1))

        // A second time the files are read twice, if labels in them may name entries.
        let isCompared = try format.mayNameEntries([InputFile(path: path)])
        told = []
        _ = try node.importLabels(all.dataset, [path], format: format, options: ImportOptions())
        #expect(told.filter { $0.stage == .comparing }.count == (isCompared ? 4 : 0))
        #expect(told.filter { $0.stage == .reading }.count == 5)
    }

    @Test("a check tells how many entries it has gone through, and how far the replay is")
    func checking() throws {
        let all = try Companies(["oem.example"])
        let node = try all.node("oem.example")
        let count = ProgressTicker.labelsPerTick
        for number in 0..<count { try node.write(all.dataset, [all.label("\(number).png")]) }
        var told: [WorkProgress] = []
        node.onProgress = { told.append($0) }
        let report = try node.verify(all.dataset)
        #expect(report.problems.isEmpty && report.entries >= UInt64(count))
        let checking = told.filter { $0.stage == .checking }
        #expect(checking.count == 2 && checking.last?.fraction == 1)
        #expect(checking.map(\.labels) == [count, Int(report.entries)])
        #expect(told.last?.stage == .merging && told.last?.fraction == 1)
    }

    @Test("an export tells how far it is")
    func exporting() throws {
        let all = try Companies(["oem.example"])
        let node = try all.node("oem.example")
        try node.write(
            all.dataset,
            boxes(2 * ProgressTicker.labelsPerTick).map {
                .addAnnotation(
                    item: $0.item, className: $0.className, selector: $0.selector, fields: [:])
            })
        var told: [WorkProgress] = []
        node.onProgress = { told.append($0) }
        _ = try node.export(
            all.dataset, format: try FormatRegistry.format(named: "jsonl"), view: .resolved,
            to: MemoryOutput())
        #expect(
            told == [
                WorkProgress(.writing, labels: 512, fraction: 0.5),
                WorkProgress(.writing, labels: 1_024, fraction: 1),
                WorkProgress(.writing, labels: 1_024, fraction: 1),
            ])
    }
}
