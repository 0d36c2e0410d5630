import AnnotationModel
import LabelText

/// Writes one file a scene; the labels are held in memory.
struct OpenLABELWriter {
    let output: any FormatOutput
    private var report = ConversionReport()
    private var leftOut: ByteSet = []
    private var scenes: ByteMap<OpenLABELScene> = [:]
    private var sceneByItem: ByteMap<(scene: OpenLABELScene, item: ItemRecord)> = [:]

    init(output: any FormatOutput) { self.output = output }

    mutating func write(_ source: LabelSource) throws -> ConversionReport {
        try source.forEachItem { item in
            let name = item.fields[OpenLABELFormat.scene]?.text ?? OpenLABELFormat.defaultScene
            let scene = scenes[name] ?? OpenLABELScene(name: name)
            scenes[name] = scene
            scene.items.append(item)
            sceneByItem[item.key] = (scene, item)
        }
        try leaveOut(source)
        try source.forEachAnnotation { label in
            if let track = label.attributes[OpenLABELFormat.track]?.plainText {
                let scene = sceneByItem[label.item]?.scene
                scene?.tracks.insert(track)
                if label.attributes[OpenLABELFormat.elementName] != nil {
                    scene?.named.insert(track)
                }
            }
        }
        try source.forEachAnnotation { label in
            if leftOut.contains(label.item) { return }
            do throws(Refusal) {
                let id = try add(label)
                report.annotations += 1
                output.labelWritten(as: id)
            } catch {
                report.skip(error.why, example: label.item)
            }
        }
        for (name, scene) in scenes.sortedByKey() {
            let isKnown = scene.items.contains { $0.fields[OpenLABELFormat.scene] != nil }
            guard isKnown || !scene.labelled.isEmpty else { continue }
            try output.begin(name + ".json")
            var writer = JSONWriter()
            writer.value(scene.json)
            writer.newline()
            try output.write(writer.bytes)
            try output.end()
            report.items += scene.items.count
        }
        return report
    }

    /// Leaves out the scenes that cannot be files, and the items that go by the stream of another one.
    private mutating func leaveOut(_ source: LabelSource) throws {
        var labels: ByteMap<Int> = [:]
        try source.forEachAnnotation { label in
            if !label.isRetracted { labels[label.item, default: 0] += 1 }
        }
        let sorted = scenes.sortedByKey()
        var files = NameClaims(areFiles: true)
        let refusals = files.decide(sorted.map { .init(key: $0.key, name: $0.key + ".json") })
        for ((name, scene), why) in zip(sorted, refusals) {
            if let why {
                for item in scene.items { leaveOut(item, why, labels) }
                scenes[name] = nil
                continue
            }
            let asking = scene.items.filter {
                !$0.key.hasSameBytes(as: name)
                    && (labels[$0.key] != nil || $0.fields[OpenLABELFormat.stream] != nil)
            }
            var streams = NameClaims(areFiles: false)
            let refusals = streams.decide(
                asking.map { item in
                    let (stream, frame) = OpenLABELScene.stream(item)
                    let place = frame.map { "\(stream), frame \($0)" } ?? stream
                    return .init(key: item.key, name: place)
                })
            for (item, why) in zip(asking, refusals) {
                if let why { leaveOut(item, why, labels) }
            }
            scene.items.removeAll { leftOut.contains($0.key) }
        }
    }

    private mutating func leaveOut(_ item: ItemRecord, _ why: String, _ labels: ByteMap<Int>) {
        leftOut.insert(item.key)
        report.leaveOut(item.key, why, labels: labels[item.key] ?? 0)
    }

    /// Puts a label into its scene, and returns the external id by which it will be known.
    private mutating func add(_ label: LabelRecord) throws(Refusal) -> String {
        if label.isRetracted { throw Refusal("a retracted label has no place in OpenLABEL") }
        guard let (scene, item) = sceneByItem[label.item] else {
            throw Refusal("the item is not known")
        }
        guard !label.className.isEmpty else { throw Refusal("an element needs a type, the class") }
        let kind = label.attributes[OpenLABELFormat.kind]?.text ?? ""
        let id: String
        if OpenLABELFormat.events.values.contains(kind) {
            id = try add(event: label, kind, scene)
        } else if case .relation(let relation, let from, let to) = label.selector {
            id = try add(relation: label, relation, from, to, scene)
        } else {
            id = try add(object: label, item, scene)
        }
        scene.labelled.insert(label.item)
        scene.authors.insert(label.author)
        if scene.authors.count > 1 {
            report.lose(
                "OpenLABEL names one annotator a file, and there are several", example: label.item)
        }
        return id
    }

    private mutating func plain(
        _ label: LabelRecord, without names: [String]
    ) -> JSONValue? {
        var attributes = label.attributes
        for name in names + [OpenLABELFormat.track, OpenLABELFormat.elementName] {
            attributes[name] = nil
        }
        for name in attributes.keys where name.hasPrefix(OpenLABELFormat.changesPrefix) {
            attributes[name] = nil
        }
        if let confidence = label.confidence { attributes["confidence"] = .float(confidence) }
        let (json, isLost) = OpenLABELGeometry.json(attributes)
        if isLost {
            report.lose("attributes that are maps or bytes have no place here", example: label.item)
        }
        return json
    }

    // MARK: Objects

    /// An object; long, since each kind of selector is a case.
    private mutating func add(
        object label: LabelRecord, _ item: ItemRecord, _ scene: OpenLABELScene
    ) throws(Refusal) -> String {
        let track = label.attributes[OpenLABELFormat.track]?.plainText ?? ""
        let (stream, frame) = OpenLABELScene.stream(item)
        var shapes: [(frame: Int64?, kind: String, entry: ByteMap<JSONValue>)] = []
        let isScene = item.key.hasSameBytes(as: scene.name)
        switch label.selector {
        case .wholeItem where isScene:
            if label.attributes[OpenLABELFormat.kind] == .text(OpenLABELFormat.tag) {
                report.lose(
                    "tags leave as elements without geometry, which other programs take for objects",
                    example: label.item)
            }
        case .track(let frames):
            guard frame == nil else { throw Refusal("a track cannot stand on a single picture") }
            guard let seen = FrameTrack.seen(frames, &report) else {
                throw Refusal(FrameTrack.tooLong)
            }
            for keyframe in seen {
                guard let number = Int64(exactly: keyframe.time),
                    (0...OpenLABELFormat.framesMax).contains(number),
                    let (kind, entry) = OpenLABELGeometry.values(keyframe.selector),
                    shapes.first.map({ $0.kind == kind }) ?? true
                else {
                    throw Refusal(
                        "a track needs whole frame numbers and one kind of geometry that OpenLABEL has"
                    )
                }
                shapes.append((number, kind, entry))
            }
            guard !shapes.isEmpty else { throw Refusal("the track is nowhere to be seen") }
            for why in FrameTrack.losses(frames) { report.lose(why, example: label.item) }
        default:
            guard let (kind, entry) = OpenLABELGeometry.values(label.selector) else {
                throw Refusal(
                    "OpenLABEL has no place for this \(label.selector.kindName); write a sidecar")
            }
            shapes = [(frame, kind, entry)]
        }
        let uid = scene.uid(track: track, of: label.className, kind: "object")
        var element =
            scene.objects[uid]
            ?? .init(
                type: label.className, name: Self.elementName(label, uid))
        var name = label.attributes[OpenLABELFormat.shapeName]?.text ?? ""
        if case .track = label.selector, let kind = shapes.first?.kind {
            // Two tracks of one object are told apart by their names only.
            func id(_ count: Int) -> String {
                OpenLABELFormat.externalID(
                    scene.name, uid: Self.known(label, uid), kind: kind,
                    name: name + OpenLABELFormat.mark(count), stream: isScene ? "" : stream,
                    frame: nil)
            }
            let first = id(0)
            var count = scene.sharedNames[first] ?? 0
            while scene.ids.contains(id(count)) { count += 1 }
            scene.sharedNames[first] = count
            name += OpenLABELFormat.mark(count)
        }
        var changes = TrackChanges(label)
        for (frame, kind, entry) in shapes {
            var entry = entry
            // The standard wants a name; without one of its own a shape is called by its kind.
            entry["name"] = .string(name.isEmpty ? kind : name)
            if !isScene { entry["stream"] = .string(stream) }
            if let system = label.attributes["frame"]?.text {
                entry["coordinate_system"] = .string(system)
                scene.systems.insert(system)
            }
            entry["attributes"] = plain(
                frame.map { changes.label(at: $0) } ?? label,
                without: [OpenLABELFormat.shapeName, "frame"])
            if let frame {
                element.frames[frame, default: [:]][kind, default: []].append(.object(entry))
            } else {
                element.shapes[kind, default: []].append(.object(entry))
            }
        }
        if shapes.isEmpty { element.data = plain(label, without: []) }
        scene.objects[uid] = element
        let known = Self.known(label, uid)
        guard let kind = shapes.first?.kind else {
            return OpenLABELFormat.id(scene.name, "object", known)
        }
        let id = OpenLABELFormat.externalID(
            scene.name, uid: known, kind: kind, name: name, stream: isScene ? "" : stream,
            frame: frame)
        return scene.ids.unique(id)
    }

    /// An element's name: its own, else that of its track where the uid was made from it, else one that says nothing.
    private static func elementName(_ label: LabelRecord, _ uid: String) -> String {
        if let name = label.attributes[OpenLABELFormat.elementName]?.text { return name }
        return known(label, uid)
    }

    /// By what an element is known when it is read: its track, or a name that says nothing but its uid.
    private static func known(_ label: LabelRecord, _ uid: String) -> String {
        let track = label.attributes[OpenLABELFormat.track]?.plainText ?? ""
        return track.isEmpty
            ? OpenLABELFormat.madeUpName(uid) : OpenLABELFormat.track(uid: uid, name: track)
    }

    // MARK: Events and relations

    private mutating func add(
        event label: LabelRecord, _ kind: String, _ scene: OpenLABELScene
    ) throws(Refusal) -> String {
        guard label.item.hasSameBytes(as: scene.name) else {
            throw Refusal("actions, events and contexts speak of the scene's own item")
        }
        var interval: (start: Int64, end: Int64)?
        switch label.selector {
        case .wholeItem: break
        case .interval(let start, let end, _):
            guard let first = Int64(exactly: start), let last = Int64(exactly: end - 1),
                first >= 0, last >= first, last <= OpenLABELFormat.framesMax
            else { throw Refusal("an interval of whole frames is needed") }
            interval = (first, last)
        default: throw Refusal("a \(kind) is an interval of frames, or of the whole scene")
        }
        let track = label.attributes[OpenLABELFormat.track]?.plainText ?? ""
        let uid = scene.uid(track: track, of: label.className, kind: kind)
        var event =
            scene.events[kind]?[uid]
            ?? .init(
                type: label.className, name: Self.elementName(label, uid))
        if event.labels == 0 { event.data = plain(label, without: [OpenLABELFormat.kind]) }
        event.labels += 1
        if let interval { event.intervals.append(interval) }
        scene.events[kind, default: [:]][uid] = event
        return OpenLABELFormat.id(
            scene.name, kind, Self.known(label, uid), "/\(event.labels)")
    }

    private mutating func add(
        relation label: LabelRecord, _ relation: String, _ from: [Selector.Target],
        _ to: [Selector.Target], _ scene: OpenLABELScene
    ) throws(Refusal) -> String {
        func elements(_ targets: [Selector.Target]) throws(Refusal) -> JSONValue {
            var list: [JSONValue] = []
            for target in targets {
                guard case .item(let key) = target.reference, key.hasSameBytes(as: scene.name),
                    target.role.isEmpty,
                    case .graph("openlabel", let names) = target.selector, names.count == 1,
                    case let parts = names[0].split(separator: ":", maxSplits: 1), parts.count == 2
                else {
                    throw Refusal(
                        "OpenLABEL's relations join elements of one scene; this one joins something else"
                    )
                }
                let uid = scene.uid(track: String(parts[1]))
                list.append(.object(["type": .string(String(parts[0])), "uid": .string(uid)]))
            }
            return .array(list)
        }
        guard label.item.hasSameBytes(as: scene.name), relation.hasSameBytes(as: label.className)
        else {
            throw Refusal("a relation speaks of the scene's own item, its kind is its class")
        }
        let (subjects, objects) = (try elements(from), try elements(to))
        let track = label.attributes[OpenLABELFormat.track]?.plainText ?? ""
        let uid = scene.uid(track: track, of: label.className, kind: "relation")
        if plain(label, without: []) != nil {
            report.lose("relations have no attributes in OpenLABEL", example: label.item)
        }
        scene.relations[uid] = .object([
            "name": .string(Self.elementName(label, uid)),
            "type": .string(relation), "rdf_subjects": subjects, "rdf_objects": objects,
        ])
        return OpenLABELFormat.id(scene.name, "relation", Self.known(label, uid))
    }
}
