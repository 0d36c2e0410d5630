import AnnotationModel

/// What a task shows: Label Studio lets everybody choose the names of its data.
enum LabelStudioTask {
    /// The addresses of the files that a task shows; nil for a text.
    static func addresses(_ data: ByteMap<JSONValue>, _ regions: [JSONValue]) -> [String]? {
        for name in LabelStudioFormat.mediaMembers + shown(regions) + data.keys.sortedByBytes() {
            let isUsual = LabelStudioFormat.mediaMembers.contains(name)
            if let text = data[name]?.string, isUsual || isAddress(text) { return [text] }
            let list = (data[name]?.array ?? []).compactMap(\.string)
            if !list.isEmpty, list.count == data[name]?.array?.count,
                isUsual || list.allSatisfy(isAddress)
            {
                return list
            }
        }
        return nil
    }

    /// The text that a task shows.
    static func text(_ data: ByteMap<JSONValue>, _ regions: [JSONValue]) -> String? {
        (LabelStudioFormat.textMembers + shown(regions)).lazy.compactMap { data[$0]?.string }.first
    }

    /// What the regions say that they are drawn on; often, not always, the name of the data too.
    private static func shown(_ regions: [JSONValue]) -> [String] {
        var names: [String] = []
        for region in regions {
            if let name = region["to_name"]?.string, !names.contains(name) { names.append(name) }
        }
        return names
    }

    private static func isAddress(_ text: String) -> Bool {
        if text.utf8.count > ItemKey.bytesMax || text.contains(where: \.isNewline) { return false }
        if text.hasPrefix("/data/") || text.firstRange(of: "://") != nil { return true }
        return MediaItems.isMedia(FileTree.ending(ItemName.relative(text)))
    }
}

/// The results of one region: its shape, its labels, and what else was said of it come one by one.
struct LabelStudioRegion {
    /// The place of the first result.
    let index: Int
    /// The result that has the shape, or the first one.
    private(set) var shape: JSONValue
    private var results: [JSONValue]

    /// What is said of a region and is no shape.
    private static let saying = [
        "choices", "number", "rating", "textarea", "taxonomy", "datetime", "pairwise",
    ]

    /// The results of an annotation by region, in their order.
    static func groups(_ results: [JSONValue]) -> [LabelStudioRegion] {
        var groups: [LabelStudioRegion] = []
        var byID: ByteMap<Int> = [:]
        for (index, result) in results.enumerated() {
            let isRelation = result["type"]?.string == "relation"
            guard let id = result["id"]?.plainText, !isRelation else {
                groups.append(.init(index: index, shape: result, results: [result]))
                continue
            }
            if let known = byID[id] {
                groups[known].add(result)
            } else {
                byID[id] = groups.count
                groups.append(.init(index: index, shape: result, results: [result]))
            }
        }
        return groups
    }

    private mutating func add(_ result: JSONValue) {
        results.append(result)
        let hasShape = !Self.saying.contains(shape["type"]?.string ?? "")
        if !hasShape { shape = result }
    }

    /// Whether a value holds a shape of its own.
    static func isShape(_ value: JSONValue) -> Bool {
        value["x"] != nil || value["points"] != nil || value["rle"] != nil
    }

    private static func labels(_ result: JSONValue) -> [String] {
        guard case .object(let value)? = result["value"] else { return [] }
        for (name, member) in value.sortedByKey() where name.hasSuffix("labels") {
            if let names = member.array?.compactMap(\.string), !names.isEmpty { return names }
        }
        return []
    }

    /// True where nothing but the whole item is spoken of.
    private var isOfItem: Bool {
        Self.saying.contains(shape["type"]?.string ?? "")
    }

    /// The classes of the region: its labels, or the choices for the whole item, else the name of the control.
    var classNames: [String] {
        var names: [String] = []
        for name in results.flatMap(Self.labels) where !names.contains(name) { names.append(name) }
        if names.isEmpty, isOfItem {
            names = (shape["value"]?["choices"]?.array ?? []).compactMap(\.string)
        }
        return names.isEmpty ? [shape["from_name"]?.string ?? ""] : names
    }

    /// What the other results say, by the names of their controls.
    var members: [String: FieldValue] {
        var members: [String: FieldValue] = [:]
        for result in results where results.count > 1 && result != shape {
            guard let type = result["type"]?.string, Self.saying.contains(type),
                let name = result["from_name"]?.string, !name.isEmpty
            else { continue }
            let member =
                type == "textarea" ? "text" : type == "pairwise" ? "selected" : type
            guard var value = result["value"]?[member] else { continue }
            if let list = value.array, list.count == 1 { value = list[0] }
            members[name] = FieldValueJSON.value(value)
        }
        return members
    }
}
