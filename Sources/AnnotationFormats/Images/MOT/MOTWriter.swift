import AnnotationModel
import LabelText

/// Writes one folder a sequence: `gt/gt.txt` and `gt/labels.txt`.
struct MOTWriter {
    let output: any FormatOutput
    private var report = ConversionReport()
    private var names: [String] = []
    private var numberByName: ByteMap<Int> = [:]
    private var folders: [String] = []
    private var idsByItem: ByteMap<Set<Int64>> = [:]
    private var countByFrame: ByteMap<Int> = [:]

    init(output: any FormatOutput) { self.output = output }

    mutating func write(_ source: LabelSource) throws -> ConversionReport {
        // The challenge's numbers are fixed: its programs do not read labels.txt.
        let challenge = ByteSet(MOTFormat.classNames)
        if !source.classes.isEmpty, source.classes.allSatisfy({ challenge.contains($0.name) }) {
            for name in MOTFormat.classNames { _ = number(ofClass: name) }
        }
        for record in source.classes where !record.name.contains(where: \.isNewline) {
            _ = number(ofClass: record.name)
        }
        let files = ItemFiles(
            format: "MOT", companions: { [FileSystem.parent($0) + "/labels.txt"] }
        ) { item, _ in "\(FileTree.stem(item.key))/gt/gt.txt" }
        var report = ConversionReport()
        var writer = self
        try files.write(source, to: output, report: &report) { label, item, _, report in
            try writer.render(label, item, &report)
        } wrap: { item, labels in
            if labels.isEmpty, item.fields["examined"] != .bool(true) { return nil }
            writer.folders.append("\(FileTree.stem(item.key))/gt")
            return Array(labels.joined())
        }
        for folder in writer.folders {
            try output.begin("\(folder)/labels.txt")
            try output.write(Array((writer.names.joined(separator: "\n") + "\n").utf8))
            try output.end()
        }
        return report
    }

    private mutating func number(ofClass name: String) -> Int {
        if let number = numberByName[name] { return number }
        names.append(name)
        numberByName[name] = names.count
        return names.count
    }

    private mutating func render(
        _ label: LabelRecord, _ item: ItemRecord, _ report: inout ConversionReport
    ) throws -> [UInt8]? {
        guard let rows = Self.rows(label, &report) else { return nil }
        let id = identity(label, item, rows)
        let number = number(ofClass: label.className)
        let confidences = Self.list("mot.confidences", label, rows.count)
        let visibilities = Self.list("mot.visibilities", label, rows.count)
        let confidence =
            label.attributes["mot.ignored"] == .bool(true)
            ? 0 : label.confidence ?? label.attributes["mot.confidence"]?.number ?? 1
        let visible = label.attributes["mot.visibility"]?.number ?? -1
        var bytes: [UInt8] = []
        for (index, row) in rows.enumerated() {
            let box = row.1
            let figures = [
                Double(row.0), Double(id), box.x + 1, box.y + 1, box.width, box.height,
                confidences?[index] ?? confidence, Double(number),
                visibilities?[index] ?? visible,
            ]
            guard figures.allSatisfy(\.isFinite) else {
                report.skip("a number that is not finite; correct the label", example: label.item)
                return nil
            }
            bytes += Array(figures.map(TextNumber.text).joined(separator: ",").utf8) + [0x0a]
        }
        let stem = "\(FileTree.stem(item.key))/gt/gt"
        if id == -1 {
            let key = "\(item.key)\0\(rows[0].0)"
            countByFrame[key, default: 0] += 1
            output.labelWritten(as: "\(stem)#\(rows[0].0)/\(countByFrame[key] ?? 1)")
        } else {
            output.labelWritten(as: "\(stem)#\(id)")
        }
        return bytes
    }

    /// The id that a track had, if no other track of the sequence has it by now, else the next free one.
    private mutating func identity(
        _ label: LabelRecord, _ item: ItemRecord, _ rows: [(Int64, Selector.Box)]
    ) -> Int64 {
        if case .integer(let id)? = label.attributes["mot.id"] {
            if id == -1, rows.count == 1 { return id }
            if id >= 0, idsByItem[item.key, default: []].insert(id).inserted { return id }
        }
        var id = Int64(idsByItem[item.key]?.count ?? 0) + 1
        while !idsByItem[item.key, default: []].insert(id).inserted { id += 1 }
        return id
    }

    private static func list(_ name: String, _ label: LabelRecord, _ count: Int) -> [Double]? {
        guard case .array(let values)? = label.attributes[name],
            case let numbers = values.compactMap(\.number), numbers.count == count,
            values.count == count
        else { return nil }
        return numbers
    }

    private static func rows(
        _ label: LabelRecord, _ report: inout ConversionReport
    ) -> [(Int64, Selector.Box)]? {
        guard case .track(let frames) = label.selector, !label.className.isEmpty,
            !label.className.contains(where: \.isNewline),
            XMLTree.trim(label.className) == label.className
        else {
            report.skip(
                "MOT has tracks of boxes, this is a \(label.selector.kindName)", example: label.item
            )
            return nil
        }
        guard let seen = FrameTrack.seen(frames, &report) else {
            report.skip(FrameTrack.tooLong, example: label.item)
            return nil
        }
        var rows: [(Int64, Selector.Box)] = []
        for frame in seen {
            guard case .box(let box) = frame.selector, let number = Int64(exactly: frame.time),
                [box.x, box.y, box.width, box.height].allSatisfy(\.isFinite)
            else {
                report.skip("a keyframe is no box at a whole frame number", example: label.item)
                return nil
            }
            let (row, isBeyond) = number.addingReportingOverflow(
                FormatProfile.of("mot").firstFrame)
            guard !isBeyond else {
                report.skip("a keyframe lies beyond any frame", example: label.item)
                return nil
            }
            rows.append((row, box))
        }
        guard !rows.isEmpty else {
            report.skip("the track is nowhere to be seen", example: label.item)
            return nil
        }
        for why in FrameTrack.losses(frames) { report.lose(why, example: label.item) }
        let known = [
            "mot.ignored", "mot.visibility", "mot.visibilities", "mot.confidence",
            "mot.confidences", "mot.id",
        ]
        if label.attributes.contains(where: { !known.contains($0.key) }) {
            report.lose("attributes have no place in MOT", example: label.item)
        }
        return rows
    }
}
