import AnnotationModel
import LabelText
import Shapes

/// The flat shapes of a region, in percent of the image.
struct LabelStudioShape {
    typealias Size = (width: Double, height: Double)

    let region: JSONValue
    let value: JSONValue
    /// The size that is known of the item, for regions that say none.
    private let known: Size?

    init(region: JSONValue, value: JSONValue, _ known: Size? = nil) {
        (self.region, self.value, self.known) = (region, value, known)
    }

    /// True where percent stay percent: nothing says how large the pictures are.
    var isWithoutSize: Bool { (try? size()) == nil }

    private func size() throws(Refusal) -> Size {
        if region["original_width"] == nil, let known { return known }
        guard let width = region["original_width"]?.double, width > 0, width < 0x1p31,
            let height = region["original_height"]?.double, height > 0, height < 0x1p31
        else {
            throw Refusal(
                "original_width and original_height are missing; percent say nothing then")
        }
        return (width, height)
    }

    private func number(_ name: String, _ json: JSONValue? = nil) throws(Refusal) -> Double {
        guard let value = (json ?? value)[name]?.double else {
            throw Refusal("\(name) is missing or no number")
        }
        return value
    }

    func rectangle() throws(Refusal) -> Selector { try rectangle(value, try size()) }

    private func rectangle(
        _ value: JSONValue, _ size: Size
    ) throws(Refusal) -> Selector {
        let x = try number("x", value) / 100 * size.width
        let y = try number("y", value) / 100 * size.height
        let width = try number("width", value) / 100 * size.width
        let height = try number("height", value) / 100 * size.height
        guard width >= 0, height >= 0 else { throw Refusal("the rectangle has a negative size") }
        let degrees = value["rotation"]?.double ?? 0
        if degrees == 0 { return .box(.init(x: x, y: y, width: width, height: height)) }
        // The angle is about the top left corner; the centre moves on a circle around it.
        let angle = degrees * .pi / 180
        let (sine, cosine) = (Trigonometry.sine(angle), Trigonometry.cosine(angle))
        return .rotatedBox(
            .init(
                centerX: x + width / 2 * cosine - height / 2 * sine,
                centerY: y + width / 2 * sine + height / 2 * cosine, width: width, height: height,
                angle: angle))
    }

    func polygon() throws(Refusal) -> Selector {
        let size = try size()
        var ring: [Double] = []
        for point in value["points"]?.array ?? [.null] {
            guard let pair = point.doubles, pair.count == 2 else {
                throw Refusal("the points must be [x, y] pairs")
            }
            ring += [pair[0] / 100 * size.width, pair[1] / 100 * size.height]
        }
        Geometry.open(&ring)
        return .polygon([[ring]])
    }

    func keypoint() throws(Refusal) -> Selector {
        let size = try size()
        return .keypoints([
            .init(
                x: try number("x") / 100 * size.width, y: try number("y") / 100 * size.height,
                visibility: .visible)
        ])
    }

    func ellipse() throws(Refusal) -> Selector {
        let size = try size()
        return .ellipse(
            .init(
                centerX: try number("x") / 100 * size.width,
                centerY: try number("y") / 100 * size.height,
                width: try number("radiusX") / 50 * size.width,
                height: try number("radiusY") / 50 * size.height,
                angle: (value["rotation"]?.double ?? 0) * .pi / 180))
    }

    /// The frames of a track; one that cannot be read, or that stands there already, is told and left out.
    func track(_ leaveOut: (String) -> Void) throws(Refusal) -> Selector {
        // Without a size the numbers stay percent, which is said by a size of 100.
        let size = (try? size()) ?? (width: 100, height: 100)
        var frames: [Selector.Keyframe] = []
        let all = value["sequence"]?.array ?? []
        var entries: [(time: Double, place: Selector, isLast: Bool)] = []
        var times: Set<Double> = []
        for (index, entry) in all.enumerated() {
            do throws(Refusal) {
                let time = try number("frame", entry) - 1
                let place = try rectangle(entry, size)
                do { try place.validate() } catch { throw Refusal("\(error)") }
                guard times.insert(time).inserted else {
                    throw Refusal("the frame \(TextNumber.text(time + 1)) stands there twice")
                }
                entries.append((time, place, entry["enabled"]?.bool == false))
            } catch {
                if all.count == 1 { throw error }
                leaveOut("sequence[\(index)]: \(error.why); it was left out")
            }
        }
        entries.sort { $0.time < $1.time }
        for (index, (time, place, isLast)) in entries.enumerated() {
            frames.append(.init(time: time, selector: place))
            // A frame that is not enabled is the last one on which the object is seen.
            guard isLast else { continue }
            if index + 1 < entries.count, entries[index + 1].time <= time + 1 { continue }
            frames.append(.init(time: time + 1, selector: place, isOutside: true))
        }
        return .track(frames)
    }
}
