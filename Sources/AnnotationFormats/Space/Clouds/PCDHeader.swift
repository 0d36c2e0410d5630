import AnnotationModel
import LabelText

/// The text header of a PCD file (v0.7), checked against what follows.
struct PCDHeader {
    /// One column of a cloud.
    struct Column {
        var name: String
        /// Bytes of one value.
        var size: Int
        /// F, I or U.
        var type: UInt8
        /// Values a point.
        var count: Int
        /// Where the column begins within a point, in bytes.
        var offset = 0
        /// The place of the column's first value within a line of text.
        var place = 0
    }

    /// How the points are stored.
    enum Storage: String {
        case ascii, binary
        case compressed = "binary_compressed"
    }

    /// The most columns, and values of one column.
    static let columnsMax = 1_024
    /// The longest header.
    static let bytesMax = 1 << 16
    /// The most points: 2^32, since tools count them in 32 bits.
    static let pointsMax = 1 << 32

    private(set) var columns: [Column] = []
    private(set) var width = 0
    private(set) var height = 1
    private(set) var points = 0
    private(set) var storage = Storage.ascii
    /// Where the points begin in the file.
    private(set) var dataOffset = 0
    /// The line of the first point of a text.
    private(set) var dataLine = 0
    /// The bytes of a point.
    private(set) var stride = 0
    /// The values of a point.
    private(set) var values = 0

    /// A header; long, since each of its lines is checked by itself.
    init(_ bytes: UnsafeRawBufferPointer, file: String) throws(FormatError) {
        var words: ByteMap<[Substring]> = [:]
        var position = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        var line = 0
        var text = ""
        func fail(_ why: String) -> FormatError { .text(file: file, line: line, why: why) }
        while words["DATA"] == nil {
            line += 1
            let rest = bytes[position..<min(bytes.count, Self.bytesMax)]
            guard let end = rest.firstIndex(of: 0x0a),
                let valid = String(
                    validating: UnsafeRawBufferPointer(rebasing: bytes[position..<end]),
                    as: UTF8.self)
            else { throw fail("a PCD header ends with a DATA line; this is none, or it is cut") }
            position = end + 1
            text = XMLTree.trim(valid)
            if text.isEmpty || text.hasPrefix("#") { continue }
            let parts = text.split(whereSeparator: \.isWhitespace)
            guard words.updateValue(Array(parts.dropFirst()), forKey: parts[0].uppercased()) == nil
            else { throw fail("\(parts[0].prefix(20)) occurs twice") }
        }
        (dataOffset, dataLine) = (position, line + 1)
        func numbers(_ name: String) throws(FormatError) -> [Int]? {
            guard let texts = words[name] else { return nil }
            let numbers = texts.compactMap { Int($0) }
            guard numbers.count == texts.count, numbers.allSatisfy({ $0 >= 0 }) else {
                throw fail("\(name) holds what is no whole number")
            }
            return numbers
        }
        guard let names = words["FIELDS"], (1...Self.columnsMax).contains(names.count),
            let sizes = try numbers("SIZE"), let types = words["TYPE"],
            sizes.count == names.count, types.count == names.count,
            let width = try numbers("WIDTH")?.first,
            let storage = words["DATA"]?.first.flatMap({ Storage(rawValue: String($0)) })
        else { throw fail("FIELDS, SIZE, TYPE, WIDTH or DATA is missing or does not fit") }
        let counts = try numbers("COUNT") ?? sizes.map { _ in 1 }
        guard counts.count == names.count, counts.allSatisfy({ $0 <= Self.columnsMax }) else {
            throw fail("COUNT does not fit FIELDS, or is above \(Self.columnsMax)")
        }
        self.storage = storage
        self.width = width
        height = try numbers("HEIGHT")?.first ?? 1
        guard width <= Self.pointsMax, height <= Self.pointsMax,
            case let (area, overflow) = width.multipliedReportingOverflow(by: height), !overflow,
            area <= Self.pointsMax
        else {
            throw fail("WIDTH \(width) x HEIGHT \(height) is more than \(Self.pointsMax) points")
        }
        points = try numbers("POINTS")?.first ?? area
        guard points == area else {
            throw fail("POINTS \(points) is not WIDTH x HEIGHT, \(area); correct the header")
        }
        for (index, name) in names.enumerated() {
            let type = types[index].utf8.first ?? 0
            guard [1, 2, 4, 8].contains(sizes[index]),
                [UInt8(ascii: "F"), UInt8(ascii: "I"), UInt8(ascii: "U")].contains(type),
                type != UInt8(ascii: "F") || sizes[index] >= 4
            else { throw fail("the field \(name.prefix(40)) has an unknown SIZE or TYPE") }
            columns.append(
                .init(
                    name: String(name), size: sizes[index], type: type, count: counts[index],
                    offset: stride, place: values))
            stride += sizes[index] * counts[index]
            values += counts[index]
        }
    }
}
