import AnnotationFormats

/// How many pixels the header of a picture says that it has, in the formats that browsers decode, and TIFF.
enum PictureSize {
    /// The most pixels of a picture that a browser is given: each takes four bytes of its memory.
    static let pixelsMax = 100_000_000

    /// The size that a header states; nil for what is no picture, or says none.
    ///
    /// - Parameters:
    ///   - head: how the file begins.
    ///   - read: so many bytes of the file from a place on.
    static func read(
        _ head: [UInt8], _ read: (_ at: Int, _ count: Int) -> [UInt8]?
    ) -> (width: Int, height: Int)? {
        if let size = head.withUnsafeBytes({ ImageSize.read($0) }) { return size }
        if head.starts(with: Array("GIF8".utf8)), head.count >= 10 {
            return (little(head, 6, 2), little(head, 8, 2))
        }
        if head.starts(with: Array("RIFF".utf8)), head.count >= 30,
            head[8..<12].elementsEqual("WEBP".utf8)
        {
            return webP(head)
        }
        if head.starts(with: [0x49, 0x49, 0x2a, 0]) { return tiff(head, read, little) }
        if head.starts(with: [0x4d, 0x4d, 0, 0x2a]) { return tiff(head, read, big) }
        return nil
    }

    private static func webP(_ head: [UInt8]) -> (width: Int, height: Int)? {
        switch String(decoding: head[12..<16], as: UTF8.self) {
        case "VP8X": return (little(head, 24, 3) + 1, little(head, 27, 3) + 1)
        case "VP8L":
            let bits = little(head, 21, 4)
            return ((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1)
        case "VP8 ": return (little(head, 26, 2) & 0x3fff, little(head, 28, 2) & 0x3fff)
        default: return nil
        }
    }

    /// Directories of a TIFF that are looked at: pages and smaller pictures.
    private static let directoriesMax = 64

    /// The largest of a TIFF's pages, whose directories may lie anywhere.
    private static func tiff(
        _ head: [UInt8], _ read: (Int, Int) -> [UInt8]?, _ number: ([UInt8], Int, Int) -> Int
    ) -> (width: Int, height: Int)? {
        guard head.count >= 8 else { return nil }
        var place = number(head, 4, 4)
        var largest: (width: Int, height: Int)?
        for _ in 0..<directoriesMax where place > 0 {
            guard let start = read(place, 2) else { break }
            let count = number(start, 0, 2)
            guard let entries = read(place + 2, count * 12 + 4) else { break }
            var (width, height) = (0, 0)
            for entry in 0..<count {
                let (tag, kind) = (
                    number(entries, entry * 12, 2), number(entries, entry * 12 + 2, 2)
                )
                let value = number(entries, entry * 12 + 8, kind == 3 ? 2 : 4)
                if tag == 256 { width = value }
                if tag == 257 { height = value }
            }
            if width * height > (largest.map { $0.width * $0.height } ?? 0) {
                largest = (width, height)
            }
            place = number(entries, count * 12, 4)
        }
        return largest
    }

    private static func little(_ bytes: [UInt8], _ at: Int, _ count: Int) -> Int {
        guard at >= 0, at + count <= bytes.count else { return 0 }
        return bytes[at..<at + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    private static func big(_ bytes: [UInt8], _ at: Int, _ count: Int) -> Int {
        guard at >= 0, at + count <= bytes.count else { return 0 }
        return bytes[at..<at + count].reduce(0) { $0 << 8 | Int($1) }
    }
}
