import AnnotationModel
import Shapes

/// LabelMe's masks: a PNG in base 64, cropped to the box whose first and last pixel are the shape's two points.
enum LabelMeMask {
    /// The most bytes of a PNG; a mask of one byte a pixel packs far below that.
    static let bytesMax = 1 << 26

    static func read(
        _ text: String?, corners: [Double], in size: (width: Double, height: Double)?
    ) throws(Refusal) -> Selector.Mask {
        guard let text, !text.isEmpty else { throw Refusal("the mask has no image") }
        guard let size, size.width * size.height <= Double(SegmentPNG.pixelsMax) else {
            throw Refusal(
                "a mask needs imageWidth and imageHeight, of at most \(SegmentPNG.pixelsMax) pixels"
            )
        }
        guard text.utf8.count <= bytesMax, let bytes = Base64.bytes(text) else {
            throw Refusal("the mask is no base 64, or has more than \(bytesMax) bytes")
        }
        let result: Result<SegmentPNG.Image, Refusal> = bytes.withUnsafeBytes { bytes in
            do throws(Refusal) {
                return .success(try SegmentPNG.decode(bytes, mayBeGrey: true))
            } catch {
                return .failure(error)
            }
        }
        let image = try result.get()
        let (width, height) = (Int(size.width), Int(size.height))
        let left = min(corners[0], corners[2]).rounded()
        let top = min(corners[1], corners[3]).rounded()
        guard left >= 0, top >= 0, left <= Double(width - image.width),
            top <= Double(height - image.height)
        else {
            throw Refusal(
                "the mask of \(image.width) x \(image.height) pixels leaves the picture of "
                    + "\(width) x \(height)")
        }
        var columns = [Bool](repeating: false, count: width * height)
        for (index, number) in image.numbers.enumerated() where number > 0 {
            let (x, y) = (Int(left) + index % image.width, Int(top) + index / image.width)
            columns[x * height + y] = true
        }
        return CVATMask.mask(columns: columns, width: width, height: height)
    }

    /// The PNG of a mask; nil, with a line in the report, where it has no place.
    static func write(
        _ mask: Selector.Mask, in item: ItemRecord, _ report: inout ConversionReport
    ) -> String? {
        guard let size = item.pixelSize, Double(mask.width) == size.width,
            Double(mask.height) == size.height
        else {
            report.skip(
                "LabelMe needs the item's width and height for a mask, and the mask's must be the same",
                example: item.key)
            return nil
        }
        let box = RunLengths.bounds(mask)
        let (left, top) = (Int(box.x), Int(box.y))
        let (width, height) = (Int(box.width), Int(box.height))
        guard width > 0, height > 0, width <= SegmentPNG.pixelsMax / height,
            report.pixels.take(width * height, of: mask.counts.count)
        else {
            report.skip(
                "the mask is empty, or has more pixels than so few runs are written out for; export as coco",
                example: item.key)
            return nil
        }
        var image = SegmentPNG.Image(
            width: width, height: height, numbers: [UInt32](repeating: 0, count: width * height))
        RunLengths.forEachStretch(of: mask) { column, rows in
            for row in rows { image.numbers[(row - top) * width + column - left] = 1 }
        }
        return Base64.text(SegmentPNG.encode(image, isGrey: true))
    }
}

/// Bytes as base 64 (RFC 4648), with padding.
enum Base64 {
    private static let letters = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            var word: UInt32 = 0
            for index in 0..<3 {
                word = word << 8 | (index < part.count ? UInt32(part[start + index]) : 0)
            }
            for index in 0..<4 {
                let letter = letters[Int(word >> UInt32(18 - 6 * index) & 63)]
                text.append(index <= part.count ? letter : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes; nil for what is no base 64.
    ///
    /// Blanks and ends of lines are passed over.
    static func bytes(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 4 * 3)
        var (word, bits): (UInt32, UInt32) = (0, 0)
        var isPadded = false
        for letter in text.utf8 {
            let value: UInt8
            switch letter {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = letter - 0x41
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = letter - 0x61 + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = letter - 0x30 + 52
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            case UInt8(ascii: "="):
                isPadded = true
                continue
            case 0x20, 0x0a, 0x0d, 0x09: continue
            default: return nil
            }
            if isPadded { return nil }
            word = word << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> bits))
            }
        }
        return bits < 6 ? bytes : nil
    }
}
