import AnnotationFormats
import AnnotationModel
import FormatFixtures
import LabelText

/// What a dataset lost on its way through the files of a format.
struct RoundTrip {
    /// How far a coordinate may move, of its size: formats of text write so many digits.
    static let tolerance = 1e-9

    /// What is lost, in a few words each, in a fixed order.
    private(set) var losses: [String] = []
    private var counts: [String: Int] = [:]

    init(_ fixture: FormatFixture, _ reading: Reading) {
        compareItems(fixture.items, reading.items)
        compareLabels(fixture.labels, reading.labels)
        losses = counts.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }
    }

    private mutating func lose(_ what: String) { counts[what, default: 0] += 1 }

    private mutating func compareItems(_ before: [ItemRecord], _ after: [ItemRecord]) {
        let fields = Dictionary(after.map { ($0.key, $0.fields) }) { $0.merging($1) { $1 } }
        for item in before {
            guard let now = fields[item.key] else {
                lose("items without a label in the file")
                continue
            }
            let isExamined = item.fields["examined"] != nil && now["examined"] == nil
            if isExamined { lose("\"examined\" of items") }
            if item.fields.contains(where: { $0.key != "examined" && now[$0.key] != $0.value }) {
                lose("other fields of items")
            }
        }
        for key in fields.keys where !before.contains(where: { $0.key == key }) {
            lose("one item more, \"\(key)\"")
        }
    }

    private mutating func compareLabels(_ before: [LabelRecord], _ after: [LabelRecord]) {
        var open = after
        var missing: [LabelRecord] = []
        for label in before {
            guard let index = Self.match(label, open) else {
                if label.isRetracted { lose("retracted labels") } else { missing.append(label) }
                continue
            }
            let now = open.remove(at: index)
            if label.isRetracted != now.isRetracted { lose("that a label is retracted") }
            if now.className != label.className { lose("class") }
            if !Self.isSame(label.selector, now.selector) { lose("shape of a label") }
            if now.confidence != label.confidence { lose("confidence") }
            if now.author != label.author { lose("author") }
            if now.source != label.source { lose("source") }
            if label.attributes.contains(where: { !Self.isSame($0.value, now.attributes[$0.key]) })
            {
                lose("attributes")
            }
            if now.provenance?.id != label.provenance?.id { lose("id in the logs") }
        }
        // What is left on both sides with one class was written as another shape.
        for label in missing {
            let words = Self.words(label.selector)
            guard
                let index = open.firstIndex(where: {
                    $0.item == label.item && $0.className == label.className
                })
            else {
                lose("every \(words)")
                continue
            }
            lose("\(words) becomes \(Self.words(open.remove(at: index).selector))")
        }
        for _ in open { lose("labels that were not there before") }
    }

    /// The label that says the same, or else one of the same item with the same class or shape.
    private static func match(_ label: LabelRecord, _ open: [LabelRecord]) -> Int? {
        let near = open.indices.filter { open[$0].item == label.item }
        let isShape = { (index: Int) in isSame(label.selector, open[index].selector) }
        let isClass = { (index: Int) in label.className == open[index].className }
        let isAuthor = { (index: Int) in label.author == open[index].author }
        if let index = near.first(where: { isShape($0) && isClass($0) && isAuthor($0) }) {
            return index
        }
        if let index = near.first(where: { isShape($0) && isClass($0) }) { return index }
        if label.isRetracted { return nil }
        return near.first(where: isShape)
    }

    private static func words(_ selector: Selector) -> String {
        switch selector {
        case .track(let frames): "track of a \(frames.first?.selector.kindName ?? "nothing")"
        default: selector.kindName
        }
    }

    // MARK: Sameness

    static func isSame(_ left: Selector, _ right: Selector) -> Bool {
        if left == right { return true }
        guard left.kind == right.kind, let one = try? JSONValue(parsing: SelectorJSON.text(left)),
            let other = try? JSONValue(parsing: SelectorJSON.text(right))
        else { return false }
        return isSame(one, other)
    }

    private static func isSame(_ left: FieldValue, _ right: FieldValue?) -> Bool {
        if left == right { return true }
        guard let one = left.numberValue, let other = right?.numberValue else { return false }
        return one == other
    }

    private static func isSame(_ left: JSONValue, _ right: JSONValue) -> Bool {
        if let one = left.double, let other = right.double {
            return abs(one - other) <= tolerance * max(1, abs(one), abs(other))
        }
        switch (left, right) {
        case (.array(let one), .array(let other)):
            return one.count == other.count && zip(one, other).allSatisfy { isSame($0, $1) }
        case (.object(let one), .object(let other)):
            return one.count == other.count
                && one.allSatisfy { key, value in other[key].map { isSame(value, $0) } ?? false }
        default: return left == right
        }
    }
}
