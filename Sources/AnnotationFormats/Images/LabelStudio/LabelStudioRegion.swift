import AnnotationModel
import LabelText

/// The results of one region: its shape, its labels, and what else was said of it come one by one.
struct LabelStudioRegion {
    /// The place of the first result.
    let index: Int
    /// The result that has the shape, or the first one.
    private(set) var shape: JSONValue
    private var results: [JSONValue]

    /// What is said of a region and is no shape.
    static let saying = [
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

    /// True for a shape that nobody has given a label: it is called like its control.
    var isUnlabelled: Bool { !isOfItem && results.allSatisfy { Self.labels($0).isEmpty } }

    /// The member of a value that holds what a control says.
    static func member(of type: String) -> String {
        type == "textarea" ? "text" : type == "pairwise" ? "selected" : type
    }

    /// What one control says of the region, beside its shape and its labels.
    struct Saying {
        /// The name of the control.
        var name: String
        var type: String
        var value: FieldValue
    }

    /// What the other results say, one a control.
    var sayings: [Saying] {
        var found: [Saying] = []
        for result in results where results.count > 1 && result != shape {
            guard let type = result["type"]?.string, Self.saying.contains(type),
                let json = result["value"]?[Self.member(of: type)],
                let value = FieldValueJSON.value(json)
            else { continue }
            let name = result["from_name"]?.string ?? ""
            let saying = Saying(name: name.isEmpty ? type : name, type: type, value: value)
            if let index = found.firstIndex(where: { $0.name.hasSameBytes(as: saying.name) }) {
                found[index].value = .array(Self.list(found[index].value) + Self.list(value))
            } else {
                found.append(saying)
            }
        }
        return found.map { saying in
            var saying = saying
            if case .array(let list) = saying.value, list.count == 1 { saying.value = list[0] }
            return saying
        }
    }

    private static func list(_ value: FieldValue) -> [FieldValue] {
        if case .array(let list) = value { return list }
        return [value]
    }

    /// A value as the control of a type says it: some say lists even of one.
    static func said(_ value: FieldValue, by type: String) -> FieldValue {
        switch type {
        case "choices", "textarea": return .array(list(value))
        case "taxonomy":
            let isListOfLists = list(value).allSatisfy {
                if case .array = $0 { true } else { false }
            }
            return isListOfLists ? .array(list(value)) : .array([value])
        default: return value
        }
    }

    /// The name of the control that gives labels to a shape which another control drew.
    var labelControl: String? {
        guard Self.bare.contains(shape["type"]?.string ?? "") else { return nil }
        return results.first { $0["type"]?.string == "labels" }?["from_name"]?.string
    }

    /// The types of shapes that have no labels of their own.
    static let bare = ["rectangle", "polygon", "ellipse", "keypoint", "brush"]
}

/// Groups of keypoints, which Label Studio has one by one: a box, and the points that name it as their parent.
///
/// That is how its own converter knows them. Which point is which stands in a member of our own, without which
/// the points are labels by themselves.
struct LabelStudioSkeleton {
    /// The most points of an object.
    static let pointsMax: Int64 = 1_000
    static let member = "countermark"
    private var children: ByteMap<[(index: Int, region: JSONValue)]> = [:]
    private var counts: ByteMap<Int> = [:]

    init(_ groups: [LabelStudioRegion]) {
        for group in groups {
            guard let id = group.shape["id"]?.plainText,
                let count = group.shape[Self.member]?["points"]?.integer,
                (1...Self.pointsMax).contains(count)
            else { continue }
            counts[id] = Int(count)
        }
        if counts.isEmpty { return }
        for group in groups {
            guard let (parent, index) = place(group.shape) else { continue }
            children[parent, default: []].append((index, group.shape))
        }
    }

    /// True for a region that is a point of another.
    func isPoint(_ region: JSONValue) -> Bool { place(region) != nil }

    private func place(_ region: JSONValue) -> (parent: String, index: Int)? {
        guard let parent = region["parentID"]?.plainText, let count = counts[parent],
            let index = region[Self.member]?["index"]?.integer, (0..<Int64(count)).contains(index)
        else { return nil }
        return (parent, Int(index))
    }

    /// The points of a region; nil for one that has none.
    func points(
        of region: JSONValue, _ known: LabelStudioShape.Size?
    ) throws(Refusal) -> [Selector.Keypoint]? {
        guard let id = region["id"]?.plainText, let count = counts[id] else { return nil }
        var points = [Selector.Keypoint](
            repeating: .init(x: 0, y: 0, visibility: .absent), count: count)
        for (index, child) in children[id] ?? [] {
            let shape = LabelStudioShape(region: child, value: child["value"] ?? .null, known)
            guard case .keypoints(let found) = try shape.keypoint(), var point = found.first else {
                continue
            }
            if child[Self.member]?["hidden"]?.bool == true { point.visibility = .hidden }
            points[index] = point
        }
        return points
    }
}
