import AnnotationModel
import LabelText

/// Reads one MOT file.
struct MOTReader {
    let file: FormatFile
    /// The classes, numbered from 1.
    let names: [String]
    /// What is known of the sequence.
    let fields: [String: FieldValue]
    let finder: ItemFinder

    private struct Row {
        var frame: Int64
        var box: Selector.Box
        var values: [Double]
        var line: Int
    }

    /// Reads the rows, then the tracks that they make; long, since what is wrong with a row is told column by
    /// column.
    func read(into sink: EventSink) throws {
        var rowsByID: [Int64: [Row]] = [:]
        var order: [Int64] = []
        var single: [Row] = []
        var rows = 0
        try file.file.forEachLine { text, lines in
            if XMLTree.trim(text).isEmpty { return }
            rows += 1
            guard rows <= MOTFormat.rowsMax else {
                throw FormatError.text(
                    file: file.file.name, line: lines.line,
                    why: "more than \(MOTFormat.rowsMax) rows; split the sequence")
            }
            let cells = text.split(separator: ",", omittingEmptySubsequences: false)
            let v = cells.compactMap { TextNumber.double(XMLTree.trim(String($0))) }
            guard v.count == cells.count, v.count >= 6, v.count <= 10,
                let frame = Int64(exactly: v[0]), let id = Int64(exactly: v[1])
            else {
                let why = "six to ten numbers: frame, id, left, top, width, height and what follows"
                return try sink(.skipped(where: lines.place, why: why))
            }
            let row = Row(
                frame: frame,
                box: .init(x: v[2] - 1, y: v[3] - 1, width: v[4], height: v[5]), values: v,
                line: lines.line)
            do { try Selector.box(row.box).validate() } catch {
                return try sink(.skipped(where: lines.place, why: "\(error)"))
            }
            if id == -1 { return single.append(row) }
            if rowsByID[id] == nil { order.append(id) }
            rowsByID[id, default: []].append(row)
        }
        var known = fields
        known["timeUnit"] = .text("frame")
        if rows == 0 { known["examined"] = .bool(true) }
        let name = itemKey
        let item =
            try finder.key(file, byEnding: true, orNamed: name) { Self.sequences(below: $0) }
            ?? name
        guard try Emit.item(item, known, at: file.file.name, into: sink) else { return }
        if names != MOTFormat.classNames {
            for name in names where !name.isEmpty {
                try sink(.labelClass(ClassRecord(name: name)))
            }
        }
        // Frames count from 1; a file with a frame 0 counts otherwise, and says so by that.
        let isFromZero =
            single.contains { $0.frame == 0 }
            || rowsByID.values.contains { $0.contains { $0.frame == 0 } }
        if isFromZero {
            try sink(
                .note(
                    where: file.file.name,
                    why:
                        "the frames count from 0, where MOT's count from 1; 0 was taken for the first "
                        + "frame"))
        }
        let base = isFromZero ? 0 : FormatProfile.of("mot").firstFrame
        for id in order {
            let rows = (rowsByID[id] ?? []).sorted { ($0.frame, $0.line) < ($1.frame, $1.line) }
            let fitting = try fitting(rows, from: base, into: sink)
            try emit(fitting, from: base, item, "\(file.stem)#\(id)", into: sink)
        }
        var countByFrame: [Int64: Int] = [:]
        for row in single {
            countByFrame[row.frame, default: 0] += 1
            let number = countByFrame[row.frame] ?? 1
            try emit([row], from: base, item, "\(file.stem)#\(row.frame)/\(number)", into: sink)
        }
    }

    /// What a sequence may be called: its folder, perhaps with the ending of a video.
    private static func sequences(below path: String) -> [String] {
        var folder = FileSystem.parent(path)
        if ["gt", "det"].contains(FileSystem.lastComponent(folder)) {
            folder = FileSystem.parent(folder)
        }
        return folder.isEmpty ? [] : [folder] + ItemFinder.with(MediaItems.videoEndings, [folder])
    }

    /// The sequence's folder: the one above `gt` or `det`.
    private var itemKey: String {
        var folder = file.parent
        if file.file.isOnDisk, FileSystem.parent(folder).isEmpty {
            // Only `gt` or its file was given: the sequence's name stands above.
            let parts = file.file.name.split(separator: "/").dropLast().suffix(2)
            folder = parts.contains("..") ? folder : parts.joined(separator: "/")
        }
        let last = FileSystem.lastComponent(folder)
        if last == "gt" || last == "det", !FileSystem.parent(folder).isEmpty {
            return FileSystem.parent(folder)
        }
        return folder.isEmpty ? file.bareStem : folder
    }

    /// The rows of one id that make a track: a row that does not go with the others costs itself.
    private func fitting(
        _ rows: [Row], from base: Int64, into sink: EventSink
    ) throws -> [Row] {
        // What most of the rows say is the track's class, and the first among equals.
        var counts: [[Double]: (count: Int, first: Int)] = [:]
        for (index, row) in rows.enumerated() {
            counts[Self.kind(row), default: (0, index)].count += 1
        }
        let most = counts.max {
            ($0.value.count, -$0.value.first) < ($1.value.count, -$1.value.first)
        }
        var (kept, last) = ([Row](), Double?.none)
        for row in rows {
            let why: String
            let (frame, isBeyond) = row.frame.subtractingReportingOverflow(base)
            if isBeyond {
                why = "the frame \(row.frame) is no frame"
            } else if Self.kind(row) != most?.key {
                why =
                    "another class or number of columns than most rows of its id have; "
                    + "the row was left out"
            } else if last == Double(frame) {
                why = "the id occurs twice in frame \(row.frame); the row was left out"
            } else {
                kept.append(row)
                last = Double(frame)
                continue
            }
            try sink(.skipped(where: "\(file.file.name), line \(row.line)", why: why))
        }
        return kept
    }

    /// What all rows of a track have in common: the number of columns, and the class where there is one.
    private static func kind(_ row: Row) -> [Double] {
        let count = row.values.count
        return [Double(count)] + (count < 8 || count == 10 ? [] : [row.values[7]])
    }

    private func emit(
        _ rows: [Row], from base: Int64, _ item: String, _ id: String, into sink: EventSink
    ) throws {
        guard let first = rows.first else { return }
        let place = "\(file.file.name), line \(first.line)"
        let isLong = rows.count > MOTFormat.listMax
        var isCut = false
        try Emit.label(at: place, into: sink) { () throws(Refusal) in
            var label = LabelRecord(
                item: item, className: try className(first), selector: .wholeItem,
                externalID: id)
            label.attributes["mot.id"] = Int64(exactly: first.values[1]).map { .integer($0) }
            if first.values.count == 10, first.values[7...].contains(where: { $0 != -1 }) {
                label.attributes["mot.position"] = .array(first.values[7...].map { .float($0) })
                isCut = rows.count > 1
            }
            isCut = setConfidence(rows, isLong, &label) || isCut
            isCut = setVisibility(rows, isLong, &label) || isCut
            label.selector = .track(try keyframes(rows, from: base))
            return label
        }
        if isCut {
            try sink(
                .note(
                    where: place,
                    why:
                        "the track's numbers differ from frame to frame; those of its first frame were taken"
                ))
        }
    }

    private func className(_ row: Row) throws(Refusal) -> String {
        guard row.values.count >= 8, row.values.count != 10, row.values[7] >= 1 else {
            return "object"
        }
        guard let number = Int(exactly: row.values[7]), names.indices.contains(number - 1) else {
            throw Refusal(
                "no class has the number \(TextNumber.text(row.values[7])); see labels.txt")
        }
        return names[number - 1]
    }

    private func keyframes(
        _ rows: [Row], from base: Int64
    ) throws(Refusal) -> [Selector.Keyframe] {
        var frames: [Selector.Keyframe] = []
        for row in rows {
            let (frame, isBeyond) = row.frame.subtractingReportingOverflow(base)
            guard !isBeyond else { throw Refusal("the frame \(row.frame) is no frame") }
            FrameTrack.append(frame, .box(row.box), to: &frames)
        }
        return frames
    }

    /// Returns whether something was left out.
    private func setConfidence(
        _ rows: [Row], _ isLong: Bool, _ label: inout LabelRecord
    ) -> Bool {
        let values = rows.compactMap { $0.values.count >= 7 ? $0.values[6] : nil }
        guard let first = values.first else { return false }
        let varies = values.contains { $0 != first }
        if varies, !isLong {
            label.attributes["mot.confidences"] = .array(values.map { .float($0) })
            return false
        }
        switch first {
        case 1: break
        case 0: label.attributes["mot.ignored"] = .bool(true)
        case 0..<1: label.confidence = first
        default: label.attributes["mot.confidence"] = .float(first)
        }
        return varies
    }

    /// Returns whether something was left out.
    private func setVisibility(
        _ rows: [Row], _ isLong: Bool, _ label: inout LabelRecord
    ) -> Bool {
        let values = rows.compactMap { row in
            row.values.count >= 9 && row.values.count != 10 ? row.values[8] : nil
        }
        guard let first = values.first else { return false }
        let varies = values.contains { $0 != first }
        if varies, !isLong {
            label.attributes["mot.visibilities"] = .array(values.map { .float($0) })
            return false
        }
        if first >= 0 { label.attributes["mot.visibility"] = .float(first) }
        return varies
    }
}
