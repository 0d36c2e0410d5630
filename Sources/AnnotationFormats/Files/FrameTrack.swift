import AnnotationModel
import Shapes

/// Tracks in formats that write down every frame in which a thing is seen, and nothing in between.
enum FrameTrack {
    /// Appends a frame; where frames are missing before it, the thing was out of sight.
    static func append(
        _ frame: Int64, _ selector: Selector, to frames: inout [Selector.Keyframe]
    ) {
        if let last = frames.last, Double(frame) > last.time + 1 {
            frames.append(.init(time: last.time + 1, selector: last.selector, isOutside: true))
        }
        frames.append(.init(time: Double(frame), selector: selector))
    }

    /// The most frames of a track that are written out.
    static let framesMax = 1 << 20

    /// The frames in which the thing is seen; nil also where the export has written out too many frames of others.
    static func seen(
        _ frames: [Selector.Keyframe], _ report: inout ConversionReport
    ) -> [Selector.Keyframe]? {
        guard let span = span(frames), report.frames.take(span, of: frames.count) else {
            return nil
        }
        return seen(frames)
    }

    /// How many frames lie from each keyframe on which the thing is seen to the next; nil beyond ``framesMax``.
    private static func span(_ frames: [Selector.Keyframe]) -> Int? {
        var span = 0.0
        for (frame, next) in zip(frames, frames.dropFirst()) where !frame.isOutside {
            span += max(1, next.time - frame.time)
        }
        return span <= Double(framesMax) ? Int(span) : nil
    }

    /// The frames in which the thing is seen, those between two keyframes interpolated.
    ///
    /// Nil for a track over so many frames that writing each of them out is no one's intent. Keyframes that do
    /// not lie on whole numbers stay as they are, for the writer to refuse.
    static func seen(_ frames: [Selector.Keyframe]) -> [Selector.Keyframe]? {
        var found: [Selector.Keyframe] = []
        for (index, frame) in frames.enumerated() where !frame.isOutside {
            found.append(frame)
            guard index + 1 < frames.count, let first = Int64(exactly: frame.time),
                let next = Int64(exactly: frames[index + 1].time)
            else { continue }
            // Two times may lie further apart than any whole number reaches.
            let (count, isBeyond) = next.subtractingReportingOverflow(first)
            guard !isBeyond, count <= framesMax, found.count + Int(count) <= framesMax else {
                return nil
            }
            if count <= 1 { continue }
            for step in 1..<count {
                let selector = Interpolation.selector(
                    frame.selector, frames[index + 1].selector, at: Double(step) / Double(count))
                found.append(.init(time: Double(first + step), selector: selector))
            }
        }
        return found
    }

    /// What such a format cannot say of a track, for the report.
    static func losses(_ frames: [Selector.Keyframe]) -> [String] {
        var losses: [String] = []
        let interpolates = zip(frames, frames.dropFirst()).contains { one, next in
            !one.isOutside && next.time - one.time > 1
        }
        if interpolates {
            losses.append("frames between keyframes were interpolated and written out")
        }
        if frames.last?.isOutside == true {
            losses.append("the frame from which on a track is out of sight for good is not written")
        }
        return losses
    }

    static let tooLong =
        "the track spans more frames than are written one by one; give it more keyframes, or export as jsonl"
}
