import AnnotationModel
import Shapes

/// How likely what a file says now is said of a label that it said something else of before, where nothing but a place
/// in the file names labels: a line that was put in or removed moves all that follow.
package enum Likeness {
    /// What is said of a label.
    package struct Said {
        let className: String
        let selector: Selector
        /// Where in the file it stands.
        let place: String?

        package init(className: String, selector: Selector, place: String?) {
            (self.className, self.selector, self.place) = (className, selector, place)
        }
    }

    /// Beyond so many pairs only the place tells: an item has rarely that many labels that changed.
    private static let pairsMax = 1 << 16

    /// Pairs records of one item with what was said of it before, the likeliest first.
    ///
    /// - Parameters:
    ///   - isPlaceEnough: Whether one place is one label, whatever is said of it.
    ///   - mayBe: Whether a record may be about a label at all, by their indices.
    /// - Returns: For each record the index of the label, or nil for a new one.
    package static func pairs(
        _ records: [Said], _ known: [Said], isPlaceEnough: Bool = false,
        mayBe: (Int, Int) -> Bool = { _, _ in true }
    ) -> [Int?] {
        var found = [Int?](repeating: nil, count: records.count)
        let isByPlace = records.count > pairsMax / max(known.count, 1)
        var scored: [(score: Double, record: Int, known: Int)] = []
        if isByPlace {
            var places: [String: Int] = [:]
            for (index, said) in known.enumerated() { said.place.map { places[$0] = index } }
            for (index, said) in records.enumerated() {
                if let place = said.place, let other = places[place] {
                    scored.append((1, index, other))
                }
            }
        } else {
            for (index, said) in records.enumerated() {
                for (other, before) in known.enumerated() {
                    let score = score(said, before)
                    if score > 0 { scored.append((score, index, other)) }
                }
            }
        }
        var isTaken = [Bool](repeating: false, count: known.count)
        scored.sort { ($1.score, $0.record, $0.known) < ($0.score, $1.record, $1.known) }
        for pair in scored
        where found[pair.record] == nil && !isTaken[pair.known] && mayBe(pair.record, pair.known) {
            (found[pair.record], isTaken[pair.known]) = (pair.known, true)
        }
        let left = found.indices.filter { found[$0] == nil }
        func isOpen(_ record: Int, _ other: Int) -> Bool { !isTaken[other] && mayBe(record, other) }
        for record in left {
            let open = known.indices.filter { isOpen(record, $0) }
            // Where one thing is left of each, it is the one that was edited, however much.
            guard isPlaceEnough || left.count == 1 && open.count == 1,
                let other = open.first(where: { isSamePlace(records[record], known[$0]) })
            else { continue }
            (found[record], isTaken[other]) = (other, true)
        }
        return found
    }

    private static func isSamePlace(_ one: Said, _ other: Said) -> Bool {
        guard let place = one.place, let second = other.place else { return false }
        return place.hasSameBytes(as: second)
    }

    /// Zero for two that have nothing in common but their place: that alone makes no label another thing.
    private static func score(_ one: Said, _ other: Said) -> Double {
        let isSameClass = one.className.hasSameBytes(as: other.className)
        if one.selector == other.selector { return isSameClass ? 4 : 3 }
        let isSamePlace = isSamePlace(one, other)
        guard let bounds = one.selector.bounds, let second = other.selector.bounds else {
            // Of texts, times and links no overlap is known here.
            return isSamePlace ? isSameClass ? 2 : 1 : 0
        }
        let overlap = overlap(bounds, second)
        if overlap > 0 { return overlap + (isSameClass ? 1 : 0) + (isSamePlace ? 0.25 : 0) }
        return isSameClass && isSamePlace ? 0.125 : 0
    }

    /// The least overlap of bounds by which two shapes are nearly one.
    private static let nearMin = 0.7

    /// True for two shapes that lie almost at one place.
    package static func isNear(_ one: Selector, _ other: Selector) -> Bool {
        if case .track(let frames) = one, case .track(let second) = other {
            guard let seen = FrameTrack.seen(frames), let others = FrameTrack.seen(second),
                !seen.isEmpty
            else { return false }
            let shapes = Dictionary(
                others.map { ($0.time, $0.selector) }, uniquingKeysWith: { first, _ in first })
            let near = seen.count { frame in
                shapes[frame.time].map { isNear(frame.selector, $0) } ?? false
            }
            return Double(near) >= nearMin * Double(max(seen.count, others.count))
        }
        guard let bounds = one.bounds, let second = other.bounds else { return false }
        return isNear(bounds, second)
    }

    /// True for the bounds of two such shapes.
    package static func isNear(_ one: Selector.Box, _ other: Selector.Box) -> Bool {
        overlap(one, other) >= nearMin
    }

    /// The area that two boxes share, of the area that they cover together.
    private static func overlap(_ one: Selector.Box, _ other: Selector.Box) -> Double {
        let width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
        let height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
        guard width > 0, height > 0 else { return 0 }
        let shared = width * height
        return shared / (one.width * one.height + other.width * other.height - shared)
    }
}
