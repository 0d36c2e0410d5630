import AnnotationModel
import LabelText

/// Reads the tables of one folder; `sample_annotation` is passed through, the others are held.
struct NuScenesReader {
    let files: ByteMap<InputFile>
    private let finder: ItemFinder
    private var names: ByteMap<ByteMap<String>> = [:]
    private var categoryByInstance: ByteMap<String> = [:]
    private var sceneBySample: ByteMap<String>?
    private var itemBySample: ByteMap<String> = [:]

    init(files: ByteMap<InputFile>, finder: ItemFinder) {
        (self.files, self.finder) = (files, finder)
    }

    mutating func read(into sink: EventSink) throws {
        guard let annotations = files["sample_annotation"], let instances = files["instance"],
            let categories = files["category"]
        else {
            throw FormatError.noInput(
                format: "nuscenes",
                wants: "instance.json and category.json belong beside sample_annotation.json")
        }
        var classes: ByteMap<String> = [:]
        try Self.forEach(categories) { json, place in
            guard let token = json["token"]?.string, let name = json["name"]?.string, !name.isEmpty
            else { throw Self.malformed(categories, place, "a category has a token and a name") }
            classes[token] = name
            // Names are paths: vehicle.car stands below vehicle.
            let parent = name.split(separator: ".").dropLast().joined(separator: ".")
            try sink(.labelClass(ClassRecord(name: name, parent: parent)))
        }
        for (table, member) in [("attribute", "name"), ("visibility", "level")] {
            guard let file = files[table] else { continue }
            try Self.forEach(file) { json, place in
                guard let token = json["token"]?.string, let name = json[member]?.string else {
                    throw Self.malformed(file, place, "needs token and \(member)")
                }
                names[table, default: [:]][token] = name
            }
        }
        try Self.forEach(instances) { json, place in
            guard let token = json["token"]?.string, let category = json["category_token"]?.string
            else { throw Self.malformed(instances, place, "needs token and category_token") }
            categoryByInstance[token] = classes[category]
        }
        try readSamples(into: sink)
        var sampleItems: ByteMap<Bool> = [:]
        try Self.forEach(annotations) { json, place in
            try label(json, "\(annotations.name), \(place)", &sampleItems, into: sink)
        }
    }

    private static func malformed(_ file: InputFile, _ path: String, _ why: String) -> FormatError {
        .structure(file: file.name, path: path, why: why)
    }

    /// Calls back for each row of a table.
    private static func forEach(
        _ file: InputFile, _ body: (_ row: JSONValue, _ place: String) throws -> Void
    ) throws {
        try JSONFile.scan(file) { scanner, path in
            var number = 0
            try scanner.beginArray()
            while try scanner.nextElement() {
                path = "[\(number)]"
                number += 1
                try body(try JSONValue(reading: &scanner), path)
            }
        }
    }

    private mutating func readSamples(into sink: EventSink) throws {
        if let file = files["sample"] {
            var scenes: ByteMap<String> = [:]
            try Self.forEach(file) { json, place in
                guard let token = json["token"]?.string else {
                    throw Self.malformed(file, place, "needs a token")
                }
                scenes[token] = json["scene_token"]?.string ?? ""
            }
            sceneBySample = scenes
        }
        guard let file = files["sample_data"] else { return }
        try Self.forEach(file) { json, place in
            guard json["is_key_frame"]?.bool ?? true, let sample = json["sample_token"]?.string,
                let name = json["filename"]?.string
            else { return }
            let key =
                name.isEmpty
                ? ""
                : try finder.key(
                    named: name,
                    in: FormatFile(file: file, path: FileSystem.lastComponent(file.name)))
            var fields: [String: FieldValue] = ["group": .text(sample)]
            if let token = json["token"]?.string { fields[NuScenesFormat.token] = .text(token) }
            if let scene = sceneBySample?[sample], !scene.isEmpty {
                fields[NuScenesFormat.scene] = .text(scene)
            }
            if let time = json["timestamp"]?.integer {
                fields[NuScenesFormat.timestamp] = .integer(time)
            }
            for name in ["width", "height"] {
                if let pixels = json[name]?.integer, pixels > 0 { fields[name] = .integer(pixels) }
            }
            guard try Emit.item(key, fields, at: "\(file.name), \(place).filename", into: sink)
            else { return }
            guard NuScenesFormat.isCloud(key) else { return }
            // The first scan of a lidar, else the first cloud.
            let isLidar = NuScenesFormat.isLidar(key)
            let before = itemBySample[sample]
            if before == nil || isLidar && before.map(NuScenesFormat.isLidar) == false {
                itemBySample[sample] = key
            }
        }
    }

    private func label(
        _ json: JSONValue, _ place: String, _ sampleItems: inout ByteMap<Bool>,
        into sink: EventSink
    ) throws {
        guard let sample = json["sample_token"]?.string, !sample.isEmpty,
            sceneBySample.map({ $0[sample] != nil }) ?? true
        else {
            return try sink(.skipped(where: place, why: "sample_token names no sample"))
        }
        let key = itemBySample[sample] ?? "samples/\(sample)"
        if itemBySample[sample] == nil, sampleItems[sample] == nil {
            sampleItems[sample] = try Emit.item(
                key, ["group": .text(sample)], at: place, into: sink)
        }
        if sampleItems[sample] == false { return }
        try Emit.label(at: place, into: sink) { () throws(Refusal) in
            guard let token = json["token"]?.string, !token.isEmpty else {
                throw Refusal("the token is missing")
            }
            guard let instance = json["instance_token"]?.string,
                let className = categoryByInstance[instance]
            else { throw Refusal("instance_token names no instance with a category") }
            guard let center = json["translation"]?.doubles, center.count == 3,
                let size = json["size"]?.doubles, size.count == 3,
                let rotation = json["rotation"]?.doubles, rotation.count == 4
            else { throw Refusal("needs translation and size of 3 numbers, rotation of 4") }
            var label = LabelRecord(
                item: key, className: className,
                selector: .cuboid(
                    .init(center: center, size: [size[1], size[0], size[2]], rotation: rotation)),
                externalID: token)
            label.attributes["frame"] = .text(NuScenesFormat.frame)
            label.attributes[NuScenesFormat.track] = .text(instance)
            try setNames(json, &label)
            for name in NuScenesFormat.counts {
                label.attributes[name] = json[name]?.integer.map { .integer($0) }
            }
            return label
        }
    }

    private func setNames(_ json: JSONValue, _ label: inout LabelRecord) throws(Refusal) {
        var attributes: [FieldValue] = []
        for token in json["attribute_tokens"]?.array ?? [] {
            guard let name = names["attribute"]?[token.string ?? ""] else {
                throw Refusal("attribute_tokens names no attribute; attribute.json belongs beside")
            }
            attributes.append(.text(name))
        }
        if !attributes.isEmpty { label.attributes[NuScenesFormat.attributes] = .array(attributes) }
        if let token = json["visibility_token"]?.string, !token.isEmpty {
            label.attributes[NuScenesFormat.visibility] = .text(
                names["visibility"]?[token] ?? token)
        }
    }
}
