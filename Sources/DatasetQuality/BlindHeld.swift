import AnnotationModel

/// Whether a company labelled as a blind dataset asks for: what it said of an item, until it had examined it, was
/// signed by changesets that had merged no other company's label of that item.
public struct BlindRow: Sendable, Equatable {
    /// The company.
    public let org: String
    /// The items that it judged.
    public package(set) var items = 0
    /// Those of which it had merged another company's label before.
    public package(set) var broken = 0
    /// The first of these.
    public package(set) var examples: [String] = []

    /// How many items are named.
    static let examplesMax = 20
}

extension QualityLabels {
    /// For each company, in how many items it was blind.
    func blindRows() -> [BlindRow] {
        var rows = raters.map { BlindRow(org: $0) }
        forEachItem { item, range in
            var said: [Int32: Awareness] = [:]
            var early: [Int32: Awareness] = [:]
            for place in range {
                let label = labels[place]
                Self.join(awareness[Int(label.awareness)], label.rater, &said)
                if label.early >= 0 { Self.join(awareness[Int(label.early)], label.rater, &early) }
            }
            for examination in examinations(of: item)
            where early[examination.rater] == nil && examination.awareness >= 0 {
                early[examination.rater] = awareness[Int(examination.awareness)]
            }
            for (rater, own) in early {
                let row = Int(rater)
                rows[row].items += 1
                guard said.contains(where: { $0.key != rater && own.saw($0.value) }) else {
                    continue
                }
                rows[row].broken += 1
                if rows[row].examples.count < BlindRow.examplesMax {
                    rows[row].examples.append(items[Int(item)])
                }
            }
        }
        return rows.filter { $0.items > 0 }
    }

    private static func join(
        _ more: Awareness, _ rater: Int32, _ sums: inout [Int32: Awareness]
    ) {
        if sums[rater] == nil { sums[rater] = more } else { sums[rater]?.join(more) }
    }
}
