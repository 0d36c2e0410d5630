import AnnotationModel

/// Alternatives from best to worst, ready to be compared with what others prefer.
///
/// Two rankings are the same as far as they put pairs of alternatives in one order (Kendall 1938). A pair that both
/// order alike, or hold both to be equal, counts 1; one that only one of them holds to be equal counts a half (Fagin,
/// Kumar, Mahdian, Sivakumar, Vee 2004, with the penalty 1/2); one of which a ranking lacks an alternative, 0.
struct Ranking: Sendable {
    /// The place of each alternative, the best first; those of one group have the same.
    private let places: ByteMap<Int>

    /// The most alternatives that are compared pair by pair; what has more is the same or not.
    static let alternativesMax = 256

    /// A ranking; nil if it names more alternatives than are compared, or one of them twice.
    init?(_ groups: [[String]]) {
        guard groups.reduce(0, { $0 + $1.count }) <= Self.alternativesMax else { return nil }
        var places: ByteMap<Int> = [:]
        for (place, group) in groups.enumerated() {
            for name in group {
                if places[name] != nil { return nil }
                places[name] = place
            }
        }
        self.places = places
    }

    /// The share of pairs that both order alike.
    func agreement(_ other: Ranking) -> Double {
        var (mine, theirs): ([Int], [Int]) = ([], [])
        for (name, place) in places {
            guard let there = other.places[name] else { continue }
            mine.append(place)
            theirs.append(there)
        }
        let all = places.count + other.places.count - mine.count
        // One alternative is in no order, and the same or not.
        guard all > 1 else { return mine.count == all ? 1 : 0 }
        // Halves are whole numbers here, so that the order of pairs changes no digit.
        var halves = 0
        for one in mine.indices {
            for two in mine.indices[(one + 1)...] {
                let order = (mine[one] - mine[two]).signum()
                let there = (theirs[one] - theirs[two]).signum()
                halves += order == there ? 2 : order == 0 || there == 0 ? 1 : 0
            }
        }
        return Double(halves) / Double(all * (all - 1))
    }
}
