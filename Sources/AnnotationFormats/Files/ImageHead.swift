/// What the first bytes of an image say of it, without its pixels.
package struct ImageHead: Equatable, Sendable {
    /// The endings that images of label folders have, most frequent first.
    static let endings = [
        "jpg", "png", "jpeg", "bmp", "JPG", "PNG", "JPEG", "tif", "tiff", "webp", "gif",
    ]

    package let mediaType: String
    /// The stored grid: an EXIF orientation is not applied.
    package let width: Int
    package let height: Int
    /// How a viewer turns the stored picture, 1 to 8 as EXIF counts (tag 0x0112); nil for one that does not say.
    package let orientation: Int?

    /// The head of an image on disk; nil where it is none that is known, or cannot be opened: that is no error of
    /// the label file that speaks of it, its size is unknown.
    package init?(path: String) {
        let head = try? InputFile(path: path).withBytes { bytes in
            let image = ImageBytes { at, count in
                at + count <= bytes.count ? Array(bytes[at..<at + count]) : nil
            }
            return image.size().map { size in
                ImageHead(
                    mediaType: size.mediaType, width: size.width, height: size.height,
                    orientation: image.orientation())
            }
        }
        guard let head else { return nil }
        self = head
    }

    private init(mediaType: String, width: Int, height: Int, orientation: Int?) {
        self.mediaType = mediaType
        self.width = width
        self.height = height
        self.orientation = orientation
    }

    /// The size that a head states; nil for what is no image that is known, or says none.
    ///
    /// - Parameter read: so many bytes of the file from a place on; nil where it has not so many.
    package static func size(
        _ read: @escaping (_ at: Int, _ count: Int) -> [UInt8]?
    ) -> (width: Int, height: Int)? {
        ImageBytes(read).size().map { ($0.width, $0.height) }
    }
}

/// The bytes of an image, looked at piece by piece: PNG, JPEG, GIF, WebP, BMP, TIFF and BigTIFF.
struct ImageBytes {
    typealias Size = (mediaType: String, width: Int, height: Int)
    /// Places beyond which no file reaches, and the most segments and chunks that are walked through.
    private static let (placeMax, stepsMax) = (1 << 48, 1 << 16)

    private let source: (_ at: Int, _ count: Int) -> [UInt8]?

    init(_ source: @escaping (_ at: Int, _ count: Int) -> [UInt8]?) { self.source = source }

    func read(_ at: Int, _ count: Int) -> [UInt8]? {
        (0...Self.placeMax).contains(at) ? source(at, count) : nil
    }

    func big(_ at: Int, _ count: Int) -> Int? { number(at, count, isLittle: false) }

    func little(_ at: Int, _ count: Int) -> Int? { number(at, count, isLittle: true) }

    func number(_ at: Int, _ count: Int, isLittle: Bool) -> Int? {
        read(at, count).map { bytes in
            isLittle
                ? bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
                : bytes.reduce(0) { $0 << 8 | Int($1) }
        }
    }

    private func says(_ text: String, at: Int) -> Bool {
        read(at, text.utf8.count)?.elementsEqual(text.utf8) == true
    }

    private var isPNG: Bool {
        read(0, 8) == [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
    }
    private var isJPEG: Bool { big(0, 2) == 0xffd8 }
    private var isWebP: Bool { says("RIFF", at: 0) && says("WEBP", at: 8) }

    func size() -> Size? {
        if isPNG { return Self.sized("image/png", big(16, 4), big(20, 4)) }
        if isJPEG { return jpeg() }
        if isWebP { return webP() }
        if says("GIF87a", at: 0) || says("GIF89a", at: 0) {
            return Self.sized("image/gif", little(6, 2), little(8, 2))
        }
        if says("BM", at: 0) { return bitmap() }
        return tiff().flatMap { Self.sized("image/tiff", $0[256], $0[257]) }
    }

    private static func sized(_ type: String, _ width: Int?, _ height: Int?) -> Size? {
        guard let width, let height, width > 0, height > 0 else { return nil }
        return (type, width, height)
    }

    private func bitmap() -> Size? {
        // A text may begin with the two letters: the header that follows has a size of its own.
        guard let header = little(14, 4), header == 12 || (16...124).contains(header) else {
            return nil
        }
        if header == 12 { return Self.sized("image/bmp", little(18, 2), little(20, 2)) }
        func signed(_ at: Int) -> Int? {
            little(at, 4).map { Int(Int32(truncatingIfNeeded: $0)) }
        }
        // Rows from the top down are said by a negative height.
        return Self.sized("image/bmp", signed(18), signed(22).map(abs))
    }

    private func webP() -> Size? {
        let type = "image/webp"
        if says("VP8X", at: 12) {
            return Self.sized(type, little(24, 3).map { $0 + 1 }, little(27, 3).map { $0 + 1 })
        }
        if says("VP8L", at: 12) {
            return little(21, 4).flatMap {
                Self.sized(type, ($0 & 0x3fff) + 1, ($0 >> 14 & 0x3fff) + 1)
            }
        }
        guard says("VP8 ", at: 12) else { return nil }
        return Self.sized(
            type, little(26, 2).map { $0 & 0x3fff }, little(28, 2).map { $0 & 0x3fff })
    }

    private func jpeg() -> Size? {
        var found: Size?
        walkJPEG { marker, at, _ in
            let isFrame =
                (0xc0...0xcf).contains(marker) && marker != 0xc4 && marker != 0xc8 && marker != 0xcc
            if isFrame { found = Self.sized("image/jpeg", big(at + 7, 2), big(at + 5, 2)) }
            return isFrame
        }
        return found
    }

    /// Calls `found` with the marker of each segment and where it begins and ends, until it says true or a scan starts.
    private func walkJPEG(_ found: (_ marker: Int, _ at: Int, _ end: Int) -> Bool) {
        var at = 2
        for _ in 0..<Self.stepsMax {
            guard let head = read(at, 2), head[0] == 0xff else { return }
            switch Int(head[1]) {
            case 0xff: at += 1
            case 0x01, 0xd0...0xd9: at += 2
            case let marker:
                guard let length = big(at + 2, 2), length >= 2,
                    !found(marker, at, at + 2 + length), marker != 0xda
                else { return }
                at += 2 + length
            }
        }
    }

    // MARK: Orientation

    /// The orientation, where the image states one of the eight.
    func orientation() -> Int? {
        let tags: [Int: Int]?
        if let place = exif() {
            tags = TIFFBytes(self, at: says("Exif\0\0", at: place) ? place + 6 : place)?.first
        } else {
            tags = tiff()
        }
        return tags?[0x0112].flatMap { (1...8).contains($0) ? $0 : nil }
    }

    /// Where the EXIF of a JPEG, PNG or WebP begins.
    private func exif() -> Int? {
        var place: Int?
        if isJPEG {
            walkJPEG { marker, at, _ in
                guard marker == 0xe1, says("Exif\0\0", at: at + 4) else { return false }
                place = at + 4
                return true
            }
        } else if isPNG {
            place = chunk("eXIf", from: 8, word: 4) { big($0, 4).map { $0 + 12 } }.map { $0 + 8 }
        } else if isWebP {
            place = chunk("EXIF", from: 12, word: 0) { little($0 + 4, 4).map { $0 + $0 % 2 + 8 } }
                .map { $0 + 8 }
        }
        return place
    }

    /// Where a chunk of a name begins.
    ///
    /// - Parameters:
    ///   - word: where in a chunk its name stands.
    ///   - length: all the bytes of the chunk that begins at a place.
    private func chunk(
        _ name: String, from start: Int, word: Int, _ length: (Int) -> Int?
    ) -> Int? {
        var at = start
        for _ in 0..<Self.stepsMax {
            if says(name, at: at + word) { return at }
            guard let length = length(at) else { return nil }
            at += length
        }
        return nil
    }

    private func tiff() -> [Int: Int]? { TIFFBytes(self, at: 0)?.largest }
}

/// A TIFF structure: an image of its own, or the EXIF of another.
private struct TIFFBytes {
    /// Directories that are looked at, pages and smaller pictures, and the most entries of one.
    private static let (directoriesMax, entriesMax) = (64, 4096)

    private let image: ImageBytes
    private let start: Int
    private let isLittle: Bool
    private let isBig: Bool
    private let directory: Int

    init?(_ image: ImageBytes, at start: Int) {
        guard let order = image.read(start, 2), order == [0x49, 0x49] || order == [0x4d, 0x4d]
        else { return nil }
        let isLittle = order == [0x49, 0x49]
        let version = image.number(start + 2, 2, isLittle: isLittle)
        let isBig = version == 43
        guard isBig || version == 42,
            let directory = image.number(
                start + (isBig ? 8 : 4), isBig ? 8 : 4, isLittle: isLittle)
        else { return nil }
        (self.image, self.start, self.isLittle) = (image, start, isLittle)
        (self.isBig, self.directory) = (isBig, directory)
    }

    /// The numbers of the first directory, by their tags.
    var first: [Int: Int]? { read(directory)?.tags }

    /// The numbers of the directory of the largest picture, which need not be the first.
    var largest: [Int: Int]? {
        var found: (tags: [Int: Int], pixels: Double)?
        var next = directory
        for _ in 0..<Self.directoriesMax where next > 0 {
            guard let (tags, following) = read(next) else { break }
            let pixels = Double(tags[256] ?? 0) * Double(tags[257] ?? 0)
            if pixels > found?.pixels ?? 0 { found = (tags, pixels) }
            next = following
        }
        return found?.tags
    }

    private func read(_ at: Int) -> (tags: [Int: Int], next: Int)? {
        func number(_ place: Int, _ count: Int) -> Int? {
            image.number(start + place, count, isLittle: isLittle)
        }
        let (countBytes, entryBytes, valueAt) = isBig ? (8, 20, 12) : (2, 12, 8)
        guard (1...1 << 48).contains(at), let count = number(at, countBytes),
            (0...Self.entriesMax).contains(count)
        else { return nil }
        var tags: [Int: Int] = [:]
        for entry in 0..<count {
            let place = at + countBytes + entry * entryBytes
            guard let tag = number(place, 2), let kind = number(place + 2, 2) else { return nil }
            guard [256, 257, 0x0112].contains(tag) else { continue }
            guard let value = number(place + valueAt, kind == 3 ? 2 : kind == 16 ? 8 : 4) else {
                return nil
            }
            tags[tag] = value
        }
        // What ends after its entries has no directory after it.
        return (tags, number(at + countBytes + count * entryBytes, isBig ? 8 : 4) ?? 0)
    }
}
