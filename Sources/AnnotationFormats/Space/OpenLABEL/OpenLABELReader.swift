import AnnotationModel
import LabelText

/// Reads one scene.
struct OpenLABELReader {
    private let file: FormatFile
    private let root: JSONValue
    private let scene: String
    /// Whether the scene stands for none: an export puts all items of no scene into it.
    private let isSceneMadeUp: Bool
    private let author: String?
    private let finder: ItemFinder
    private var itemByStream: ByteMap<String> = [:]
    /// The pictures that frames have of their own: stream, NUL, frame.
    private var itemByFrame: ByteMap<String> = [:]
    private var frames: [(number: Int64, json: JSONValue)] = []

    /// What one object looks like in one stream.
    private struct Trace {
        var label: LabelRecord
        var frames: [Selector.Keyframe] = []
        var changes: ByteMap<[(frame: Int64, value: FieldValue)]> = [:]
        var path: String
    }

    init(file: FormatFile, root: JSONValue, finder: ItemFinder) {
        (self.file, self.root, self.finder) = (file, root, finder)
        let name = root["metadata"]?["name"]?.string ?? ""
        scene = ItemKey.problem(name) == nil ? name : file.stem
        isSceneMadeUp = scene == OpenLABELFormat.defaultScene && root["streams"] != nil
        author = root["metadata"]?["annotator"]?.string
    }

    private func place(_ path: String) -> String { "\(file.file.name), openlabel.\(path)" }

    mutating func read(into sink: EventSink) throws {
        let version = root["metadata"]?["schema_version"]?.string ?? ""
        if !version.hasPrefix("1.") {
            try sink(
                .note(
                    where: place("metadata.schema_version"),
                    why: "version \"\(version.prefix(20))\" is read as 1.0"))
        }
        let fields: [String: FieldValue] = [
            "timeUnit": .text("frame"), OpenLABELFormat.scene: .text(scene),
        ]
        guard
            try isSceneMadeUp || Emit.item(scene, fields, at: place("metadata.name"), into: sink)
        else { return }
        try readStreams(into: sink)
        try readFrames(into: sink)
        for (uid, object) in root["objects"]?.members ?? [] {
            try read(object: uid, object, into: sink)
        }
        let known = Set((root["objects"]?.members ?? []).map(\.key))
        for (number, frame) in frames {
            for (uid, _) in frame["objects"]?.members ?? [] where !known.contains(uid) {
                try sink(
                    .skipped(
                        where: place("frames.\(number).objects.\(uid)"),
                        why: "no object has this uid; list it under objects"))
            }
        }
        for (group, kind) in OpenLABELFormat.events.sorted(by: { $0.key < $1.key }) {
            for (uid, json) in root[group]?.members ?? [] {
                try read(event: uid, json, group, kind, into: sink)
            }
        }
        try readTags(into: sink)
        for (uid, json) in root["relations"]?.members ?? [] {
            try read(relation: uid, json, into: sink)
        }
    }

    // MARK: Items

    private mutating func readStreams(into sink: EventSink) throws {
        for (name, json) in root["streams"]?.members ?? [] {
            let uri = json["uri"]?.string ?? ""
            let key = uri.isEmpty ? FileSystem.join(scene, name) : uri
            var fields: [String: FieldValue] = [:]
            if !isSceneMadeUp || !name.hasSameBytes(as: key) {
                fields = [
                    OpenLABELFormat.stream: .text(name), OpenLABELFormat.scene: .text(scene),
                    "timeUnit": .text("frame"),
                ]
            }
            let pinhole = json["stream_properties"]?["intrinsics_pinhole"]
            for (field, member) in [("width", "width_px"), ("height", "height_px")] {
                if let pixels = pinhole?[member]?.integer, pixels > 0 {
                    fields[field] = .integer(pixels)
                }
            }
            if try Emit.item(key, fields, at: place("streams.\(name)"), into: sink) {
                itemByStream[name] = key
            }
        }
    }

    private mutating func readFrames(into sink: EventSink) throws {
        for (key, json) in root["frames"]?.members ?? [] {
            guard let number = Int64(key), (0...OpenLABELFormat.framesMax).contains(number) else {
                try sink(
                    .skipped(where: place("frames.\(key)"), why: "a frame has a number from 0 on"))
                continue
            }
            frames.append((number, json))
        }
        frames.sort { $0.number < $1.number }
        for (number, json) in frames {
            let properties = json["frame_properties"]
            for (name, stream) in properties?["streams"]?.members ?? [] {
                guard let key = stream["uri"]?.string, !key.isEmpty else { continue }
                var fields: [String: FieldValue] = [
                    OpenLABELFormat.stream: .text(name), OpenLABELFormat.scene: .text(scene),
                    OpenLABELFormat.frameField: .integer(number),
                    "group": .text("\(scene)#\(number)"),
                ]
                if let time = properties?["timestamp"].flatMap({ FieldValueJSON.value($0) }) {
                    fields["timestamp"] = time
                }
                let path = place("frames.\(number).frame_properties.streams.\(name)")
                if try Emit.item(key, fields, at: path, into: sink) {
                    itemByFrame["\(name)\0\(number)"] = key
                }
            }
        }
    }

    // MARK: Objects

    /// An object over its frames; long, since what it says of itself and of each frame is put together here.
    private func read(object uid: String, _ object: JSONValue, into sink: EventSink) throws {
        var base = LabelRecord(
            item: scene, className: object["type"]?.string ?? "", selector: .wholeItem,
            author: author)
        base.attributes = OpenLABELGeometry.attributes(object["object_data"])
        let track = Self.name(&base, uid, object["name"]?.string)
        var count = 0
        var traces: ByteMap<Trace> = [:]
        var ids = OpenLABELFormat.GivenIDs()
        try forEachShape(object["object_data"], "objects.\(uid).object_data", into: sink) {
            kind, entry, selector, path in
            count += 1
            let stream = entry["stream"]?.string
            guard let item = try item(stream, nil, path, into: sink) else { return }
            var label = label(base, track, kind, entry, item, selector, nil)
            label.externalID = ids.unique(label.externalID ?? "")
            try Emit.label(label, at: place(path), into: sink)
        }
        for (number, frame) in frames {
            guard let data = frame["objects"]?[uid]?["object_data"] else { continue }
            let root = "frames.\(number).objects.\(uid).object_data"
            let said = OpenLABELGeometry.attributes(data)
            var shapes = 0
            try forEachShape(data, root, into: sink) { kind, entry, selector, path in
                count += 1
                shapes += 1
                let stream = entry["stream"]?.string
                guard let item = try item(stream, number, path, into: sink) else { return }
                let isOwn = itemByFrame["\(stream ?? "")\0\(number)"] != nil
                var label = label(base, track, kind, entry, item, selector, isOwn ? number : nil)
                // What a shape says itself is nearer than what its frame says.
                for (name, value) in said where label.attributes[name] == base.attributes[name] {
                    label.attributes[name] = value
                }
                if isOwn {
                    label.externalID = ids.unique(label.externalID ?? "")
                    try Emit.label(label, at: place(path), into: sink)
                } else {
                    let key = label.externalID ?? ""
                    var trace = traces[key] ?? Trace(label: label, path: path)
                    if Self.extend(&trace, label, number) {
                        traces[key] = trace
                    } else {
                        let why =
                            "the object has two of a kind in one frame and stream; give them names"
                        try sink(.skipped(where: place(path), why: why))
                    }
                }
            }
            if shapes == 0, !said.isEmpty {
                try sink(
                    .skipped(
                        where: place(root),
                        why:
                            "what is said of an object in a frame has no place without a shape there"
                    ))
            }
        }
        try finish(traces, into: sink)
        if count == 0 {
            base.externalID = OpenLABELFormat.id(scene, "object", track)
            try Emit.label(base, at: place("objects.\(uid)"), into: sink)
        }
    }

    private func finish(_ traces: ByteMap<Trace>, into sink: EventSink) throws {
        for (_, trace) in traces.sortedByKey() {
            try Emit.label(Self.finished(trace), at: place(trace.path), into: sink)
        }
    }

    /// Calls back for each geometry; what is none that is known is skipped where it stands.
    private func forEachShape(
        _ data: JSONValue?, _ root: String, into sink: EventSink,
        _ body: (String, JSONValue, Selector, _ path: String) throws -> Void
    ) throws {
        for (kind, entries) in data?.members ?? []
        where !OpenLABELFormat.plain.contains(kind) {
            for (index, entry) in (entries.array ?? []).enumerated() {
                let path = "\(root).\(kind)[\(index)]"
                guard OpenLABELFormat.geometries.contains(kind) else {
                    try sink(
                        .skipped(
                            where: place(path), why: "\(kind.prefix(40)) has no place in the model")
                    )
                    continue
                }
                let selector: Selector
                do throws(Refusal) {
                    selector = try OpenLABELGeometry.selector(kind, entry)
                    do { try selector.validate() } catch { throw Refusal("\(error)") }
                } catch {
                    try sink(.skipped(where: place(path), why: error.why))
                    continue
                }
                try body(kind, entry, selector, path)
            }
        }
    }

    private func item(
        _ stream: String?, _ frame: Int64?, _ path: String, into sink: EventSink
    ) throws -> String? {
        guard let stream else { return scene }
        if let frame, let item = itemByFrame["\(stream)\0\(frame)"] { return item }
        if let item = itemByStream[stream] { return item }
        try sink(
            .skipped(where: place(path), why: "no stream is called \"\(stream.prefix(60))\""))
        return nil
    }

    private func label(
        _ base: LabelRecord, _ uid: String, _ kind: String, _ entry: JSONValue, _ item: String,
        _ selector: Selector, _ frame: Int64?
    ) -> LabelRecord {
        var label = base
        (label.item, label.selector) = (item, selector)
        for (name, value) in OpenLABELGeometry.attributes(entry["attributes"]) {
            label.attributes[name] = value
        }
        if let number = label.attributes["confidence"]?.number, (0...1).contains(number) {
            label.confidence = number
            label.attributes["confidence"] = nil
        }
        if let system = entry["coordinate_system"]?.string {
            label.attributes["frame"] = .text(system)
        }
        let own = entry["name"]?.string ?? ""
        let name = own == kind ? "" : own
        if !name.isEmpty { label.attributes[OpenLABELFormat.shapeName] = .text(name) }
        let stream = entry["stream"]?.string ?? ""
        label.externalID = OpenLABELFormat.externalID(
            scene, uid: uid, kind: kind, name: name, stream: stream, frame: frame)
        return label
    }

    private static func extend(_ trace: inout Trace, _ label: LabelRecord, _ frame: Int64) -> Bool {
        if trace.frames.last?.time == Double(frame) { return false }
        FrameTrack.append(frame, label.selector, to: &trace.frames)
        for (name, value) in label.attributes where trace.changes[name]?.last?.value != value {
            trace.changes[name, default: []].append((frame, value))
        }
        return true
    }

    private static func finished(_ trace: Trace) -> LabelRecord {
        var label = trace.label
        label.selector = .track(trace.frames)
        for (name, changes) in trace.changes
        where changes.count > 1 || Double(changes[0].frame) != trace.frames[0].time {
            label.attributes[name] = nil
            label.attributes[OpenLABELFormat.changesPrefix + name] = .array(
                changes.map { .array([.integer($0.frame), $0.value]) })
        }
        return label
    }

    // MARK: Events and relations

    private func read(
        event uid: String, _ json: JSONValue, _ group: String, _ kind: String, into sink: EventSink
    ) throws {
        var base = LabelRecord(
            item: scene, className: json["type"]?.string ?? "", selector: .wholeItem,
            author: author)
        base.attributes = OpenLABELGeometry.attributes(json["\(kind)_data"])
        base.attributes[OpenLABELFormat.kind] = .text(kind)
        let track = Self.name(&base, uid, json["name"]?.string)
        let intervals = json["frame_intervals"]?.array ?? []
        for index in 0..<max(1, intervals.count) {
            try Emit.label(at: place("\(group).\(uid)"), into: sink) { () throws(Refusal) in
                var label = base
                label.externalID = OpenLABELFormat.id(scene, kind, track, "/\(index + 1)")
                guard intervals.indices.contains(index) else { return label }
                guard let start = intervals[index]["frame_start"]?.integer,
                    let end = intervals[index]["frame_end"]?.integer, start >= 0, end >= start,
                    end <= OpenLABELFormat.framesMax
                else {
                    throw Refusal("a frame interval needs frame_start and frame_end, ascending")
                }
                label.selector = .interval(start: Double(start), end: Double(end + 1), channels: [])
                return label
            }
        }
    }

    /// What the words of an ontology say of the tagged file.
    private func readTags(into sink: EventSink) throws {
        let tags = root["tags"]?.members ?? []
        if tags.isEmpty { return }
        var item = scene
        if let name = root["metadata"]?["tagged_file"]?.string, !name.isEmpty {
            item = try finder.key(named: ItemName.relative(name), in: file)
            guard try Emit.item(item, [:], at: place("metadata.tagged_file"), into: sink) else {
                return
            }
        }
        for (uid, json) in tags {
            try Emit.label(at: place("tags.\(uid)"), into: sink) { () throws(Refusal) in
                guard let type = json["type"]?.string, !type.isEmpty else {
                    throw Refusal("the type is missing; say what the tag is")
                }
                var label = LabelRecord(
                    item: item, className: type, selector: .wholeItem,
                    externalID: "\(scene)#\(OpenLABELFormat.tag)/\(uid)", author: author)
                label.attributes = OpenLABELGeometry.attributes(json["tag_data"])
                label.attributes[OpenLABELFormat.kind] = .text(OpenLABELFormat.tag)
                if let ontology = json["ontology_uid"]?.plainText {
                    label.attributes[OpenLABELFormat.ontology] = .text(
                        root["ontologies"]?[ontology]?.string ?? ontology)
                }
                return label
            }
        }
    }

    private func read(relation uid: String, _ json: JSONValue, into sink: EventSink) throws {
        try Emit.label(at: place("relations.\(uid)"), into: sink) { () throws(Refusal) in
            let from = try targets(json["rdf_subjects"])
            let to = try targets(json["rdf_objects"])
            var label = LabelRecord(
                item: scene, className: json["type"]?.string ?? "",
                selector: .relation(kind: json["type"]?.string ?? "", from: from, to: to),
                author: author)
            let track = Self.name(&label, uid, json["name"]?.string)
            label.externalID = OpenLABELFormat.id(scene, "relation", track)
            return label
        }
    }

    /// Says of a label which element it is of, and returns how its ids call the element.
    private static func name(
        _ label: inout LabelRecord, _ uid: String, _ name: String?
    ) -> String {
        let track = OpenLABELFormat.track(uid: uid, name: name)
        // A number that an export made up says nothing.
        if let name, name == OpenLABELFormat.madeUpName(uid) { return name }
        label.attributes[OpenLABELFormat.track] = .text(track)
        if let name, !name.isEmpty, name != uid, name != track {
            label.attributes[OpenLABELFormat.elementName] = .text(name)
        }
        return track
    }

    private func targets(_ json: JSONValue?) throws(Refusal) -> [Selector.Target] {
        var targets: [Selector.Target] = []
        for entry in json?.array ?? [] {
            guard let uid = entry["uid"]?.string, let type = entry["type"]?.string,
                let element = root["\(type)s"]?[uid]
            else { throw Refusal("rdf_subjects or rdf_objects name an element that is not there") }
            let track = OpenLABELFormat.track(uid: uid, name: element["name"]?.string)
            targets.append(
                .init(
                    .item(scene),
                    selector: .graph(kind: "openlabel", elements: ["\(type):\(track)"])))
        }
        guard !targets.isEmpty else { throw Refusal("rdf_subjects or rdf_objects are missing") }
        return targets
    }
}
