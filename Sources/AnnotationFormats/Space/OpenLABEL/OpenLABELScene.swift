import AnnotationModel
import LabelText

/// What is to be written of one scene.
final class OpenLABELScene {
    /// An object and its geometry by kind: as it stands, and by frame.
    struct Element {
        var type: String
        var name: String
        var shapes: ByteMap<[JSONValue]> = [:]
        var frames: [Int64: ByteMap<[JSONValue]>] = [:]
        /// What is said of an object without geometry.
        var data: JSONValue?
    }

    /// An action, event or context.
    struct Event {
        var type: String
        var name: String
        var data: JSONValue?
        var intervals: [(start: Int64, end: Int64)] = []
        var labels = 0
    }

    let name: String
    var items: [ItemRecord] = []
    var tracks: ByteSet = []
    /// The tracks whose elements have names of their own.
    var named: ByteSet = []
    var objects: ByteMap<Element> = [:]
    var events: ByteMap<ByteMap<Event>> = [:]
    var relations: ByteMap<JSONValue> = [:]
    var systems: ByteSet = []
    var labelled: ByteSet = []
    var ids = OpenLABELFormat.GivenIDs()
    /// How many tracks of one object have a name, by the id of the first.
    var sharedNames: ByteMap<Int> = [:]
    /// Those who labelled; the file has room for one.
    var authors: Set<String?> = []
    private var uidByTrack: ByteMap<String> = [:]
    private var uids: ByteSet = []
    private var next = 0

    init(name: String) { self.name = name }

    /// The uid of an element: that of its track, if no other class has it, else a new one.
    func uid(track: String, of className: String, kind: String) -> String {
        let key = "\(kind)\0\(track)\0\(className)"
        if !track.isEmpty, let uid = uidByTrack[key] { return uid }
        var uid = track.isEmpty ? "" : self.uid(track: track)
        while uid.isEmpty || !uids.insert("\(kind)\0\(uid)").inserted {
            repeat { next += 1 } while tracks.contains(String(next))
            uid = String(next)
        }
        if !track.isEmpty { uidByTrack[key] = uid }
        return uid
    }

    /// The uid that stands for a track, in its element and in relations.
    ///
    /// Where an imported element has a name of its own, that name cannot keep the track: the uid stays
    /// as it came, although the standard knows no such.
    func uid(track: String) -> String {
        named.contains(track) ? track : OpenLABELFormat.uid(track: track)
    }

    /// The stream of an item, and the frame where the picture is one of a stream's.
    static func stream(_ item: ItemRecord) -> (name: String, frame: Int64?) {
        guard let name = item.fields[OpenLABELFormat.stream]?.text, !name.isEmpty else {
            return (item.key, nil)
        }
        guard case .integer(let frame)? = item.fields[OpenLABELFormat.frameField], frame >= 0 else {
            return (name, nil)
        }
        return (name, frame)
    }

    // MARK: The file

    var json: JSONValue {
        var metadata: ByteMap<JSONValue> = [
            "schema_version": .string("1.0.0"), "name": .string(name),
        ]
        if authors.count == 1, case let author?? = authors.first {
            metadata["annotator"] = .string(author)
        }
        var root: ByteMap<JSONValue> = ["metadata": .object(metadata)]
        var streams: ByteMap<JSONValue> = [:]
        var frames: [Int64: ByteMap<JSONValue>] = [:]
        var frameStreams: [Int64: ByteMap<JSONValue>] = [:]
        for item in items where !item.key.hasSameBytes(as: name) {
            let isKnown = item.fields[OpenLABELFormat.stream] != nil
            guard isKnown || labelled.contains(item.key) else { continue }
            let (stream, frame) = Self.stream(item)
            if let frame {
                frameStreams[frame, default: [:]][stream] = .object(["uri": .string(item.key)])
                if streams[stream] == nil { streams[stream] = Self.description(item, uri: nil) }
                if let time = item.fields["timestamp"] {
                    frames[frame, default: [:]]["timestamp"] = Self.plain(time)
                }
            } else {
                streams[stream] = Self.description(item, uri: item.key)
            }
        }
        for (frame, members) in frameStreams {
            frames[frame, default: [:]]["streams"] = .object(members)
        }
        var rows = frames.mapValues { JSONValue.object(["frame_properties": .object($0)]) }
        addObjects(&rows, &root)
        if !streams.isEmpty { root["streams"] = .object(streams) }
        if !rows.isEmpty {
            root["frames"] = .object(
                ByteMap<JSONValue>(
                    rows.map { (String($0.key), $0.value) }, uniquingKeysWith: { old, _ in old }))
        }
        for (group, kind) in OpenLABELFormat.events {
            guard let members = events[kind] else { continue }
            root[group] = .object(members.mapValues { Self.json($0, kind) })
        }
        if !relations.isEmpty { root["relations"] = .object(relations) }
        if !systems.isEmpty {
            let system = JSONValue.object(["type": .string("local_cs"), "parent": .string("")])
            root["coordinate_systems"] = .object(
                ByteMap<JSONValue>(
                    systems.map { ($0, system) }, uniquingKeysWith: { old, _ in old }))
        }
        return .object(["openlabel": .object(root)])
    }

    private static func plain(_ value: FieldValue) -> JSONValue {
        switch value {
        case .integer(let value): .integer(value)
        case .float(let value) where value.isFinite: .double(value)
        default: .string(value.plainText)
        }
    }

    private static func description(_ item: ItemRecord, uri: String?) -> JSONValue {
        let isImage = ImageHead.endings.contains(FileTree.ending(item.key))
        let isCloud = NuScenesFormat.isCloud(item.key)
        var members: ByteMap<JSONValue> = [
            "type": .string(isCloud ? "lidar" : isImage ? "camera" : "other")
        ]
        if let uri { members["uri"] = .string(uri) }
        if let size = item.pixelSize, uri != nil {
            members["stream_properties"] = .object([
                "intrinsics_pinhole": .object([
                    "width_px": .integer(Int64(size.width)),
                    "height_px": .integer(Int64(size.height)),
                ])
            ])
        }
        return .object(members)
    }

    private func addObjects(_ rows: inout [Int64: JSONValue], _ root: inout ByteMap<JSONValue>) {
        var members: ByteMap<JSONValue> = [:]
        var byFrame: [Int64: ByteMap<JSONValue>] = [:]
        for (uid, element) in objects {
            var json: ByteMap<JSONValue> = [
                "name": .string(element.name.isEmpty ? uid : element.name),
                "type": .string(element.type),
            ]
            if element.shapes.isEmpty, element.frames.isEmpty {
                json["object_data"] = element.data
            }
            if !element.shapes.isEmpty {
                json["object_data"] = .object(element.shapes.mapValues { .array($0) })
            }
            for (frame, shapes) in element.frames {
                byFrame[frame, default: [:]][uid] = .object([
                    "object_data": .object(shapes.mapValues { .array($0) })
                ])
            }
            if !element.frames.isEmpty {
                json["frame_intervals"] = Self.intervals(element.frames.keys.sorted())
            }
            members[uid] = .object(json)
        }
        if !members.isEmpty { root["objects"] = .object(members) }
        for (frame, objects) in byFrame {
            guard case .object(var row) = rows[frame] ?? .object([:]) else { continue }
            row["objects"] = .object(objects)
            rows[frame] = .object(row)
        }
    }

    private static func intervals(_ frames: [Int64]) -> JSONValue {
        var runs: [(start: Int64, end: Int64)] = []
        for frame in frames {
            if let last = runs.last, last.end + 1 == frame {
                runs[runs.count - 1].end = frame
            } else {
                runs.append((frame, frame))
            }
        }
        return json(runs)
    }

    private static func json(_ intervals: [(start: Int64, end: Int64)]) -> JSONValue {
        .array(
            intervals.map {
                .object(["frame_start": .integer($0.start), "frame_end": .integer($0.end)])
            })
    }

    private static func json(_ event: Event, _ kind: String) -> JSONValue {
        var members: ByteMap<JSONValue> = [
            "name": .string(event.name), "type": .string(event.type),
        ]
        if let data = event.data { members["\(kind)_data"] = data }
        if !event.intervals.isEmpty { members["frame_intervals"] = json(event.intervals) }
        return .object(members)
    }
}
