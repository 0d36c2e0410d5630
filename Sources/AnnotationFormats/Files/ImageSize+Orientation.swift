extension ImageSize {
    /// The largest part of a file in which the orientation may stand: JPEG's segments of 64 KiB, some of them.
    private static let exifBytesMax = 1 << 20

    /// How a viewer turns the stored picture, 1 to 8 as EXIF counts (tag 0x0112); nil for a JPEG that does
    /// not say, and for other formats.
    package static func orientation(path: String) -> Int? {
        do {
            return try InputFile(path: path).withBytes { orientation($0) }
        } catch {
            // As with the size: an image that cannot be opened says nothing.
            return nil
        }
    }

    static func orientation(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.starts(with: [0xff, 0xd8]) else { return nil }
        var position = 2
        while position + 4 <= min(bytes.count, exifBytesMax), bytes[position] == 0xff {
            let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
            let end = position + 2 + length
            // From the start of scan on there are no more segments.
            guard length >= 2, end <= bytes.count, bytes[position + 1] != 0xda else { return nil }
            let segment = UnsafeRawBufferPointer(rebasing: bytes[(position + 4)..<end])
            if bytes[position + 1] == 0xe1, segment.starts(with: Array("Exif\0\0".utf8)) {
                return tag(UnsafeRawBufferPointer(rebasing: segment[6...]))
            }
            position = end
        }
        return nil
    }

    /// The orientation in a TIFF structure: its first directory, whose entries have twelve bytes.
    private static func tag(_ tiff: UnsafeRawBufferPointer) -> Int? {
        let isLittle = tiff.starts(with: Array("II".utf8))
        guard isLittle || tiff.starts(with: Array("MM".utf8)) else { return nil }
        func number(_ at: Int, _ count: Int) -> Int? {
            guard at >= 0, at + count <= tiff.count else { return nil }
            let bytes = tiff[at..<at + count]
            return isLittle
                ? bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
                : bytes.reduce(0) { $0 << 8 | Int($1) }
        }
        guard let start = number(4, 4), let entries = number(start, 2) else { return nil }
        for index in 0..<entries {
            let entry = start + 2 + 12 * index
            guard let tag = number(entry, 2) else { return nil }
            if tag == 0x0112 {
                return number(entry + 8, 2).flatMap { (1...8).contains($0) ? $0 : nil }
            }
        }
        return nil
    }
}
