import AnnotationModel
import LabelText
import Shapes

/// KITTI raw tracklets: one XML file a drive, tracks of cuboids in the LiDAR frame.
///
/// The item is `velodyne_points` below the file's folder, its times are frame numbers. `tz` is the bottom of
/// the cuboid, inside is its centre; the size is written h, w, l once a track. Rotations are Euler angles
/// about x, then y, then z. `state`, `occlusion` and `truncation` are attributes; one that changes along the track is
/// `kitti.changes.NAME`, a list of frame and value. The `amt_` and `_kf` figures, -1 in all public files, are
/// passed over. The external id is the path of the file without its ending, `#`, and the number of the tracklet.
public struct KITTITrackletFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "kitti-raw"
    /// What a user should know before choosing it.
    public let summary = "KITTI raw tracklet XML; tracks of cuboids in the LiDAR frame"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = "tracklet_labels.xml"

    static let stateNames = ["state", "occlusion", "truncation"]
    static let changesPrefix = "kitti.changes."
    /// What the folder of a drive's clouds is called.
    private static let drive = "velodyne_points"
    private static let known = stateNames + stateNames.map { changesPrefix + $0 }

    /// The format.
    public init() {}

    /// Reads files; `context` knows the drives.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        try FileTree.forEach(files, where: { FileTree.ending($0) == "xml" }, into: sink) {
            file, sink in
            count += 1
            let points = { FileSystem.join(FileSystem.parent($0), Self.drive) }
            let item = try finder.key(file) { [points($0)] } ?? points(file.path)
            try file.file.withBytes { bytes in
                try FormatError.of { try Self.read(bytes, file, item, into: sink) }
            }
        }
        if count == 0 { throw FormatError.noInput(format: name, wants: "give tracklet_labels.xml") }
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer, _ file: FormatFile, _ key: String,
        into sink: EventSink
    ) throws {
        var scanner = try XMLScanner(bytes, file: file.file.name)
        scanner.meter = file.file.meter
        guard case .start("boost_serialization", _)? = try scanner.next() else {
            throw scanner.error("a tracklet file begins with <boost_serialization>")
        }
        guard
            try Emit.item(key, ["timeUnit": .text("frame")], at: file.file.name, into: sink)
        else { return }
        var number = 0
        while let event = try scanner.next() {
            guard case .start(let name, let attributes) = event, name != "tracklets" else {
                continue
            }
            guard name == "item" else {
                try scanner.skip()
                continue
            }
            number += 1
            let tree = try scanner.tree(name, attributes)
            var lost = 0
            try Emit.label(at: scanner.place(tree.offset), into: sink) { () throws(Refusal) in
                var label = try label(tree, &lost)
                label.item = key
                // Not the file's own name, which the user may have chosen.
                let stem = FileSystem.join(file.parent, "tracklet_labels")
                label.externalID = "\(stem)#\(number)"
                return label
            }
            if lost > 0 {
                try sink(
                    .skipped(
                        where: scanner.place(tree.offset),
                        why: "\(lost) poses of the track \(poseNeeds); their frames were left out"))
            }
        }
    }

    private static let poseNeeds = "need tx, ty, tz, rx, ry, rz"

    /// A track; a pose that cannot be read is counted, and its frame stays empty.
    private static func label(
        _ tree: XMLTree, _ lost: inout Int
    ) throws(Refusal) -> LabelRecord {
        guard let className = tree.value("objectType"), let first = tree.number("first_frame"),
            let h = tree.number("h"), let w = tree.number("w"), let l = tree.number("l"),
            first.magnitude < 0x1p31, first == first.rounded()
        else { throw Refusal("objectType, h, w, l or a whole first_frame is missing") }
        guard h >= 0, w >= 0, l >= 0 else { throw Refusal("a size is negative: \(h), \(w), \(l)") }
        var label = LabelRecord(item: "", className: className, selector: .wholeItem)
        var frames: [Selector.Keyframe] = []
        var states: ByteMap<[[FieldValue]]> = [:]
        let poses = tree.first("poses")?.children.filter { $0.name == "item" } ?? []
        for (index, pose) in poses.enumerated() {
            let v = ["tx", "ty", "tz", "rx", "ry", "rz"].compactMap { pose.number($0) }
            let frame = Int64(first) + Int64(index)
            guard v.count == 6, v.allSatisfy(\.isFinite) else {
                lost += 1
                continue
            }
            for name in stateNames {
                guard let value = pose.number(name).flatMap({ Int64(exactly: $0) }),
                    states[name]?.last?[1] != .integer(value)
                else { continue }
                states[name, default: []].append([.integer(frame), .integer(value)])
            }
            FrameTrack.append(
                frame,
                .cuboid(
                    .init(
                        center: [v[0], v[1], v[2] + h / 2], size: [l, w, h],
                        rotation: Rotation.quaternion(euler: Array(v[3...])))), to: &frames)
        }
        guard !frames.isEmpty || poses.isEmpty else {
            lost = 0
            throw Refusal("all poses \(poseNeeds)")
        }
        for (name, changes) in states {
            let start = changes[0][0] == .integer(Int64(first))
            if changes.count == 1, start {
                label.attributes[name] = changes[0][1]
            } else {
                label.attributes[changesPrefix + name] = .array(changes.map { .array($0) })
            }
        }
        label.selector = .track(frames)
        return label
    }

    // MARK: Writing

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        let counts = try Self.leaveOut(source, &report)
        let (drive, count) = counts ?? ("", 0)
        var writer = XMLWriter()
        writer.declaration()
        writer.start(
            "boost_serialization", [("signature", "serialization::archive"), ("version", "9")])
        writer.start("tracklets", [("class_id", "0"), ("tracking_level", "0"), ("version", "0")])
        writer.text("count", String(count))
        writer.text("item_version", "1")
        try output.begin("tracklet_labels.xml")
        try source.forEachAnnotation { label in
            guard let (frames, height) = Self.poses(label, &report),
                label.item.hasSameBytes(as: drive)
            else { return }
            Self.write(label, frames, height: height, to: &writer)
            try output.write(writer.bytes)
            writer.removeAll()
            report.annotations += 1
            output.labelWritten(as: "tracklet_labels#\(report.annotations)")
            if label.confidence != nil
                || label.attributes.contains(where: { !Self.known.contains($0.key) })
            {
                report.lose("attributes and confidence have no place here", example: label.item)
            }
        }
        report.items = counts == nil ? 0 : 1
        writer.end()
        writer.end()
        try output.write(writer.bytes)
        try output.end()
        return report
    }

    /// The item whose tracks are written, with their number; the others are left out, since a file has one
    /// drive and names none.
    private static func leaveOut(
        _ source: LabelSource, _ report: inout ConversionReport
    ) throws -> (item: String, labels: Int)? {
        var counts: ByteMap<Int> = [:]
        try source.forEachAnnotation { label in
            var ignored = ConversionReport()
            if poses(label, &ignored) != nil { counts[label.item, default: 0] += 1 }
        }
        let sorted = counts.sortedByKey()
        // An item that is called as a drive is has more right to it than one whose key comes first.
        let isDrive = { (key: String) in
            FileSystem.lastComponent(key).hasSameBytes(as: Self.drive)
        }
        guard let first = sorted.first(where: { isDrive($0.key) }) ?? sorted.first else {
            return nil
        }
        for (key, count) in sorted where !key.hasSameBytes(as: first.key) {
            report.leaveOut(
                key, "the file has one drive, that of the item \"\(first.key)\"", labels: count)
        }
        return (first.key, first.value)
    }

    /// The frames of a track that tracklets can say: one size, upright steps of one frame.
    private static func poses(
        _ label: LabelRecord, _ report: inout ConversionReport
    ) -> (frames: [(Int64, Selector.Cuboid)], height: Double)? {
        func skip(_ why: String) -> (frames: [(Int64, Selector.Cuboid)], height: Double)? {
            report.skip(why, example: label.item)
            return nil
        }
        if label.isRetracted { return skip("a retracted label has no place in tracklets") }
        guard case .track(let keyframes) = label.selector, !label.className.isEmpty else {
            return skip("tracklets are tracks of cuboids; this is a \(label.selector.kindName)")
        }
        var frames: [(Int64, Selector.Cuboid)] = []
        if keyframes.dropLast().contains(where: \.isOutside) {
            return skip("tracklets have every frame from the first on, this one is hidden between")
        }
        guard let seen = FrameTrack.seen(keyframes, &report) else {
            return skip(FrameTrack.tooLong)
        }
        for keyframe in seen {
            guard case .cuboid(let cuboid) = keyframe.selector,
                let frame = Int64(exactly: keyframe.time),
                (cuboid.center + cuboid.size + cuboid.rotation).allSatisfy(\.isFinite)
            else { return skip("a keyframe is no cuboid at a whole frame number") }
            guard frames.first.map({ $0.1.size == cuboid.size }) ?? true else {
                return skip("tracklets have one size for all frames")
            }
            frames.append((frame, cuboid))
        }
        for why in FrameTrack.losses(keyframes) { report.lose(why, example: label.item) }
        guard let first = frames.first else { return skip("the track has no frames") }
        return (frames, first.1.size[2])
    }

    private static func write(
        _ label: LabelRecord, _ frames: [(Int64, Selector.Cuboid)], height: Double,
        to writer: inout XMLWriter
    ) {
        let text = TextNumber.text
        writer.start("item")
        writer.text("objectType", label.className)
        writer.text("h", text(height))
        writer.text("w", text(frames[0].1.size[1]))
        writer.text("l", text(frames[0].1.size[0]))
        writer.text("first_frame", String(frames[0].0))
        writer.start("poses")
        writer.text("count", String(frames.count))
        writer.text("item_version", "2")
        for (frame, cuboid) in frames {
            writer.start("item")
            let angles = Rotation.euler(cuboid.rotation)
            let place = [cuboid.center[0], cuboid.center[1], cuboid.center[2] - height / 2]
            for (name, value) in zip(["tx", "ty", "tz", "rx", "ry", "rz"], place + angles) {
                writer.text(name, text(value))
            }
            for name in stateNames {
                writer.text(name, state(name, of: label, at: frame).map(text) ?? "-1")
            }
            writer.end()
        }
        writer.end()
        writer.text("finished", "1")
        writer.end()
    }
    private static func state(_ name: String, of label: LabelRecord, at frame: Int64) -> Double? {
        guard case .array(let changes)? = label.attributes[changesPrefix + name] else {
            return label.attributes[name]?.number
        }
        var value: Double?
        for case .array(let change) in changes where change.count == 2 {
            if let from = change[0].number, from <= Double(frame) { value = change[1].number }
        }
        return value
    }
}
