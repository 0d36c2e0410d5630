import AnnotationModel
import LabelText

/// The names of the points of skeletons, in the order in which a class has them.
///
/// Elements stand in any order in a file; a point is told by its label. Where the file's `meta` has no list, the names
/// count as they are met first.
final class CVATSkeletons {
    private var names: ByteMap<[String]> = [:]
    private var joints: ByteMap<[[Int64]]> = [:]
    private var isListed: ByteSet = []
    /// The most points of one skeleton.
    static let pointsMax = 1_024

    /// Notes what `meta` says of a label below another one, or of the lines of a skeleton.
    func note(_ label: XMLTree) {
        guard let name = label.value("name") else { return }
        if let parent = label.value("parent") {
            isListed.insert(parent)
            add(name, to: parent)
        }
        if label.value("type") == "skeleton", let svg = label.first("svg")?.text {
            joints[name] = Self.joints(svg)
        }
    }

    /// The attribute of a skeleton that says what CVAT says of one of its points.
    static func attribute(_ name: String, of point: String) -> String { "\(point).\(name)" }

    private func add(_ name: String, to parent: String) {
        guard names[parent]?.contains(name) != true, (names[parent]?.count ?? 0) < Self.pointsMax
        else { return }
        names[parent, default: []].append(name)
    }

    /// The class of a skeleton with the names of its points; nil where none is known.
    func record(_ className: String) -> ClassRecord? {
        guard let points = names[className], !points.isEmpty else { return nil }
        let lines = (joints[className] ?? []).filter { joint in
            joint.allSatisfy { (1...Int64(points.count)).contains($0) }
        }
        return ClassRecord(name: className, keypoints: points, skeleton: lines)
    }

    /// The skeletons whose points only the shapes name.
    var found: [ClassRecord] {
        names.keys.sortedByBytes().filter { !isListed.contains($0) }.compactMap { record($0) }
    }

    /// The points of a shape in the order of its class; what the shape lacks is absent.
    func points(_ shape: XMLTree, _ className: String) throws(Refusal) -> [Selector.Keypoint] {
        var points: [Selector.Keypoint] = []
        var byName: ByteMap<Selector.Keypoint> = [:]
        for child in shape.children where child.name == "points" {
            guard let flat = child.attributes["points"].flatMap(CVATPoints.read), flat.count == 2
            else { throw Refusal("a point of the skeleton is not written x,y") }
            let visibility: Selector.Keypoint.Visibility =
                child.attributes["outside"] == "1"
                ? .absent : child.attributes["occluded"] == "1" ? .hidden : .visible
            let point = Selector.Keypoint(x: flat[0], y: flat[1], visibility: visibility)
            guard let name = child.attributes["label"], !name.isEmpty else {
                points.append(point)
                continue
            }
            add(name, to: className)
            guard byName.updateValue(point, forKey: name) == nil else {
                throw Refusal("the skeleton has the point \"\(name.prefix(40))\" twice")
            }
        }
        if byName.isEmpty { return points }
        guard points.isEmpty else { throw Refusal("some points of the skeleton have no label") }
        return (names[className] ?? []).map {
            byName[$0] ?? .init(x: 0, y: 0, visibility: .absent)
        }
    }

    /// The joints that the picture of a skeleton draws, by the numbers of its nodes.
    private static func joints(_ svg: String) -> [[Int64]] {
        func number(_ tag: Substring, _ name: String) -> Int64? {
            guard let mark = tag.firstRange(of: name + "=\"") else { return nil }
            return Int64(tag[mark.upperBound...].prefix { $0 != "\"" })
        }
        return svg.split(separator: "<").compactMap { tag in
            guard let from = number(tag, "data-node-from"), let to = number(tag, "data-node-to")
            else { return nil }
            return [from, to]
        }
    }
}
