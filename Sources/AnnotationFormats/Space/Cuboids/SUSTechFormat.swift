import AnnotationModel
import LabelText
import Shapes

/// SUSTechPOINTS labels: one JSON file a point cloud, an array of cuboids.
///
/// The item of labels in `label/ID.json` is the known cloud in `lidar` or beside the folder of labels, else
/// `lidar/ID.pcd`. Positions are centres in the LiDAR frame,
/// `scale` is length, width, height, rotations are Euler angles in radians about x, then y, then z; the
/// triple that was read is the attribute `sustech.rotation`, since it may lie outside of ±π. `obj_id` is the
/// identity of an object over frames: the attribute `track`, `annotator` the author; other members are attributes
/// `sustech.NAME`. The external id is the path of the file without
/// its ending, `#`, and the number of the cuboid.
public struct SUSTechFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "sustech"
    /// What a user should know before choosing it.
    public let summary = "SUSTechPOINTS JSON, one file a point cloud; cuboids in the LiDAR frame"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    static let rotationAttribute = "sustech.rotation"
    static let trackAttribute = "track"
    private static let prefix = "sustech."
    /// The members that are read, and the one whose attribute has the name already.
    private static let members: ByteSet = [
        "psr", "obj_type", "obj_id", "obj_attr", "annotator", "rotation",
    ]
    private static let cloudEndings = ["pcd", "bin", "las", "ply"]

    /// The format.
    public init() {}

    /// Reads files; `context` knows the clouds.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        let isLabel = { (path: String) in
            FileTree.ending(path) == "json" && !path.split(separator: "/").contains("calib")
        }
        try FileTree.forEach(files, where: isLabel, into: sink) { file, sink in
            count += 1
            try Self.read(file, finder, into: sink)
        }
        if count == 0 { throw FormatError.noInput(format: name, wants: "give label/*.json") }
    }

    private static func read(
        _ file: FormatFile, _ finder: ItemFinder, into sink: EventSink
    ) throws {
        let known = try finder.key(file, byEnding: true) { path in
            ItemFinder.with(
                cloudEndings,
                ItemFinder.exchanged(FileTree.stem(path), { $0 == "label" }, for: "lidar"))
        }
        let key = known ?? FileSystem.join(lidarFolder(file.parent), file.bareStem + ".pcd")
        try JSONFile.scan(file.file) { scanner, path in
            var probe = scanner
            try probe.beginArray()
            let isEmpty = try !probe.nextElement()
            let fields: [String: FieldValue] = isEmpty ? ["examined": .bool(true)] : [:]
            guard try Emit.item(key, fields, at: file.file.name, into: sink) else {
                return try scanner.skipValue()
            }
            let lost = LostMembers()
            var number = 0
            try scanner.beginArray()
            while try scanner.nextElement() {
                path = "[\(number)]"
                number += 1
                let json = try JSONValue(reading: &scanner)
                try Emit.label(at: "\(file.file.name), \(path)", into: sink) { () throws(Refusal) in
                    var label = try label(json, lost)
                    label.item = key
                    label.externalID = "\(file.stem)#\(number)"
                    return label
                }
            }
            try lost.tell(file.file.name, into: sink)
        }
    }

    /// The clouds lie beside the labels.
    private static func lidarFolder(_ folder: String) -> String {
        folder.isEmpty || folder == "label"
            ? "lidar"
            : folder.hasSuffix("/label") ? String(folder.dropLast(5)) + "lidar" : folder
    }

    private static func label(
        _ json: JSONValue, _ lost: LostMembers
    ) throws(Refusal) -> LabelRecord {
        func triple(_ name: String) throws(Refusal) -> [Double] {
            let json = json["psr"]?[name]
            let values = ["x", "y", "z"].compactMap { json?[$0]?.double }
            guard values.count == 3 else { throw Refusal("psr.\(name) needs x, y and z") }
            return values
        }
        guard let className = json["obj_type"]?.string, !className.isEmpty else {
            throw Refusal("obj_type is missing; say the class")
        }
        let angles = try triple("rotation")
        var label = LabelRecord(
            item: "", className: className,
            selector: .cuboid(
                .init(
                    center: try triple("position"), size: try triple("scale"),
                    rotation: Rotation.quaternion(euler: angles))))
        label.attributes[rotationAttribute] = .array(angles.map { .float($0) })
        if let id = json["obj_id"]?.plainText, !id.isEmpty {
            label.attributes[trackAttribute] = .text(id)
        }
        if let attribute = json["obj_attr"]?.string, !attribute.isEmpty {
            label.attributes["obj_attr"] = .text(attribute)
        }
        if let author = json["annotator"]?.plainText, !author.isEmpty { label.author = author }
        KeptMember.add(json, except: members, prefix: prefix, to: &label.attributes, lost)
        return label
    }

    // MARK: Writing

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        let path = { (item: ItemRecord) -> String in
            var parts = FileTree.stem(item.key).split(separator: "/").map(String.init)
            if parts.count > 1, parts[parts.count - 2] == "lidar" {
                parts[parts.count - 2] = "label"
            } else {
                parts.insert("label", at: max(0, parts.count - 1))
            }
            return parts.joined(separator: "/")
        }
        let files = ItemFiles(format: "SUSTechPOINTS", endings: Self.cloudEndings) { item, _ in
            path(item) + ".json"
        }
        try files.write(source, to: output, report: &report) { label, item, number, report in
            guard let bytes = Self.cuboid(label, &report) else { return nil }
            output.labelWritten(as: "\(path(item))#\(number)")
            return bytes
        } wrap: { item, labels in
            if labels.isEmpty, item.fields["examined"] != .bool(true) { return nil }
            return Array("[".utf8) + labels.joined(separator: Array(",\n".utf8)) + Array("]\n".utf8)
        }
        return report
    }

    private static func cuboid(_ label: LabelRecord, _ report: inout ConversionReport) -> [UInt8]? {
        guard case .cuboid(let cuboid) = label.selector, !label.className.isEmpty else {
            report.skip(
                "SUSTechPOINTS has cuboids only, this is a \(label.selector.kindName)",
                example: label.item)
            return nil
        }
        var attributes = label.attributes
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("psr")
        writer.beginObject()
        for (name, values) in [
            ("position", cuboid.center), ("scale", cuboid.size),
            ("rotation", Rotation.kept(&attributes, rotationAttribute, for: cuboid.rotation)),
        ] {
            writer.key(name: name)
            writer.beginObject()
            for (axis, value) in zip(["x", "y", "z"], values) {
                writer.key(name: axis)
                writer.coordinate(value)
            }
            writer.endObject()
        }
        writer.endObject()
        writer.key("obj_type")
        writer.string(label.className)
        writer.key("obj_id")
        writer.string(attributes.removeValue(forKey: trackAttribute)?.plainText ?? "")
        if let text = attributes.removeValue(forKey: "obj_attr")?.text {
            writer.key("obj_attr")
            writer.string(text)
        }
        if let author = label.author {
            writer.key("annotator")
            writer.string(author)
        }
        for member in KeptMember.members(of: attributes, prefix: prefix, except: members) {
            attributes[member.field] = nil
            writer.key(name: member.name)
            FieldValueJSON.write(member.value, to: &writer)
        }
        writer.endObject()
        if writer.hasNotFinite {
            report.skip("a number that is not finite; correct the label", example: label.item)
            return nil
        }
        if !attributes.isEmpty || label.confidence != nil {
            report.lose("attributes and confidence have no place here", example: label.item)
        }
        return writer.bytes
    }
}
