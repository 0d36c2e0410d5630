import AnnotationModel
import LabelText
import Shapes

/// Writes objects of several polygons, or with holes, by the convention of the format.
enum PartSplitter {
    /// Hands over what stands for a label in a format that has single rings only.
    static func split(
        _ label: LabelRecord, _ rule: FormatProfile.Parts, keepsHoles: Bool,
        _ survey: WriteSurvey, _ group: inout Int64, _ report: inout ConversionReport,
        _ body: (LabelRecord) throws -> Void
    ) throws {
        guard rule != .kept, !label.isRetracted, case .polygon(let parts) = label.selector,
            parts.count > 1 || parts.contains(where: { $0.count > 1 })
        else { return try body(label) }
        let hasHoles = parts.contains { $0.count > 1 }
        var written = label
        if rule == .bitmap || hasHoles && !keepsHoles, let mask = mask(parts, label.item, survey) {
            report.lose(
                "objects of several polygons, or with holes, were written as bitmaps",
                example: label.item)
            written.selector = .mask(mask)
            return try body(written)
        }
        switch rule {
        case .kept, .bitmap: try body(label)
        case .joined:
            report.lose(
                "objects of several polygons, or with holes, were written as one ring, joined by lines "
                    + "of no width", example: label.item)
            written.selector = .polygon([[Geometry.joined(parts)]])
            try body(written)
        case .grouped(let attribute):
            if hasHoles, !keepsHoles {
                report.lose(
                    "holes have no place here, and the image's size is not known, which a bitmap needs",
                    example: label.item)
            }
            if parts.count > 1, label.attributes[attribute] == nil {
                group += 1
                written.attributes[attribute] = .integer(group)
            }
            for part in parts {
                written.selector = .polygon([keepsHoles ? part : Array(part.prefix(1))])
                try body(written)
            }
        }
    }

    private static func mask(
        _ parts: [[[Double]]], _ item: String, _ survey: WriteSurvey
    ) -> Selector.Mask? {
        guard survey.hasBitmaps, let size = survey.sizes[item], size.width > 0,
            Int64(size.width) <= RunLengths.sideMax, Int64(size.height) <= RunLengths.sideMax,
            Int64(size.width) * Int64(size.height) <= Int64(CVATMask.pixelsMax)
        else { return nil }
        return RunLengths.raster(parts, width: Int(size.width), height: Int(size.height))
    }
}

/// Makes one label of the polygons that a format's files keep together by a group.
///
/// Polygons are parts of one object where they have one group, class, author and confidence and the same
/// attributes; what else is in a group stays as it is.
struct PartJoiner {
    /// The most labels of one item that wait to be joined.
    private static let waitingMax = 1 << 16

    let attribute: String
    private var waiting: [LabelRecord] = []
    private var joined = 0

    init(attribute: String) { self.attribute = attribute }

    mutating func pass(_ event: FormatEvent, into sink: EventSink) throws {
        guard case .annotation(let label) = event else {
            if case .item = event { try flush(into: sink) }
            return try sink(event)
        }
        if let first = waiting.first,
            !first.item.hasSameBytes(as: label.item) || waiting.count >= Self.waitingMax
        {
            try flush(into: sink)
        }
        waiting.append(label)
    }

    mutating func finish(into sink: EventSink) throws {
        try flush(into: sink)
        guard joined > 0 else { return }
        try sink(
            .note(
                where: "groups",
                why:
                    "\(joined) polygons are parts of objects whose other parts have the same class and "
                    + "group (\(attribute)); each object is one label"))
    }

    private mutating func flush(into sink: EventSink) throws {
        let labels = waiting
        waiting.removeAll(keepingCapacity: true)
        var found: [LabelRecord] = []
        var byGroup: [FieldValue: [Int]] = [:]
        for label in labels {
            guard case .polygon(let parts) = label.selector,
                let group = label.attributes[attribute]
            else {
                found.append(label)
                continue
            }
            let index = byGroup[group]?.first { Self.isPart(label, of: found[$0]) }
            if let index, case .polygon(let others) = found[index].selector,
                case let whole = Selector.polygon(others + parts),
                RecordRule.sizeProblem(whole) == nil
            {
                found[index].selector = whole
                joined += 1
                continue
            }
            byGroup[group, default: []].append(found.count)
            found.append(label)
        }
        for label in found { try sink(.annotation(label)) }
    }

    private static func isPart(_ label: LabelRecord, of other: LabelRecord) -> Bool {
        var same = label
        (same.selector, same.externalID) = (other.selector, other.externalID)
        return same == other
    }
}

extension Geometry {
    /// One ring around all parts, with lines of no width to the other parts and to the holes.
    static func joined(_ parts: [[[Double]]]) -> [Double] {
        var whole: [Double] = []
        for part in parts {
            for (index, ring) in part.enumerated() {
                // A hole runs the other way round, so that it stays out however areas are filled.
                let turned = index > 0 && isClockwise(ring) == isClockwise(part[0])
                whole = bridged(whole, turned ? reversed(ring) : ring)
            }
        }
        return whole
    }

    private static func isClockwise(_ ring: [Double]) -> Bool {
        var sum = 0.0
        for index in stride(from: 0, to: ring.count - 1, by: 2) {
            let next = index + 2 >= ring.count ? 0 : index + 2
            sum += ring[index] * ring[next + 1] - ring[next] * ring[index + 1]
        }
        return sum > 0
    }

    private static func reversed(_ ring: [Double]) -> [Double] {
        stride(from: ring.count - 2, through: 0, by: -2).flatMap { [ring[$0], ring[$0 + 1]] }
    }

    /// The most pairs of points that are compared to find the shortest line.
    private static let pairsMax = 1 << 22

    private static func bridged(_ whole: [Double], _ ring: [Double]) -> [Double] {
        if whole.isEmpty { return ring }
        var best = (distance: Double.infinity, from: 0, to: 0)
        let step = max(2, 2 * (whole.count / 2 * (ring.count / 2) / pairsMax + 1))
        for from in stride(from: 0, to: whole.count - 1, by: step) {
            for to in stride(from: 0, to: ring.count - 1, by: 2) {
                let (x, y) = (whole[from] - ring[to], whole[from + 1] - ring[to + 1])
                let distance = x * x + y * y
                if distance < best.distance { best = (distance, from, to) }
            }
        }
        return Array(whole[...(best.from + 1)]) + Array(ring[best.to...])
            + Array(ring[..<(best.to + 2)]) + Array(whole[best.from...])
    }
}
