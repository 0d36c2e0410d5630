/// An open line, ready to be compared with others.
///
/// Two lines are the same as far as they run beside each other: each is walked in steps of one length, and a step lies
/// upon the other line where its middle is no farther from it than a tolerance. What is common is the mean of both
/// lengths that lie upon the other; divided by what is of either this is the *quality* of Heipke, Mayer, Wiedemann and
/// Jamet (1997), which measured extracted roads so. In which direction a line was drawn does not matter.
struct Line: Sendable {
    /// Its points: x, y, x, y….
    let points: [Double]
    /// Its length.
    private let length: Double
    /// The ends of the steps, all of one length: x, y, x, y….
    private let steps: [Double]
    /// The diagonal of the smallest upright box around it.
    private let diagonal: Double

    /// How many steps a line is walked in: its cost to others does not depend on how many points somebody gave it.
    static let stepCount = 64
    /// How far apart two lines may lie that mean the same one, where nothing else is said: in proportion to the
    /// diagonal of the box around both.
    static let tolerance = 0.05

    /// The line through points; nil if they are no points of a plane.
    init?(_ points: [Double]) {
        guard points.count >= 2, points.count.isMultiple(of: 2), points.allSatisfy(\.isFinite)
        else {
            return nil
        }
        self.points = points
        (length, steps) = Self.walked(points)
        diagonal = Self.diagonal([points])
    }

    /// How far beyond its box another line may lie that has anything in common with it.
    ///
    /// The box around both has no longer diagonal than both of their own and the gap together, so half of the gap of
    /// the farthest lines lies within this of either.
    var reach: Double { diagonal * Self.tolerance / (1 - Self.tolerance) }

    /// What both have in common over what is of either.
    ///
    /// - Parameter near: The tolerance; in proportion to the size of both if it is left out.
    func overlap(_ other: Line, near: Double?) -> Double {
        let within = near ?? Self.diagonal([points, other.points]) * Self.tolerance
        guard length > 0, other.length > 0 else {
            let isSame =
                length == other.length
                && Self.isNear(points[0], points[1], [other.points[0], other.points[1]], near ?? 0)
            return isSame ? 1 : 0
        }
        let common =
            (length * share(upon: other, within) + other.length * other.share(upon: self, within))
            / 2
        return common / (length + other.length - common)
    }

    /// Which part of the length lies upon another line.
    private func share(upon other: Line, _ within: Double) -> Double {
        var count = 0
        for step in 0..<Self.stepCount {
            let x = (steps[2 * step] + steps[2 * step + 2]) / 2
            let y = (steps[2 * step + 1] + steps[2 * step + 3]) / 2
            if Self.isNear(x, y, other.steps, within) { count += 1 }
        }
        return Double(count) / Double(Self.stepCount)
    }

    private static func isNear(
        _ x: Double, _ y: Double, _ line: [Double], _ within: Double
    ) -> Bool {
        if line.count == 2 { return square(x - line[0], y - line[1]) <= within * within }
        for index in stride(from: 0, to: line.count - 3, by: 2) {
            let (dx, dy) = (line[index + 2] - line[index], line[index + 3] - line[index + 1])
            let (px, py) = (x - line[index], y - line[index + 1])
            let whole = square(dx, dy)
            let along = whole > 0 ? min(1, max(0, (px * dx + py * dy) / whole)) : 0
            if square(px - along * dx, py - along * dy) <= within * within { return true }
        }
        return false
    }

    private static func square(_ x: Double, _ y: Double) -> Double { x * x + y * y }

    private static func diagonal(_ lines: [[Double]]) -> Double {
        var (left, top) = (Double.infinity, Double.infinity)
        var (right, bottom) = (-Double.infinity, -Double.infinity)
        for points in lines {
            for index in stride(from: 0, to: points.count - 1, by: 2) {
                (left, right) = (min(left, points[index]), max(right, points[index]))
                (top, bottom) = (min(top, points[index + 1]), max(bottom, points[index + 1]))
            }
        }
        return square(right - left, bottom - top).squareRoot()
    }

    /// The length of a line, and the ends of its steps.
    private static func walked(_ points: [Double]) -> (length: Double, steps: [Double]) {
        var ends = [0.0]
        for index in stride(from: 2, to: points.count, by: 2) {
            let piece = square(
                points[index] - points[index - 2], points[index + 1] - points[index - 1])
            ends.append((ends.last ?? 0) + piece.squareRoot())
        }
        let length = ends.last ?? 0
        guard length > 0, length.isFinite else { return (0, [points[0], points[1]]) }
        var steps: [Double] = []
        steps.reserveCapacity(2 * stepCount + 2)
        var piece = 0
        for step in 0...stepCount {
            let wanted = length * Double(step) / Double(stepCount)
            while piece + 2 < ends.count, ends[piece + 1] < wanted { piece += 1 }
            let (from, to) = (ends[piece], ends[piece + 1])
            let part = to > from ? min(1, max(0, (wanted - from) / (to - from))) : 0
            for axis in 0...1 {
                let (a, b) = (points[2 * piece + axis], points[2 * piece + 2 + axis])
                steps.append(a + (b - a) * part)
            }
        }
        return (length, steps)
    }
}
