/// PNG images whose pixels are segment numbers, `R + 256 G + 65536 B`, as COCO panoptic has them.
///
/// Eight bits a channel, colour with or without alpha, not interlaced: what the format asks for, nothing else
/// of PNG (ISO/IEC 15948). Palettes are refused: their numbers would not be the segments'. Masks may also be grey, of
/// one bit or eight.
enum SegmentPNG {
    /// An image as numbers, row by row.
    struct Image: Equatable {
        var width: Int
        var height: Int
        var numbers: [UInt32]
    }

    /// The most pixels: four bytes each are held.
    static let pixelsMax = 1 << 26
    private static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

    private struct Header {
        var width = 0
        var height = 0
        /// Samples of a pixel; 0 before the header was read.
        var channels = 0
        var depth = 8

        var rowBytes: Int { (width * channels * depth + 7) / 8 }
    }

    /// - Parameter mayBeGrey: Whether a pixel may be one number.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, mayBeGrey: Bool = false
    ) throws(Refusal) -> Image {
        guard bytes.count >= 45, bytes.starts(with: signature) else {
            throw Refusal("the file is no PNG, or it is cut")
        }
        var (position, data): (Int, [UInt8]) = (8, [])
        var header = Header()
        while true {
            guard position + 12 <= bytes.count,
                case let length = word(bytes, position), length <= bytes.count - position - 12
            else { throw Refusal("the PNG is cut") }
            let body = UnsafeRawBufferPointer(
                rebasing: bytes[(position + 4)..<(position + 8 + length)])
            guard Zlib.crc(body) == UInt32(word(bytes, position + 8 + length)) else {
                throw Refusal("the PNG is damaged: a checksum is wrong")
            }
            let name = String(decoding: body.prefix(4), as: UTF8.self)
            let start = position + 8
            position += 12 + length
            switch name {
            case "IHDR":
                guard length == 13 else { throw Refusal("the PNG's header is damaged") }
                header = try Self.header(bytes, at: start, mayBeGrey: mayBeGrey)
            case "IDAT": data.append(contentsOf: bytes[start..<start + length])
            case "IEND":
                guard header.channels > 0 else { throw Refusal("the PNG has no header") }
                return try image(data, header)
            default: break
            }
        }
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Int {
        Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
    }

    private static func header(
        _ bytes: UnsafeRawBufferPointer, at start: Int, mayBeGrey: Bool
    ) throws(Refusal) -> Header {
        var header = Header()
        (header.width, header.height) = (word(bytes, start), word(bytes, start + 4))
        header.depth = Int(bytes[start + 8])
        let colour = bytes[start + 9]
        header.channels = colour == 0 ? 1 : colour == 2 ? 3 : 4
        let isGrey = mayBeGrey && colour == 0 && (header.depth == 1 || header.depth == 8)
        guard isGrey || header.depth == 8 && (colour == 2 || colour == 6), bytes[start + 12] == 0
        else {
            throw Refusal(
                mayBeGrey
                    ? "a mask needs a grey PNG of 1 or 8 bits, or an RGB one, not interlaced"
                    : "segments need an RGB PNG of 8 bits, not interlaced; convert the image")
        }
        guard header.width > 0, header.height > 0, header.width <= pixelsMax / header.height else {
            throw Refusal("\(header.width) x \(header.height) pixels, the limit is \(pixelsMax)")
        }
        return header
    }

    private static func image(_ data: [UInt8], _ header: Header) throws(Refusal) -> Image {
        let (width, height, channels) = (header.width, header.height, header.channels)
        let stride = header.rowBytes
        let raw: [UInt8]
        do throws(Zlib.Damage) {
            raw = try Zlib.unpack(data, count: (stride + 1) * height)
        } catch {
            throw Refusal("the PNG's pixels are damaged or cut")
        }
        var numbers = [UInt32](repeating: 0, count: width * height)
        var above = [UInt8](repeating: 0, count: stride)
        var row = above
        for y in 0..<height {
            let start = y * (stride + 1)
            let filter = raw[start]
            guard filter <= 4 else { throw Refusal("a row of the PNG has an unknown filter") }
            for x in 0..<stride {
                let left = x >= channels ? Int(row[x - channels]) : 0
                let up = Int(above[x])
                let predicted: Int
                switch filter {
                case 0: predicted = 0
                case 1: predicted = left
                case 2: predicted = up
                case 3: predicted = (left + up) / 2
                default:
                    predicted = paeth(left, up, x >= channels ? Int(above[x - channels]) : 0)
                }
                row[x] = raw[start + 1 + x] &+ UInt8(predicted)
            }
            if channels == 1 {
                for x in 0..<width {
                    numbers[y * width + x] =
                        header.depth == 8
                        ? UInt32(row[x]) : UInt32(row[x / 8] >> UInt8(7 - x % 8) & 1)
                }
                above = row
                continue
            }
            for x in 0..<width {
                let place = x * channels
                numbers[y * width + x] =
                    UInt32(row[place]) | UInt32(row[place + 1]) << 8 | UInt32(row[place + 2]) << 16
            }
            above = row
        }
        return Image(width: width, height: height, numbers: numbers)
    }

    private static func paeth(_ left: Int, _ up: Int, _ corner: Int) -> Int {
        let estimate = left + up - corner
        let (a, b, c) = (
            (estimate - left).magnitude, (estimate - up).magnitude, (estimate - corner).magnitude
        )
        return a <= b && a <= c ? left : b <= c ? up : corner
    }

    // MARK: Writing

    /// - Parameter isGrey: Whether a pixel is one byte, for numbers below 256.
    static func encode(_ image: Image, isGrey: Bool = false) -> [UInt8] {
        let raw = rows(of: image, channels: isGrey ? 1 : 3)
        var bytes = signature
        var header = big(UInt32(image.width)) + big(UInt32(image.height))
        header += [8, isGrey ? 0 : 2, 0, 0, 0]
        bytes += chunk("IHDR", header)
        bytes += chunk("IDAT", Zlib.pack(raw))
        return bytes + chunk("IEND", [])
    }

    /// The rows as differences to the ones above, which are mostly zeros and pack well.
    private static func rows(of image: Image, channels: Int) -> [UInt8] {
        let (width, stride) = (image.width, channels * image.width + 1)
        var raw = [UInt8](repeating: 0, count: stride * image.height)
        raw.withUnsafeMutableBufferPointer { raw in
            image.numbers.withUnsafeBufferPointer { numbers in
                for row in 0..<image.height {
                    raw[row * stride] = 2
                    for column in 0..<width {
                        let place = row * width + column
                        let (number, up) = (numbers[place], row > 0 ? numbers[place - width] : 0)
                        if number == up { continue }
                        for channel in 0..<channels {
                            let shift = UInt32(8 * channel)
                            raw[row * stride + 1 + column * channels + channel] =
                                UInt8(truncatingIfNeeded: number >> shift)
                                &- UInt8(truncatingIfNeeded: up >> shift)
                        }
                    }
                }
            }
        }
        return raw
    }

    private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        return big(UInt32(data.count)) + body + big(Zlib.crc(body))
    }

    static func big(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { (shift: UInt32) in UInt8(truncatingIfNeeded: value >> shift) }
    }
}
