import AnnotationModel
import LabelText

/// Writes nuScenes' tables; it holds a token a label, since each annotation names those before and after it.
struct NuScenesWriter {
    let output: any FormatOutput
    private var report = ConversionReport()
    private var leftOut: ByteSet = []
    private var samples: ByteMap<(token: String, index: Int)> = [:]
    private var names: ByteMap<[String]> = [:]
    private var usedTokens: ByteSet = []
    private var instances: ByteMap<Instance> = [:]
    private var instanceOrder: [String] = []
    private var instanceByTrack: ByteMap<String> = [:]

    private struct Instance {
        var category: String
        var annotations: [(sample: Int, token: String)] = []
        var placeByToken: ByteMap<Int> = [:]
    }

    private static let levels = ["v0-40", "v40-60", "v60-80", "v80-100"]

    init(output: any FormatOutput) { self.output = output }

    mutating func write(_ source: LabelSource) throws -> ConversionReport {
        for record in source.classes { _ = index("category", record.name) }
        var items: [ItemRecord] = []
        try source.forEachItem { item in
            if NuScenesFormat.isCloud(item.key) || item.fields[NuScenesFormat.token] != nil
                || item.key.hasPrefix("samples/")
            {
                samples[item.key] = (Self.sampleToken(item), items.count)
                items.append(item)
            }
        }
        try decideOwners(&items, source)
        var tokens: [String] = []
        try source.forEachAnnotation { label in
            guard let (track, sample) = check(label) else { return tokens.append("") }
            let token = annotationToken(label, tokens.count)
            tokens.append(token)
            instances[instance(track, label.className)]?.annotations.append((sample, token))
        }
        for key in instanceOrder {
            // Annotations of one moment stay in their order.
            let sorted = (instances[key]?.annotations ?? []).enumerated().sorted {
                ($0.element.sample, $0.offset) < ($1.element.sample, $1.offset)
            }
            instances[key]?.annotations = sorted.map(\.element)
            for (place, entry) in (instances[key]?.annotations ?? []).enumerated() {
                instances[key]?.placeByToken[entry.token] = place
            }
        }
        try writeAnnotations(source, tokens)
        try writeTables(items)
        return report
    }

    /// Gives each sample one item of which its labels can be: the one that a reader takes.
    ///
    /// An annotation names its sample only. So of several items of one sample those that have labels too are
    /// left out, and so are clouds without labels that a reader would take instead.
    private mutating func decideOwners(
        _ items: inout [ItemRecord], _ source: LabelSource
    ) throws {
        var labels: ByteMap<Int> = [:]
        try source.forEachAnnotation { label in
            guard case .cuboid = label.selector, !label.isRetracted else { return }
            labels[label.item, default: 0] += 1
        }
        func rank(_ key: String) -> Int {
            guard NuScenesFormat.isCloud(key) else { return 2 }
            return NuScenesFormat.isLidar(key) ? 0 : 1
        }
        var owners: ByteMap<(rank: Int, key: ByteKey)> = [:]
        for item in items where labels[item.key] != nil {
            guard let token = samples[item.key]?.token else { continue }
            let own = (rank: rank(item.key), key: ByteKey(item.key))
            if owners[token].map({ own < $0 }) ?? true { owners[token] = own }
        }
        items.removeAll { item in
            guard let token = samples[item.key]?.token, let owner = owners[token],
                ByteKey(item.key) != owner.key,
                labels[item.key] != nil || rank(item.key) < min(owner.rank, 2)
            else { return false }
            report.leaveOut(
                item.key,
                "the labels of sample \(token) are those of the item \"\(owner.key.text)\"",
                labels: labels[item.key] ?? 0)
            samples[item.key] = nil
            leftOut.insert(item.key)
            return true
        }
        // A reader takes the first of equal rank.
        let isOwner = { (item: ItemRecord) in labels[item.key] != nil }
        items = items.filter(isOwner) + items.filter { !isOwner($0) }
        for (index, item) in items.enumerated() { samples[item.key]?.index = index }
    }

    private static func sampleToken(_ item: ItemRecord) -> String {
        if item.key.hasPrefix("samples/"), !NuScenesFormat.isCloud(item.key),
            item.fields[NuScenesFormat.token] == nil
        {
            return String(item.key.dropFirst(8))
        }
        if item.fields[NuScenesFormat.token] != nil, let group = item.fields["group"]?.text {
            return group
        }
        return NuScenesFormat.token(of: item.key)
    }

    private mutating func index(_ table: String, _ name: String) -> Int {
        if let index = names[table]?.firstIndex(where: { $0.hasSameBytes(as: name) }) {
            return index
        }
        names[table, default: []].append(name)
        return (names[table]?.count ?? 1) - 1
    }

    /// The track and the sample's number; nil, with a line in the report, for what has no place here.
    private mutating func check(_ label: LabelRecord) -> (track: String, sample: Int)? {
        func skip(_ why: String) -> (String, Int)? {
            report.skip(why, example: label.item)
            return nil
        }
        if label.isRetracted { return skip("a retracted label has no place in nuScenes") }
        guard case .cuboid(let cuboid) = label.selector, !label.className.isEmpty else {
            return skip("nuScenes has cuboids only, this is a \(label.selector.kindName)")
        }
        guard (cuboid.center + cuboid.size + cuboid.rotation).allSatisfy(\.isFinite) else {
            return skip("a number that is not finite; correct the label")
        }
        if leftOut.contains(label.item) { return nil }
        guard let sample = samples[label.item] else {
            return skip("cuboids stand on point clouds; the item is none by its name")
        }
        switch label.attributes["frame"] {
        case nil:
            report.lose(
                "the label does not say its frame; nuScenes' is the global one", example: label.item
            )
        case .text(NuScenesFormat.frame)?: break
        default: return skip("the cuboid is in another frame than the global one")
        }
        _ = index("category", label.className)
        let track = label.attributes[NuScenesFormat.track]?.plainText ?? ""
        return (track.isEmpty ? "\(label.item)#\(label.externalID ?? "")" : track, sample.index)
    }

    private mutating func annotationToken(_ label: LabelRecord, _ number: Int) -> String {
        let id = label.externalID ?? ""
        var token =
            NuScenesFormat.isToken(id) ? id : NuScenesFormat.token(of: label.item + "#" + id)
        while !usedTokens.insert(token).inserted {
            token = NuScenesFormat.token(of: "\(token)\(number)")
        }
        return token
    }

    private mutating func instance(_ track: String, _ className: String) -> String {
        let key = "\(track)\0\(className)"
        if let token = instanceByTrack[key] { return token }
        var token = track
        if !NuScenesFormat.isToken(track) || instances[track] != nil {
            token = NuScenesFormat.token(of: key)
        }
        instanceByTrack[key] = token
        instances[token] = Instance(category: className)
        instanceOrder.append(token)
        return token
    }

    // MARK: Tables

    private mutating func writeAnnotations(_ source: LabelSource, _ tokens: [String]) throws {
        try output.begin("sample_annotation.json")
        var buffer = BufferedJSON(output)
        buffer.writer.beginArray()
        var number = -1
        try source.forEachAnnotation { label in
            number += 1
            guard tokens.indices.contains(number), tokens[number] != "",
                case .cuboid(let cuboid) = label.selector, let sample = samples[label.item]
            else { return }
            buffer.writer.lineBreak()
            buffer.writer.value(row(label, cuboid, tokens[number], sample.token))
            try buffer.flushIfLarge()
            output.labelWritten(as: tokens[number])
            report.annotations += 1
        }
        buffer.writer.endArray()
        try buffer.flush()
        try output.end()
    }

    private mutating func row(
        _ label: LabelRecord, _ cuboid: Selector.Cuboid, _ token: String, _ sample: String
    ) -> JSONValue {
        var attributes = label.attributes
        attributes["frame"] = nil
        let track = attributes.removeValue(forKey: NuScenesFormat.track)?.plainText ?? ""
        let key = track.isEmpty ? "\(label.item)#\(label.externalID ?? "")" : track
        let instance = instance(key, label.className)
        if !NuScenesFormat.isToken(track), !track.isEmpty {
            report.lose("tracks are called by tokens of 32 digits here", example: label.item)
        }
        let chain = instances[instance]?.annotations ?? []
        let place = instances[instance]?.placeByToken[token] ?? 0
        var row: ByteMap<JSONValue> = [
            "token": .string(token), "sample_token": .string(sample),
            "instance_token": .string(instance),
            "translation": .array(cuboid.center.map { .double($0) }),
            "size": .array([1, 0, 2].map { .double(cuboid.size[$0]) }),
            "rotation": .array(cuboid.rotation.map { .double($0) }),
            "prev": .string(place > 0 ? chain[place - 1].token : ""),
            "next": .string(place + 1 < chain.count ? chain[place + 1].token : ""),
        ]
        var tokens: [JSONValue] = []
        if case .array(let values)? = attributes[NuScenesFormat.attributes],
            case let texts = values.compactMap(\.text), texts.count == values.count
        {
            attributes[NuScenesFormat.attributes] = nil
            for name in texts {
                _ = index("attribute", name)
                tokens.append(.string(NuScenesFormat.token(of: name)))
            }
        }
        row["attribute_tokens"] = .array(tokens)
        let level = attributes[NuScenesFormat.visibility]?.text
        if let level {
            attributes[NuScenesFormat.visibility] = nil
            _ = index("visibility", level)
        }
        row["visibility_token"] = .string(level.map(Self.visibilityToken) ?? "")
        for name in NuScenesFormat.counts {
            if case .integer(let count)? = attributes[name] {
                attributes[name] = nil
                row[name] = .integer(count)
            }
        }
        if !attributes.isEmpty || label.confidence != nil {
            report.lose("attributes and confidence have no place in nuScenes", example: label.item)
        }
        return .object(row)
    }

    private static func visibilityToken(_ level: String) -> String {
        levels.firstIndex(of: level).map { String($0 + 1) } ?? NuScenesFormat.token(of: level)
    }

    private mutating func writeTables(_ items: [ItemRecord]) throws {
        let known = names
        let named = { (table: String, member: String, token: (String) -> String) in
            (known[table] ?? []).map { name -> JSONValue in
                .object([
                    "token": .string(token(name)), member: .string(name),
                    "description": .string(""),
                ])
            }
        }
        let byName = { NuScenesFormat.token(of: $0) }
        try table("category", named("category", "name", byName))
        try table("attribute", named("attribute", "name", byName))
        try table("visibility", named("visibility", "level", Self.visibilityToken))
        try table(
            "instance",
            instanceOrder.map { token in
                let instance = instances[token] ?? Instance(category: "")
                return .object([
                    "token": .string(token),
                    "category_token": .string(NuScenesFormat.token(of: instance.category)),
                    "nbr_annotations": .integer(Int64(instance.annotations.count)),
                    "first_annotation_token": .string(instance.annotations.first?.token ?? ""),
                    "last_annotation_token": .string(instance.annotations.last?.token ?? ""),
                ])
            })
        var rows: [JSONValue] = []
        var data: [JSONValue] = []
        var (seen, dataTokens): (ByteSet, ByteSet) = ([], [])
        for item in items {
            guard let sample = samples[item.key]?.token else { continue }
            let time = item.fields[NuScenesFormat.timestamp]?.number ?? 0
            let stamp = JSONValue.integer(Int64(exactly: time) ?? 0)
            if seen.insert(sample).inserted {
                let scene =
                    item.fields[NuScenesFormat.scene]?.text ?? NuScenesFormat.token(of: "scene")
                rows.append(
                    .object([
                        "token": .string(sample), "timestamp": stamp, "scene_token": .string(scene),
                        "prev": .string(""), "next": .string(""),
                    ]))
            }
            if item.key.hasSameBytes(as: "samples/" + sample) { continue }
            var token =
                item.fields[NuScenesFormat.token]?.text ?? NuScenesFormat.token(of: item.key)
            while !dataTokens.insert(token).inserted { token = NuScenesFormat.token(of: token) }
            let size = item.pixelSize ?? (0, 0)
            data.append(
                .object([
                    "token": .string(token), "sample_token": .string(sample),
                    "filename": .string(item.key), "is_key_frame": .bool(true), "timestamp": stamp,
                    "width": .integer(Int64(size.width)), "height": .integer(Int64(size.height)),
                ]))
        }
        report.items = items.count
        try table("sample", rows)
        try table("sample_data", data)
    }

    private func table(_ name: String, _ rows: [JSONValue]) throws {
        try output.begin(name + ".json")
        var buffer = BufferedJSON(output)
        buffer.writer.beginArray()
        for row in rows {
            buffer.writer.lineBreak()
            buffer.writer.value(row)
            try buffer.flushIfLarge()
        }
        buffer.writer.endArray()
        try buffer.flush()
        try output.end()
    }
}
