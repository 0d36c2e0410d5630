import AnnotationModel

/// MOTChallenge text: `frame, id, left, top, width, height, conf, class, visibility`.
///
/// Frames and pixels are numbered from 1 in the file; inside, frames stay as they are and boxes begin at
/// `left - 1`, `top - 1`. Each id is one track over frame numbers, whose item is the sequence's folder; a row
/// with the id -1 is a track of one frame. A `conf` of 0, "not to be scored", is the attribute
/// `mot.ignored`; in detections it is the confidence. `class` counts from 1 into `labels.txt` beside the
/// file, else into the names of MOT16; `visibility` of the first frame is the attribute `mot.visibility`.
/// One file's rows are held in memory, since a track's rows lie far apart. The external id is the path of
/// the file without its ending, `#`, and the id.
public struct MOTFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "mot"
    /// What a user should know before choosing it.
    public let summary = "MOTChallenge gt.txt; tracks of boxes over the frames of a sequence"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    static let classNames = [
        "Pedestrian", "Person on vehicle", "Car", "Bicycle", "Motorbike", "Non motorized vehicle",
        "Static person", "Distractor", "Occluder", "Occluder on the ground", "Occluder full",
        "Reflection", "Crowd",
    ]
    static let rowsMax = 1 << 24

    /// The format.
    public init() {}

    /// Reads files and hands over what they hold.
    public func read(_ files: [InputFile], into sink: (FormatEvent) throws -> Void) throws {
        var namesByFolder: [String: [String]] = [:]
        try FileTree.forEach(
            files, where: { FileSystem.lastComponent($0) == "labels.txt" }
        ) { file in
            let names = try file.file.smallText(bytesMax: 1 << 20).split { $0.isNewline }
            namesByFolder[file.parent] = names.map { XMLTree.trim(String($0)) }
        }
        var count = 0
        let isLabel = { (path: String) in
            FileTree.ending(path) == "txt" && FileSystem.lastComponent(path) != "labels.txt"
        }
        try FileTree.forEach(files, where: isLabel) { file in
            count += 1
            let names = namesByFolder[file.parent] ?? Self.classNames
            try Self.read(file, names: names, into: sink)
        }
        if count == 0 {
            throw FormatError.noInput(format: name, wants: "give gt.txt or its folder")
        }
    }

    private struct Row {
        var frame: Int64
        var box: Selector.Box
        var values: [Double]
        var line: Int
    }

    private static func read(
        _ file: FormatFile, names: [String], into sink: EventSink
    ) throws {
        var rowsByID: [Int64: [Row]] = [:]
        var order: [Int64] = []
        var single: [Row] = []
        var rows = 0
        try file.file.forEachLine { text, lines in
            if XMLTree.trim(text).isEmpty { return }
            rows += 1
            guard rows <= rowsMax else {
                throw FormatError.text(
                    file: file.file.name, line: lines.line, why: "more than \(rowsMax) rows")
            }
            let cells = text.split(separator: ",", omittingEmptySubsequences: false)
            let v = cells.compactMap { TextNumber.double(XMLTree.trim(String($0))) }
            guard v.count == cells.count, v.count >= 6, v.count <= 16,
                let frame = Int64(exactly: v[0]), let id = Int64(exactly: v[1])
            else {
                return try sink(
                    .skipped(
                        where: lines.place,
                        why: "at least six numbers: frame, id, left, top, width, height"
                    ))
            }
            let row = Row(
                frame: frame,
                box: .init(x: v[2] - 1, y: v[3] - 1, width: v[4], height: v[5]), values: v,
                line: lines.line)
            if id == -1 { return single.append(row) }
            if rowsByID[id] == nil { order.append(id) }
            rowsByID[id, default: []].append(row)
        }
        let item = itemKey(file)
        guard try Emit.item(item, ["timeUnit": .text("frame")], at: file.file.name, into: sink)
        else { return }
        for id in order {
            let rows = (rowsByID[id] ?? []).sorted { ($0.frame, $0.line) < ($1.frame, $1.line) }
            try emit(rows, item, "\(file.stem)#\(id)", names, file, into: sink)
        }
        for row in single {
            try emit([row], item, "\(file.stem)#line\(row.line)", names, file, into: sink)
        }
    }

    /// The sequence's folder: the one above `gt` or `det`.
    private static func itemKey(_ file: FormatFile) -> String {
        let folder = FileSystem.lastComponent(file.parent)
        if folder == "gt" || folder == "det" {
            let above = FileSystem.parent(file.parent)
            if !above.isEmpty { return above }
        }
        return file.parent.isEmpty ? file.bareStem : file.parent
    }

    private static func emit(
        _ rows: [Row], _ item: String, _ id: String, _ names: [String], _ file: FormatFile,
        into sink: EventSink
    ) throws {
        guard let first = rows.first else { return }
        let place = "\(file.file.name), line \(first.line)"
        try Emit.label(at: place, into: sink) { () throws(Refusal) in
            var label = LabelRecord(item: item, className: "object", selector: .wholeItem)
            label.externalID = id
            if first.values.count >= 8, first.values[7] >= 1 {
                guard let number = Int(exactly: first.values[7]), names.indices.contains(number - 1)
                else { throw Refusal("no class has the number \(first.values[7])") }
                label.className = names[number - 1]
            }
            if first.values.count >= 7 {
                let confidence = first.values[6]
                if confidence == 0 {
                    label.attributes["mot.ignored"] = .bool(true)
                } else if (0..<1).contains(confidence), rows.count == 1 {
                    label.confidence = confidence
                }
            }
            if first.values.count >= 9, first.values[8] >= 0 {
                label.attributes["mot.visibility"] = .float(first.values[8])
            }
            var frames: [Selector.Keyframe] = []
            for row in rows {
                if let last = frames.last?.time, last == Double(row.frame) {
                    throw Refusal("the id occurs twice in frame \(row.frame), line \(row.line)")
                }
                guard row.values.count < 8 || row.values[7] == first.values[7] else {
                    throw Refusal("the class changes within the track, line \(row.line)")
                }
                frames.append(.init(time: Double(row.frame), selector: .box(row.box)))
            }
            label.selector = .track(frames)
            return label
        }
    }

    // MARK: Writing

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        var names: [String] = []
        var indexByName: [String: Int] = [:]
        var folders: [String] = []
        let files = ItemFiles(format: "MOT") { item, _ in "\(FileTree.stem(item.key))/gt/gt.txt" }
        try files.write(source, to: output, report: &report) { label, item, number, report in
            guard let rows = Self.rows(label, &report) else { return nil }
            let index = indexByName[label.className] ?? names.count
            if index == names.count {
                names.append(label.className)
                indexByName[label.className] = index
            }
            output.labelWritten(as: "\(FileTree.stem(item.key))/gt/gt#\(number)")
            let flag = label.attributes["mot.ignored"] == .bool(true) ? "0" : "1"
            let visible = label.attributes["mot.visibility"]?.number ?? 1
            return rows.flatMap { frame, box in
                let figures = [
                    Double(frame), Double(number), box.x + 1, box.y + 1, box.width, box.height,
                ]
                return Array(
                    (figures.map(TextNumber.text)
                        + [flag, String(index + 1), TextNumber.text(visible)]).joined(
                            separator: ","
                        )
                        .utf8) + [0x0a]
            }
        } wrap: { item, labels in
            if labels.isEmpty { return nil }
            folders.append("\(FileTree.stem(item.key))/gt")
            return Array(labels.joined())
        }
        for folder in folders {
            try output.begin("\(folder)/labels.txt")
            try output.write(Array((names.joined(separator: "\n") + "\n").utf8))
            try output.end()
        }
        return report
    }

    private static func rows(
        _ label: LabelRecord, _ report: inout ConversionReport
    ) -> [(Int64, Selector.Box)]? {
        guard case .track(let frames) = label.selector, !label.className.isEmpty,
            !label.className.contains(where: \.isNewline)
        else {
            report.skip(
                "MOT has tracks of boxes, this is a \(label.selector.kindName)", example: label.item
            )
            return nil
        }
        var rows: [(Int64, Selector.Box)] = []
        for frame in frames where !frame.isOutside {
            guard case .box(let box) = frame.selector, let number = Int64(exactly: frame.time),
                [box.x, box.y, box.width, box.height].allSatisfy(\.isFinite)
            else {
                report.skip("a keyframe is no box at a whole frame number", example: label.item)
                return nil
            }
            rows.append((number, box))
        }
        guard !rows.isEmpty else {
            report.skip("the track is nowhere to be seen", example: label.item)
            return nil
        }
        if frames.contains(where: \.isOutside) {
            report.lose("where a track leaves the image has no place in MOT", example: label.item)
        }
        let known = ["mot.ignored", "mot.visibility"]
        if label.confidence != nil || label.attributes.contains(where: { !known.contains($0.key) })
        {
            report.lose("attributes and confidence have no place in MOT", example: label.item)
        }
        return rows
    }
}
