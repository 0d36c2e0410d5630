import AnnotationModel
import Shapes

/// The mean overlap of two moving shapes over the frames in which both are seen.
enum TrackOverlap {
    /// The most frames that are compared one by one; longer tracks are compared at their keyframes.
    static let framesMax = 65_536

    static func of(_ one: [Selector.Keyframe], _ other: [Selector.Keyframe]) -> Double {
        var (sum, count) = (0.0, 0)
        for time in times(one, other) {
            guard let a = selector(one, at: time), let b = selector(other, at: time),
                let shape = Shape(a), let against = Shape(b)
            else { continue }
            sum += shape.overlap(against)
            count += 1
        }
        return count == 0 ? 0 : sum / Double(count)
    }

    /// Every frame between the later beginning and the earlier end; of times that are no whole numbers, the
    /// keyframes' own.
    private static func times(
        _ one: [Selector.Keyframe], _ other: [Selector.Keyframe]
    ) -> [Double] {
        let keys = (one + other).map(\.time)
        let start = max(one.first?.time ?? 0, other.first?.time ?? 0)
        let end = min(one.last?.time ?? 0, other.last?.time ?? 0)
        guard start <= end else { return [] }
        if keys.allSatisfy({ $0.rounded() == $0 }), end - start < Double(framesMax) {
            return (0...Int(end - start)).map { start + Double($0) }
        }
        return Set(keys.filter { start <= $0 && $0 <= end }).sorted()
    }

    /// Where the thing is at a time; nil where it is not seen.
    private static func selector(_ frames: [Selector.Keyframe], at time: Double) -> Selector? {
        // The last keyframe that is not later.
        var (low, high) = (0, frames.count)
        while low < high {
            let middle = (low + high) / 2
            if frames[middle].time <= time { low = middle + 1 } else { high = middle }
        }
        guard low > 0, !frames[low - 1].isOutside else { return nil }
        let frame = frames[low - 1]
        guard low < frames.count, frame.time < time else {
            return frame.time == time ? frame.selector : nil
        }
        let next = frames[low]
        return Interpolation.selector(
            frame.selector, next.selector, at: (time - frame.time) / (next.time - frame.time))
    }
}
