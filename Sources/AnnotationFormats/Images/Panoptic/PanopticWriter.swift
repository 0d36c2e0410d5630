import AnnotationModel
import LabelText
import Shapes

/// Writes `panoptic.json` and one PNG an image below `panoptic/`.
struct PanopticWriter {
    let output: any FormatOutput

    private struct Segment {
        var number: UInt32
        var category: Int
        var mask: Selector.Mask
        var isCrowd: Bool
    }

    private final class State {
        var classes: [ClassRecord] = []
        var indexByName: ByteMap<Int> = [:]
        var stuff: Set<Int> = []
        var segments: ByteMap<[Segment]> = [:]
        var numbers: ByteMap<Set<UInt32>> = [:]
        var overlaps: [String] = []
        /// Items of segments that have no pixel of their own, one for each.
        var covered: [String] = []
        /// The pixels of examined items without labels.
        var blank = ExportBudget.pixels
        /// Examined items without labels whose size nothing tells.
        var sizeless: [String] = []
        var images = JSONWriter()
        var annotations = JSONWriter()
        var imageIDs = COCONumbers()
        var classIDs = COCONumbers()

        func index(_ record: ClassRecord) -> Int {
            if let index = indexByName[record.name] { return index }
            indexByName[record.name] = classes.count
            var record = record
            if case .integer(let id) = classIDs.take(record.number.map { .integer($0) }) {
                record.number = id
            }
            classes.append(record)
            return classes.count - 1
        }
    }

    func write(_ source: LabelSource) throws -> ConversionReport {
        let state = State()
        var report = ConversionReport()
        for record in source.classes { state.classIDs.reserve(record.number) }
        for record in source.classes { _ = state.index(record) }
        try source.forEachItem { item in
            if case .integer(let id)? = item.fields[COCOAttribute.imageID] {
                state.imageIDs.reserve(id)
            }
        }
        state.images.beginArray()
        state.annotations.beginArray()
        let files = ItemFiles(
            format: "COCO panoptic", folder: "panoptic/", ending: "png",
            reserved: ["panoptic.json"])
        try files.write(source, to: output, report: &report) { label, item, _, report in
            guard let segment = Self.segment(label, item, state, &report) else { return nil }
            state.segments[item.key, default: []].append(segment)
            output.labelWritten(as: "\(item.key)#\(segment.number)")
            return []
        } wrap: { item, labels in
            guard !labels.isEmpty || item.fields["examined"] == .bool(true) else { return nil }
            return Self.picture(item, state)
        }
        for key in state.covered {
            report.annotations -= 1
            report.skip("all pixels of the segment belong to earlier ones", example: key)
        }
        for key in state.overlaps {
            report.lose("a pixel has one segment; the label that came first has it", example: key)
        }
        for key in state.sizeless {
            report.skip(
                "an examined item needs the size of its image here, below the limit", example: key)
        }
        try writeJSON(state)
        return report
    }

    private static func segment(
        _ label: LabelRecord, _ item: ItemRecord, _ state: State, _ report: inout ConversionReport
    ) -> Segment? {
        func skip(_ why: String) -> Segment? {
            report.skip(why, example: item.key)
            return nil
        }
        guard !label.className.isEmpty else { return skip("a segment needs a class") }
        let mask: Selector.Mask
        switch label.selector {
        case .mask(let bitmap): mask = bitmap
        case .polygon(let parts):
            guard let size = item.pixelSize,
                size.width * size.height <= Double(SegmentPNG.pixelsMax)
            else { return skip("the size of the image is not known, or beyond the limit") }
            mask = RunLengths.raster(parts, width: Int(size.width), height: Int(size.height))
            report.lose("a polygon becomes the pixels whose centres it covers", example: item.key)
        default:
            return skip("panoptic has masks and polygons, this is a \(label.selector.kindName)")
        }
        let size = item.pixelSize ?? (Double(mask.width), Double(mask.height))
        let first = state.segments[item.key]?.first?.mask
        guard Double(mask.width) == size.width, Double(mask.height) == size.height,
            first.map({ $0.width == mask.width && $0.height == mask.height }) ?? true,
            mask.width > 0, mask.height > 0, mask.width <= SegmentPNG.pixelsMax / mask.height
        else { return skip("the mask has another size than the image, or is beyond the limit") }
        let area = RunLengths.area(mask)
        guard area > 0 else { return skip("the mask covers no pixel") }
        // Every picture is written out; only what is larger than a camera's is asked for.
        let isFirst = first == nil
        guard
            report.pixels.take(
                isFirst ? beyond(mask.width * mask.height) : area, of: mask.counts.count)
        else {
            return skip("the mask has more pixels than so few runs are written out for")
        }
        var attributes = label.attributes
        let isCrowd = attributes.removeValue(forKey: COCOAttribute.isCrowd) == .bool(true)
        let category = state.index(ClassRecord(name: label.className))
        if attributes.removeValue(forKey: PanopticFormat.isThing) == .bool(false) {
            state.stuff.insert(category)
        }
        if !attributes.isEmpty || label.confidence != nil {
            report.lose("attributes and confidence have no place here", example: item.key)
        }
        let number = number(label, item.key, state)
        return Segment(number: number, category: category, mask: mask, isCrowd: isCrowd)
    }

    /// How many pixels a picture has that are not written out for nothing.
    private static func beyond(_ pixels: Int) -> Int { max(0, pixels - pixelsFree) }
    private static let pixelsFree = 1 << 24

    /// The number that a segment had, if it is free, else the next one.
    private static func number(_ label: LabelRecord, _ key: String, _ state: State) -> UInt32 {
        if let id = label.externalID, id.hasPrefix(key + "#"),
            let number = UInt32(id.dropFirst(key.count + 1)), number > 0,
            Int64(number) <= PanopticFormat.numberMax,
            state.numbers[key, default: []].insert(number).inserted
        {
            return number
        }
        var number = UInt32(state.numbers[key]?.count ?? 0) + 1
        while !state.numbers[key, default: []].insert(number).inserted { number += 1 }
        return number
    }

    /// Paints the segments of an image, and notes them for the JSON file.
    private static func picture(_ item: ItemRecord, _ state: State) -> [UInt8]? {
        let segments = state.segments.removeValue(forKey: item.key) ?? []
        state.numbers[item.key] = nil
        let size =
            segments.first.map { ($0.mask.width, $0.mask.height) }
            ?? item.pixelSize.map { (Int($0.width), Int($0.height)) }
        guard let (width, height) = size, width <= SegmentPNG.pixelsMax / max(1, height),
            !segments.isEmpty || state.blank.take(beyond(width * height), of: 1)
        else {
            // Labels of such an image have been reported one by one.
            if segments.isEmpty { state.sizeless.append(item.key) }
            return nil
        }
        var picture = SegmentPNG.Image(
            width: width, height: height, numbers: [UInt32](repeating: 0, count: width * height))
        var kept = item.fields[COCOAttribute.imageID]
        // Panoptic has whole numbers only.
        if case .text? = kept { kept = nil }
        var id: Int64 = 0
        if case .integer(let taken) = state.imageIDs.take(kept) { id = taken }
        let stem = FileTree.stem(item.key)
        state.images.lineBreak()
        state.images.value(
            .object([
                "id": .integer(id), "file_name": .string(item.key),
                "width": .integer(Int64(width)), "height": .integer(Int64(height)),
            ]))
        var infos: [JSONValue] = []
        for segment in segments {
            let painted = paint(segment, &picture)
            if painted == 0 {
                state.covered.append(item.key)
                continue
            }
            if painted < RunLengths.area(segment.mask) { state.overlaps.append(item.key) }
            let box = RunLengths.bounds(segment.mask)
            infos.append(
                .object([
                    "id": .integer(Int64(segment.number)),
                    "category_id": .integer(state.classes[segment.category].number ?? 0),
                    "area": .integer(Int64(RunLengths.area(segment.mask))),
                    "bbox": .array([box.x, box.y, box.width, box.height].map { .double($0) }),
                    "iscrowd": .integer(segment.isCrowd ? 1 : 0),
                ]))
        }
        state.annotations.lineBreak()
        state.annotations.value(
            .object([
                "image_id": .integer(id), "file_name": .string(stem + ".png"),
                "segments_info": .array(infos),
            ]))
        return SegmentPNG.encode(picture)
    }

    /// Returns how many of the pixels were free.
    private static func paint(_ segment: Segment, _ picture: inout SegmentPNG.Image) -> Int {
        var painted = 0
        RunLengths.forEachStretch(of: segment.mask) { column, rows in
            for row in rows {
                let at = row * picture.width + column
                if picture.numbers[at] == 0 {
                    picture.numbers[at] = segment.number
                    painted += 1
                }
            }
        }
        return painted
    }

    private func writeJSON(_ state: State) throws {
        var categories = JSONWriter()
        categories.beginArray()
        for (index, record) in state.classes.enumerated() {
            var members: ByteMap<JSONValue> = [
                "id": .integer(record.number ?? 0), "name": .string(record.name),
                "supercategory": .string(record.parent),
                "isthing": .integer(state.stuff.contains(index) ? 0 : 1),
            ]
            members["color"] = record.colorParts.map { .array($0.map { .integer($0) }) }
            categories.value(.object(members))
        }
        categories.endArray()
        state.images.endArray()
        state.annotations.endArray()
        try output.begin("panoptic.json")
        for (name, bytes) in [
            (
                "{\"info\":{\"description\":\"\(COCOWriter.description)\"},\"licenses\":[],\"categories\":",
                categories.bytes
            ),
            (",\n\"images\":", state.images.bytes),
            (",\n\"annotations\":", state.annotations.bytes),
        ] {
            try output.write(Array(name.utf8))
            try output.write(bytes)
        }
        try output.write(Array("}\n".utf8))
        try output.end()
    }
}
