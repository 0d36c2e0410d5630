/// The size in pixels that the header of an image states.
///
/// The stored grid: an EXIF orientation is not applied.
package enum ImageSize {
    /// The endings that images of label folders have, most frequent first.
    static let endings = ["jpg", "png", "jpeg", "bmp", "JPG", "PNG", "JPEG", "tif", "tiff", "webp"]

    /// The size, or nil for another format or a damaged header.
    package static func read(_ bytes: UnsafeRawBufferPointer) -> (width: Int, height: Int)? {
        if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) {
            return sized(big(bytes, 16, 4), big(bytes, 20, 4))
        }
        if bytes.starts(with: [0xff, 0xd8]) { return jpeg(bytes) }
        if bytes.starts(with: [0x42, 0x4d]), bytes.count >= 26 {
            let (width, height) = (little(bytes, 18), little(bytes, 22))
            // Rows from the top down are said by a negative height.
            return sized(Int(Int32(bitPattern: width)), abs(Int(Int32(bitPattern: height))))
        }
        return nil
    }

    /// The size of an image on disk; nil where it cannot be read.
    package static func read(path: String) -> (width: Int, height: Int)? {
        do {
            return try InputFile(path: path).withBytes { read($0) }
        } catch {
            // An image that cannot be opened is no error of the label file: its size is unknown.
            return nil
        }
    }

    private static func jpeg(_ bytes: UnsafeRawBufferPointer) -> (width: Int, height: Int)? {
        var position = 2
        while position + 4 <= bytes.count, bytes[position] == 0xff {
            let marker = bytes[position + 1]
            if marker == 0xff {
                position += 1
                continue
            }
            let isFrame =
                (0xc0...0xcf).contains(marker) && marker != 0xc4 && marker != 0xc8 && marker != 0xcc
            if isFrame { return sized(big(bytes, position + 7, 2), big(bytes, position + 5, 2)) }
            if (0xd0...0xd9).contains(marker) || marker == 0x01 {
                position += 2
                continue
            }
            guard let length = big(bytes, position + 2, 2), length >= 2 else { return nil }
            position += 2 + length
        }
        return nil
    }

    private static func big(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ count: Int) -> Int? {
        guard at + count <= bytes.count else { return nil }
        return bytes[at..<at + count].reduce(0) { $0 << 8 | Int($1) }
    }

    private static func little(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1) }
    }

    private static func sized(_ width: Int?, _ height: Int?) -> (width: Int, height: Int)? {
        guard let width, let height, width > 0, height > 0 else { return nil }
        return (width, height)
    }
}
