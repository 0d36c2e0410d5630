import AnnotationModel
import LabelText

/// Label Studio's brush masks: a packed stream of bits over RGBA bytes along the rows; the mask is alpha.
enum LabelStudioBrush {
    /// The most pixels of one mask.
    static let pixelsMax = 1 << 26

    static func mask(_ region: JSONValue, _ value: JSONValue) throws(Refusal) -> Selector.Mask {
        guard value["format"]?.string == "rle", let numbers = value["rle"]?.array else {
            throw Refusal("a brush must have the format rle")
        }
        guard let width = region["original_width"]?.integer, width > 0,
            let height = region["original_height"]?.integer, height > 0,
            width <= 1 << 20, height <= 1 << 20, width * height <= pixelsMax
        else { throw Refusal("original_width and original_height are missing or too large") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(numbers.count)
        for number in numbers {
            guard let value = number.integer, let byte = UInt8(exactly: value) else {
                throw Refusal("the brush holds something else than bytes")
            }
            bytes.append(byte)
        }
        return try decode(bytes, width: Int(width), height: Int(height))
    }

    private static func decode(
        _ bytes: [UInt8], width: Int, height: Int
    ) throws(Refusal) -> Selector.Mask {
        var bits = Bits(bytes: bytes)
        let count = try bits.read(32)
        guard count == 4 * width * height else {
            throw Refusal("the brush has \(count) values, the image needs \(4 * width * height)")
        }
        let wordSize = try bits.read(5) + 1
        guard wordSize <= 8 else { throw Refusal("the brush has words of \(wordSize) bits") }
        var lengthSizes: [Int] = []
        for _ in 0..<4 { lengthSizes.append(try bits.read(4) + 1) }
        var columns = [Bool](repeating: false, count: width * height)
        var position = 0
        while position < count {
            let isRun = try bits.read(1) == 1
            let length = try bits.read(lengthSizes[try bits.read(2)]) + 1
            guard length <= count - position else {
                throw Refusal("a run of the brush is longer than the image")
            }
            var word = isRun ? try bits.read(wordSize) : 0
            for index in position..<(position + length) {
                if !isRun { word = try bits.read(wordSize) }
                guard index % 4 == 3, word > 0 else { continue }
                let pixel = index / 4
                columns[(pixel % width) * height + pixel / width] = true
            }
            position += length
        }
        return CVATMask.mask(columns: columns, width: width, height: height)
    }

    private struct Bits {
        let bytes: [UInt8]
        var position = 0

        mutating func read(_ count: Int) throws(Refusal) -> Int {
            guard position + count <= 8 * bytes.count else {
                throw Refusal("the brush is cut short")
            }
            var value = 0
            for _ in 0..<count {
                value = value << 1 | Int(bytes[position >> 3] >> UInt8(7 - position & 7) & 1)
                position += 1
            }
            return value
        }
    }
}
