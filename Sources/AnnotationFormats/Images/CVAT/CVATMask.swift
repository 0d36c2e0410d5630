import AnnotationModel
import LabelText
import Shapes

/// CVAT's masks: runs along the rows of a box, zeros first.
enum CVATMask {
    static func mask(
        _ text: String, box: [Double], in size: (width: Double, height: Double)?
    ) throws(Refusal) -> Selector.Mask {
        guard let size else { throw Refusal("a mask needs the image's width and height") }
        let whole = box.compactMap { Int(exactly: $0) }
        let (width, height) = (Int(size.width), Int(size.height))
        guard whole.count == 4,
            case let (left, top, w, h) = (whole[0], whole[1], whole[2], whole[3]),
            left >= 0, top >= 0, w >= 1, h >= 1, w <= width, h <= height, left <= width - w,
            top <= height - h, width * height <= pixelsMax
        else {
            throw Refusal(
                "the mask's box leaves its image, or the image has more than \(pixelsMax) pixels")
        }
        var bits = [Bool](repeating: false, count: width * height)
        var position = 0
        var isOne = false
        for part in text.split(separator: ",") {
            guard let run = Int(XMLTree.trim(String(part))), run >= 0, run <= w * h - position
            else { throw Refusal("the mask's runs do not fit its box") }
            if isOne {
                for pixel in position..<(position + run) {
                    bits[(left + pixel % w) * height + top + pixel / w] = true
                }
            }
            position += run
            isOne.toggle()
        }
        guard position == w * h || (position < w * h && !isOne) || position > 0 else {
            throw Refusal("the mask has no runs")
        }
        guard position == w * h else {
            throw Refusal("the mask's runs cover \(position) of \(w * h) pixels")
        }
        return mask(columns: bits, width: width, height: height)
    }

    /// The most pixels of an image whose mask is turned from rows to columns in memory.
    static let pixelsMax = 1 << 27

    /// A mask from one flag a pixel, down the columns.
    static func mask(columns bits: [Bool], width: Int, height: Int) -> Selector.Mask {
        var counts: [UInt32] = []
        var last = false
        var run: UInt32 = 0
        for bit in bits {
            if bit == last {
                run += 1
            } else {
                counts.append(run)
                (last, run) = (bit, 1)
            }
        }
        counts.append(run)
        return .init(width: width, height: height, counts: counts)
    }

    /// The runs of a mask along the rows of its box; nil for an empty or too large one.
    static func runs(
        _ mask: Selector.Mask, _ report: inout ConversionReport
    ) -> (text: String, box: Selector.Box)? {
        let box = RunLengths.bounds(mask)
        let (left, top) = (Int(box.x), Int(box.y))
        let (width, height) = (Int(box.width), Int(box.height))
        guard width > 0, height > 0 else { return nil }
        if RunLengths.area(mask) == width * height { return ("0, \(width * height)", box) }
        guard width * height <= pixelsMax,
            report.pixels.take(width * height, of: mask.counts.count)
        else { return nil }
        var bits = [Bool](repeating: false, count: width * height)
        RunLengths.forEachStretch(of: mask) { column, rows in
            for row in rows { bits[(row - top) * width + column - left] = true }
        }
        let runs = Self.mask(columns: bits, width: height, height: width).counts
        return (runs.map(String.init).joined(separator: ", "), box)
    }
}
