import AnnotationFormats
import AnnotationModel

/// The ways in which files arrive broken; each is tried on each format.
enum Breakage: CaseIterable {
    case truncated
    case wrongType
    case notFinite
    case outOfRange
    case unknownID
    case entityBomb
    case pathTraversal
    case byteOrderMark
    case carriageReturns
    case wideText
    case hugeSize

    /// How many places of a file are broken; they are spread over it.
    private static let placesMax = 8

    /// The files of a format, broken in several places.
    func variants(_ files: [InputFile]) -> [[InputFile]] {
        switch self {
        case .truncated:
            return each(files) { bytes in
                Self.spread(Array(bytes.indices)).map { Array(bytes[..<$0]) }
            }
        case .wrongType: return numbers(files, ["\"x\"", "x", "{}", "[1]", "null", "true"])
        case .notFinite: return numbers(files, ["NaN", "inf", "-Infinity", "1e999"])
        case .outOfRange: return numbers(files, ["-7", "99999999", "1e300"])
        case .unknownID: return numbers(files, ["77", "4000000000"])
        case .hugeSize: return numbers(files, ["10737418240"]) + each(files, Self.hugeWords)
        case .entityBomb:
            return each(files) { [Array(Self.bomb.utf8) + $0, Array(Self.bomb.utf8)] }
        case .pathTraversal:
            return each(files) { bytes in
                let text = String(decoding: bytes, as: UTF8.self)
                return ["a.jpg", "task", "talk", "mol", "prompt", "series", "press"].filter {
                    text.contains($0)
                }.map { Array(text.replacing($0, with: "../../\($0)").utf8) }
            }
        case .byteOrderMark: return each(files) { [[0xef, 0xbb, 0xbf] + $0] }
        case .carriageReturns:
            return each(files) { [$0.flatMap { $0 == 0x0a ? [0x0d, 0x0a] : [$0] }] }
        case .wideText:
            return each(files) { bytes in
                let units = [0xfeff] + String(decoding: bytes, as: UTF8.self).utf16
                return [
                    units.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] },
                    units.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] },
                ]
            }
        }
    }

    private static let bomb = """
        <?xml version="1.0"?>
        <!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
        <annotation><filename>&b;</filename></annotation>

        """

    private func each(
        _ files: [InputFile], _ broken: ([UInt8]) -> [[UInt8]]
    ) -> [[InputFile]] {
        files.indices.flatMap { index in
            broken(files[index].bytes).map { bytes in
                var changed = files
                changed[index] = InputFile(name: files[index].name, bytes: bytes)
                return changed
            }
        }
    }

    /// Each of some numbers of the files in turn replaced.
    private func numbers(_ files: [InputFile], _ values: [String]) -> [[InputFile]] {
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        return each(files) { bytes in
            let places = bytes.indices.filter {
                // From its first digit on, so that it is not just another number.
                isDigit(bytes[$0])
                    && ($0 == 0
                        || !isDigit(bytes[$0 - 1]) && bytes[$0 - 1] != 0x2e
                            && bytes[$0 - 1] != 0x2d)
            }
            return Self.spread(places).flatMap { place in
                let end = bytes[place...].firstIndex { !isDigit($0) && $0 != 0x2e } ?? bytes.count
                return values.map { Array(bytes[..<place]) + Array($0.utf8) + Array(bytes[end...]) }
            }
        }
    }

    /// Binary headers: each word of four bytes in turn says two thousand million.
    private static func hugeWords(_ bytes: [UInt8]) -> [[UInt8]] {
        guard bytes.contains(0) else { return [] }
        return stride(from: 0, to: min(bytes.count - 4, 240), by: 1).flatMap { place in
            let words: [[UInt8]] = [[0xff, 0xff, 0xff, 0x7f], [0x7f, 0xff, 0xff, 0xff]]
            return words.map { word -> [UInt8] in
                var changed = bytes
                changed.replaceSubrange(place..<place + 4, with: word)
                return changed
            }
        }
    }

    private static func spread(_ places: [Int]) -> [Int] {
        guard places.count > placesMax else { return places }
        return (0..<placesMax).map { places[$0 * (places.count - 1) / (placesMax - 1)] }
    }
}
