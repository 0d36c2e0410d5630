import AnnotationFormats
import AnnotationModel
import Testing

/// A member's labels of a few bytes must not cost whoever exports the dataset gigabytes or hours.
@Suite("What labels imply that is more than they say")
struct ExportBudgetTests {
    private let box = Selector.box(.init(x: 1, y: 2, width: 3, height: 4))

    /// A track of two keyframes.
    private func track(_ item: String, to frame: Double) -> LabelRecord {
        LabelRecord(
            item: item, className: "car",
            selector: .track([
                .init(time: 0, selector: box, isOutside: false),
                .init(time: frame, selector: box, isOutside: false),
            ]), attributes: ["track": .text("t")])
    }

    @Test("tracks over many frames are left out, and named", arguments: ["mot", "openlabel"])
    func frames(_ format: String) throws {
        let items = (0..<5).map { ItemRecord(key: "\($0).mp4") }
        let far = items.dropLast().map { track($0.key, to: 140_000) }
        let (files, report) = try written(
            format, items: items, labels: far + [track("4.mp4", to: 20)])
        #expect(report.annotations == 2, "\(report)")
        #expect(report.skipped == 3, "\(report)")
        #expect(report.losses.contains { $0.isSkipped && $0.why.contains("more frames") })
        #expect(files.values.reduce(0) { $0 + $1.count } < 200_000_000)
    }

    @Test(
        "masks of many pixels in few runs are left out, and named",
        arguments: ["coco-panoptic", "label-studio", "labelme", "cvat"])
    func pixels(_ format: String) throws {
        let side = 8_000
        let items = (0..<4).map { number in
            ItemRecord(
                key: "\(number).png",
                fields: ["width": .integer(Int64(side)), "height": .integer(Int64(side))])
        }
        // Two corners: no run fills its box.
        let counts: [UInt32] = [10, 10, UInt32(side * side - 30), 10]
        let labels = items.map {
            LabelRecord(
                item: $0.key, className: "sky",
                selector: .mask(.init(width: side, height: side, counts: counts)))
        }
        let (_, report) = try written(format, items: items, labels: labels)
        #expect(report.annotations == 0, "\(report)")
        #expect(
            report.losses.contains {
                $0.isSkipped && $0.why.contains("so few runs") || $0.why.contains("very large")
            })
    }

    @Test("a mask that fills its box is written without its pixels")
    func filled() throws {
        let item = ItemRecord(
            key: "a.png", fields: ["width": .integer(1 << 14), "height": .integer(1 << 14)])
        let mask = Selector.Mask(width: 1 << 14, height: 1 << 14, counts: [0, 1 << 28])
        let (_, report) = try written(
            "cvat", items: [item],
            labels: [LabelRecord(item: item.key, className: "sky", selector: .mask(mask))])
        #expect(report.annotations == 1)
    }

    @Test("stretches that all lie over each other are written up to a number of tiers")
    func tiers() throws {
        let item = ItemRecord(key: "a.wav", fields: [:])
        let labels = (0..<400).map { number in
            LabelRecord(
                item: item.key, className: "speech",
                selector: .interval(
                    start: Double(number), end: Double(10_000 + number), channels: []))
        }
        let (_, report) = try written("textgrid", items: [item], labels: labels)
        #expect(report.annotations == 256)
        #expect(report.skipped == 144)
    }

    @Test("tracks of one name keep ids of their own, read and written, whatever their number")
    func sharedNames() throws {
        let items = [ItemRecord(key: "scene")]
        let labels = (0..<12).map { _ in track("scene", to: 2) }
        let (files, report) = try written("openlabel", items: items, labels: labels)
        #expect(report.annotations == 12, "\(report)")
        let reading = try Reading(
            "openlabel", files.map { InputFile(name: $0.key, bytes: $0.value) },
            context: ReadContext(items: items))
        #expect(Set(reading.labels.compactMap(\.externalID)).count == 12)
    }
}
