/// Finds the name that somebody meant.
public enum NearestName {
    /// Longer names are compared for equality only: the comparison takes the product of their lengths.
    package static let comparedScalarsMax = 128

    /// A name without case, punctuation and spaces: `Open_Circuit` and `open circuit` are one.
    public static func folded(_ name: String) -> String {
        String(
            String.UnicodeScalarView(
                name.lowercased().unicodeScalars.filter {
                    $0.properties.isAlphabetic || $0.properties.numericType != nil
                        || $0.properties.generalCategory == .nonspacingMark
                        || $0.properties.generalCategory == .spacingMark
                }))
    }

    /// The candidate that differs from a name by the fewest edits: at most one in three letters.
    ///
    /// - Returns: Nil where no candidate is near, or where two are equally near.
    public static func nearest(
        to name: String, in candidates: some Sequence<String>
    ) -> String? {
        nearest(to: name, in: candidates.map(Candidate.init))
    }

    /// A name made ready for many comparisons.
    package struct Candidate: Sendable {
        package let name: String
        package let scalars: [Unicode.Scalar]

        package init(_ name: String) { (self.name, scalars) = (name, NearestName.scalars(name)) }
    }

    /// As above, with candidates that are asked for often.
    package static func nearest(to name: String, in candidates: [Candidate]) -> String? {
        let wanted = scalars(name)
        guard (1...comparedScalarsMax).contains(wanted.count) else { return nil }
        var best: (name: String, distance: Int)?
        var isTied = false
        for candidate in candidates {
            let other = candidate.scalars
            let limit = min(best?.distance ?? .max, max(wanted.count, other.count) / 3)
            guard other.count <= comparedScalarsMax, limit > 0 || wanted == other,
                abs(other.count - wanted.count) <= limit
            else { continue }
            let found = distance(wanted, other)
            guard found <= limit else { continue }
            isTied = best.map { $0.distance == found && $0.name != candidate.name } ?? false
            best = (candidate.name, found)
        }
        return isTied ? nil : best?.name
    }

    private static func scalars(_ name: String) -> [Unicode.Scalar] {
        Array(folded(name).unicodeScalars)
    }

    /// Insertions, deletions, replacements and exchanges of neighbours (optimal string alignment).
    package static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, scalar) in left.enumerated() {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for (column, other) in right.enumerated() {
                var cost = min(
                    last[column] + (scalar == other ? 0 : 1), last[column + 1] + 1,
                    current[column] + 1)
                if row > 0, column > 0, scalar == right[column - 1], left[row - 1] == other {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
