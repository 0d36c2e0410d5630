import AnnotationModel
import Shapes

extension LabelStudioBrush {
    /// The bits of a run's length, of which each run takes the smallest that holds it.
    private static let lengthSizes = [3, 4, 8, 16]

    static let tooLarge =
        "the mask has more pixels than so few runs are written out for, or than \(pixelsMax); export as coco"

    /// A mask as Label Studio's program packs it; nil where it is ``tooLarge``.
    ///
    /// All four channels of a pixel are 255 inside and 0 outside, in runs along the rows.
    static func packed(_ mask: Selector.Mask, _ report: inout ConversionReport) -> [UInt8]? {
        guard mask.width > 0, mask.height > 0, mask.width <= 1 << 20, mask.height <= 1 << 20,
            mask.width * mask.height <= pixelsMax,
            report.pixels.take(mask.width * mask.height, of: mask.counts.count)
        else { return nil }
        var bits = Writer()
        bits.write(4 * mask.width * mask.height, size: 32)
        bits.write(7, size: 5)
        for size in lengthSizes { bits.write(size - 1, size: 4) }
        for (index, run) in rows(mask).enumerated() {
            bits.append(run: 4 * run, of: index % 2 == 1 ? 255 : 0)
        }
        return bits.bytes
    }

    /// The runs along the rows, the first of them outside of the mask.
    private static func rows(_ mask: Selector.Mask) -> [Int] {
        var inside = [Bool](repeating: false, count: mask.width * mask.height)
        RunLengths.forEachStretch(of: mask) { column, rows in
            for row in rows { inside[row * mask.width + column] = true }
        }
        return CVATMask.mask(columns: inside, width: mask.height, height: mask.width).counts
            .map(Int.init)
    }

    private struct Writer {
        var bytes: [UInt8] = []
        private var free = 0

        mutating func write(_ value: Int, size: Int) {
            for place in (0..<size).reversed() {
                if free == 0 {
                    bytes.append(0)
                    free = 8
                }
                free -= 1
                bytes[bytes.count - 1] |= UInt8(value >> place & 1) << UInt8(free)
            }
        }

        /// One value repeated, in blocks of as many as the largest length says.
        mutating func append(run: Int, of value: Int) {
            var left = run
            while left > 0 {
                let block = min(left, 1 << 16)
                let index = LabelStudioBrush.lengthSizes.firstIndex { block <= 1 << $0 } ?? 3
                write(1, size: 1)
                write(index, size: 2)
                write(block - 1, size: LabelStudioBrush.lengthSizes[index])
                write(value, size: 8)
                left -= block
            }
        }
    }
}
