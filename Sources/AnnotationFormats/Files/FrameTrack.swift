import AnnotationModel

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

    /// Whether a frame in which the thing is seen is left to interpolation.
    static func interpolates(_ frames: [Selector.Keyframe]) -> Bool {
        zip(frames, frames.dropFirst()).contains { one, next in
            !one.isOutside && next.time - one.time > 1
        }
    }

    /// What such a format cannot say of a track, for the report.
    static func losses(_ frames: [Selector.Keyframe]) -> [String] {
        var losses: [String] = []
        if interpolates(frames) {
            losses.append("nothing is interpolated here: a track is written at its keyframes only")
        }
        if frames.last?.isOutside == true {
            losses.append("the frame from which on a track is out of sight for good is not written")
        }
        return losses
    }
}
