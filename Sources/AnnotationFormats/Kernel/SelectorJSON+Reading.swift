import AnnotationModel
import LabelText

extension SelectorJSON {
    /// Why an object is no selector: the member at fault, and what is wrong.
    public struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
        /// What is wrong.
        public let description: String

        init(_ description: String) { self.description = description }
    }

    /// Reads one selector and checks that it describes something and fits the log.
    public static func selector(_ json: JSONValue) throws(Problem) -> Selector {
        let selector = try unchecked(json, depth: 0)
        if case .box(let box) = selector {
            guard box.width >= 0, box.height >= 0 else {
                throw Problem("the box has a negative size; write the corner and the size")
            }
            return selector
        }
        if let problem = RecordRule.sizeProblem(selector) { throw Problem(problem) }
        do {
            try selector.validate()
        } catch {
            throw Problem("\(error)")
        }
        return selector
    }

    private static func unchecked(_ json: JSONValue, depth: Int) throws(Problem) -> Selector {
        guard depth <= Selector.depthMax else {
            throw Problem("selectors are nested deeper than \(Selector.depthMax) levels")
        }
        guard case .object(let members) = json else {
            throw Problem("a selector is a JSON object such as {\"kind\":\"wholeItem\"}")
        }
        var reader = Members(members: members, depth: depth)
        let name = try reader.text("kind")
        guard let kind = Selector.Kind(rawValue: name) else {
            let known = Selector.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem(
                "no kind of selector is called \"\(name.prefix(40))\"; use one of \(known)")
        }
        let selector = try reader.selector(kind)
        if let extra = reader.members.keys.min() {
            throw Problem("a \(name) has no member \"\(extra.prefix(40))\"")
        }
        return selector
    }

    /// The members of one object that were not read yet.
    private struct Members {
        var members: ByteMap<JSONValue>
        let depth: Int

        mutating func selector(_ kind: Selector.Kind) throws(Problem) -> Selector {
            switch kind {
            case .wholeItem: .wholeItem
            case .box:
                .box(
                    .init(
                        x: try number("x"), y: try number("y"), width: try number("width"),
                        height: try number("height")))
            case .rotatedBox: .rotatedBox(try rotatedBox())
            case .ellipse: .ellipse(try rotatedBox())
            case .polygon: .polygon(try polygon())
            case .polyline: .polyline(try numbers("points"))
            case .keypoints: .keypoints(try keypoints())
            case .mask: .mask(try mask())
            case .blob: try blob()
            case .cuboid:
                .cuboid(
                    .init(
                        center: try numbers("center", count: 3),
                        size: try numbers("size", count: 3),
                        rotation: try numbers("rotation", count: 4)))
            case .pointSet: .pointSet(try indices())
            case .interval:
                .interval(
                    start: try number("start"), end: try number("end"),
                    channels: try texts("channels"))
            case .textSpan:
                .textSpan(
                    start: try whole("start"), end: try whole("end"),
                    quote: try optionalText("quote"))
            case .cells:
                .cells(
                    rowStart: try whole("rowStart"), rowEnd: try whole("rowEnd"),
                    columns: try texts("columns"))
            case .graph: .graph(kind: try text("elementKind"), elements: try texts("elements"))
            case .track: .track(try keyframes())
            case .relation:
                .relation(
                    kind: try text("relation"), from: try targets("from"), to: try targets("to"))
            case .preference: .preference(try groups())
            case .targets: .targets(try targets("targets"))
            case .all: .all(try selectors())
            }
        }

        private mutating func rotatedBox() throws(Problem) -> Selector.RotatedBox {
            .init(
                centerX: try number("centerX"), centerY: try number("centerY"),
                width: try number("width"), height: try number("height"), angle: try number("angle")
            )
        }

        private mutating func polygon() throws(Problem) -> [[[Double]]] {
            var parts: [[[Double]]] = []
            for part in try array("parts") {
                guard let rings = part.array else {
                    throw Problem("\"parts\" holds lists of rings")
                }
                var read: [[Double]] = []
                for ring in rings { read.append(try Self.numbers(ring, "parts")) }
                parts.append(read)
            }
            return parts
        }

        private mutating func keypoints() throws(Problem) -> [Selector.Keypoint] {
            var points: [Selector.Keypoint] = []
            for point in try array("points") {
                let triple = try Self.numbers(point, "points")
                guard triple.count == 3, let flag = UInt8(exactly: triple[2]),
                    let visibility = Selector.Keypoint.Visibility(rawValue: flag)
                else { throw Problem("a keypoint is [x, y, visibility of 0, 1 or 2]") }
                points.append(.init(x: triple[0], y: triple[1], visibility: visibility))
            }
            return points
        }

        private mutating func mask() throws(Problem) -> Selector.Mask {
            var counts: [UInt32] = []
            for count in try array("counts") {
                guard let value = count.integer, let run = UInt32(exactly: value) else {
                    throw Problem("\"counts\" holds whole numbers of 0 or more")
                }
                counts.append(run)
            }
            let (width, height) = (try whole("width"), try whole("height"))
            guard (0...1 << 20).contains(width), (0...1 << 20).contains(height) else {
                throw Problem("a mask of \(width) x \(height) pixels is out of range")
            }
            return .init(width: Int(width), height: Int(height), counts: counts)
        }

        private mutating func blob() throws(Problem) -> Selector {
            guard let sha256 = Hexadecimal.bytes(try text("sha256")), sha256.count == 32 else {
                throw Problem("\"sha256\" is 64 lower-case hexadecimal digits")
            }
            let byteCount = try whole("byteCount")
            return .blob(sha256: sha256, byteCount: byteCount, mediaType: try text("mediaType"))
        }

        private mutating func indices() throws(Problem) -> [UInt64] {
            var indices: [UInt64] = []
            for element in try array("indices") {
                let index = element.integer.flatMap { UInt64(exactly: $0) }
                guard let index = index ?? element.string.flatMap({ UInt64($0) }),
                    index > indices.last ?? 0 || indices.isEmpty
                else { throw Problem("\"indices\" holds ascending whole numbers of 0 or more") }
                indices.append(index)
            }
            return indices
        }

        private mutating func keyframes() throws(Problem) -> [Selector.Keyframe] {
            var frames: [Selector.Keyframe] = []
            for frame in try array("keyframes") {
                guard case .object(let object) = frame else {
                    throw Problem("\"keyframes\" holds objects with a time and a selector")
                }
                var reader = Members(members: object, depth: depth)
                let time = try reader.number("time")
                let selector = try reader.nested("selector")
                var isOutside = false
                if let flag = reader.members.removeValue(forKey: "outside") {
                    guard case .bool(let value) = flag else {
                        throw Problem("\"outside\" is true or false")
                    }
                    isOutside = value
                }
                try reader.finish("keyframe")
                frames.append(.init(time: time, selector: selector, isOutside: isOutside))
            }
            return frames
        }

        private mutating func targets(_ key: String) throws(Problem) -> [Selector.Target] {
            var targets: [Selector.Target] = []
            for target in try array(key) {
                guard case .object(let object) = target else {
                    throw Problem("\"\(key)\" holds objects with an item or an annotation")
                }
                var reader = Members(members: object, depth: depth)
                let reference: Selector.Target.Reference
                switch (try reader.optionalText("item"), try reader.optionalText("annotation")) {
                case (.some(let item), .none): reference = .item(item)
                case (.none, .some(let id)): reference = .annotation(id)
                default: throw Problem("a target names either an item or an annotation")
                }
                let role = try reader.optionalText("role") ?? ""
                let selector =
                    reader.members["selector"] == nil ? .wholeItem : try reader.nested("selector")
                try reader.finish("target")
                targets.append(.init(reference, role: role, selector: selector))
            }
            return targets
        }

        private mutating func groups() throws(Problem) -> [[String]] {
            var groups: [[String]] = []
            for group in try array("groups") { groups.append(try Self.texts(group, "groups")) }
            return groups
        }

        private mutating func selectors() throws(Problem) -> [Selector] {
            var selectors: [Selector] = []
            for element in try array("selectors") {
                selectors.append(try SelectorJSON.unchecked(element, depth: depth + 1))
            }
            return selectors
        }

        private mutating func nested(_ key: String) throws(Problem) -> Selector {
            try SelectorJSON.unchecked(try take(key), depth: depth + 1)
        }

        private func finish(_ what: String) throws(Problem) {
            if let extra = members.keys.min() {
                throw Problem("a \(what) has no member \"\(extra.prefix(40))\"")
            }
        }

        private mutating func take(_ key: String) throws(Problem) -> JSONValue {
            guard let value = members.removeValue(forKey: key) else {
                throw Problem("the member \"\(key)\" is missing")
            }
            return value
        }

        mutating func text(_ key: String) throws(Problem) -> String {
            guard let text = try take(key).string else { throw Problem("\"\(key)\" is a text") }
            return text
        }

        private mutating func optionalText(_ key: String) throws(Problem) -> String? {
            members[key] == nil ? nil : try text(key)
        }

        private mutating func number(_ key: String) throws(Problem) -> Double {
            guard let value = try take(key).double else { throw Problem("\"\(key)\" is a number") }
            return value
        }

        private mutating func whole(_ key: String) throws(Problem) -> Int64 {
            guard let value = try take(key).integer, value >= 0 else {
                throw Problem("\"\(key)\" is a whole number of 0 or more")
            }
            return value
        }

        private mutating func array(_ key: String) throws(Problem) -> [JSONValue] {
            guard let elements = try take(key).array else { throw Problem("\"\(key)\" is a list") }
            return elements
        }

        private mutating func numbers(
            _ key: String, count: Int? = nil
        ) throws(Problem) -> [Double] {
            let values = try Self.numbers(try take(key), key)
            if let count, values.count != count {
                throw Problem("\"\(key)\" holds \(values.count) numbers instead of \(count)")
            }
            return values
        }

        private mutating func texts(_ key: String) throws(Problem) -> [String] {
            try Self.texts(try take(key), key)
        }

        private static func numbers(_ json: JSONValue, _ key: String) throws(Problem) -> [Double] {
            var numbers: [Double] = []
            for element in json.array ?? [.null] {
                guard let number = element.double else {
                    throw Problem("\"\(key)\" holds something else than lists of numbers")
                }
                numbers.append(number)
            }
            return numbers
        }

        private static func texts(_ json: JSONValue, _ key: String) throws(Problem) -> [String] {
            var texts: [String] = []
            for element in json.array ?? [.null] {
                guard let text = element.string else {
                    throw Problem("\"\(key)\" holds something else than texts")
                }
                texts.append(text)
            }
            return texts
        }
    }
}
