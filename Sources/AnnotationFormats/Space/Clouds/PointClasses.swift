import AnnotationModel
import LabelText

/// Gathers the points of each class of a cloud, and hands them over in labels that fit a log's entry.
///
/// A label set refers to points by index. A class with more points than one label holds becomes several
/// labels, cut at fixed places, so the same cloud gives the same labels again. The external id is the path
/// of the cloud, `#`, the class, with `:` and the instance where there is one, and `/` and the
/// number of the part from the second on.
struct PointClasses {
    /// The most bytes of indices in one label; the selector's own limit leaves room around it.
    static let partBytesMax = 40_000
    /// The most pairs of class and instance in one cloud: beyond that the field holds no classes.
    static let keysMax = 65_536

    /// A class, and one object of that class.
    struct Key: Hashable {
        var number: UInt64
        var instance: UInt64?
    }

    private struct Part {
        var indices: [UInt64] = []
        var bytes = 0
        var number = 0
    }

    let item: String
    /// The path that external ids begin with.
    let path: String
    let className: (UInt64) -> String
    private var parts: [Key: Part] = [:]

    init(item: String, path: String, className: @escaping (UInt64) -> String) {
        (self.item, self.path, self.className) = (item, path, className)
    }

    /// Adds the next point of the cloud; false where there are too many classes.
    mutating func add(_ index: UInt64, _ key: Key, into sink: EventSink) throws -> Bool {
        if parts[key] == nil, parts.count == Self.keysMax { return false }
        let step = index - (parts[key]?.indices.last ?? 0)
        let size = max(1, (70 - step.leadingZeroBitCount) / 7)
        if let part = parts[key], part.bytes + size > Self.partBytesMax {
            try flush(key, into: sink)
        }
        parts[key, default: Part()].indices.append(index)
        parts[key]?.bytes += size
        return true
    }

    static func externalID(
        _ path: String, _ className: String, _ instance: UInt64?, part: Int
    ) -> String {
        "\(path)#\(className)" + (instance.map { ":\($0)" } ?? "") + (part > 1 ? "/\(part)" : "")
    }

    private mutating func flush(_ key: Key, into sink: EventSink) throws {
        guard let part = parts[key], !part.indices.isEmpty else { return }
        let number = part.number + 1
        let name = className(key.number)
        let id = Self.externalID(path, name, key.instance, part: number)
        var label = LabelRecord(
            item: item, className: name, selector: .pointSet(part.indices),
            externalID: id)
        if let instance = key.instance {
            label.attributes["instance"] =
                Int64(exactly: instance).map { .integer($0) } ?? .text(String(instance))
        }
        try Emit.label(label, at: id, into: sink)
        parts[key] = Part(number: number)
    }

    /// Hands over what is left, classes in ascending order.
    mutating func finish(into sink: EventSink) throws {
        let keys = parts.keys.sorted {
            ($0.number, $0.instance ?? 0) < ($1.number, $1.instance ?? 0)
        }
        for key in keys { try flush(key, into: sink) }
    }
}
