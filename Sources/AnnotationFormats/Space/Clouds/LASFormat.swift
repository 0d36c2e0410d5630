import AnnotationModel
import LabelText

/// LAS 1.0 to 1.4: the class of each point of a laser scan, by the point's number; read only.
///
/// Classes are called as the standard calls their codes (`ground`, `building`…), codes without a meaning by
/// their number. Code 0, "created, never classified", says nothing; code 1, "unclassified", is a class. Points
/// marked as withheld keep their class. The cloud's path is the item's key, its field `points` their number; a LAZ
/// file, which is compressed, is refused: `laszip -i x.laz -o x.las` unpacks it and keeps the order of points.
public struct LASFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "las"
    /// What a user should know before choosing it.
    public let summary =
        "LAS laser scans, the class of each point; read only, LAZ to be unpacked first"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    /// LAS 1.4 R15, table 17.
    static let classNames = [
        "never classified", "unclassified", "ground", "low vegetation", "medium vegetation",
        "high vegetation", "building", "low point", "model key point", "water", "rail",
        "road surface", "overlap", "wire guard", "wire conductor", "transmission tower",
        "wire connector", "bridge deck", "high noise", "overhead structure", "ignored ground",
        "snow", "temporal exclusion",
    ]
    /// The bytes of a point of formats 0 to 10 without extra bytes.
    private static let pointBytes = [20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67]

    /// The format.
    public init() {}

    /// Reads files; `context` knows the clouds.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        let isCloud = { (path: String) in ["las", "laz"].contains(FileTree.ending(path)) }
        try FileTree.forEach(files, where: isCloud, into: sink) { file, sink in
            count += 1
            let item = try finder.key(of: file)
            try file.file.withBytes { try Self.read($0, file, item, into: sink) }
        }
        if count == 0 { throw FormatError.noInput(format: name, wants: "give .las files") }
    }

    private struct Layout {
        var offset: Int
        var points: Int
        var stride: Int
        var classOffset: Int
        var classMask: UInt8
    }

    private static func layout(
        _ bytes: UnsafeRawBufferPointer, _ name: String
    ) throws(FormatError) -> Layout {
        func fail(_ why: String) -> FormatError { .structure(file: name, path: "", why: why) }
        guard bytes.count >= 227, bytes.starts(with: "LASF".utf8) else {
            throw fail("no LAS header of 227 bytes; the file is cut or of another format")
        }
        func word<Value: FixedWidthInteger>(_ at: Int, _ type: Value.Type) -> Value {
            Value(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: Value.self))
        }
        let version = (bytes[24], bytes[25])
        guard version.0 == 1, version.1 <= 4 else {
            throw fail("LAS \(version.0).\(version.1) is not known; versions 1.0 to 1.4 are read")
        }
        let format = bytes[104]
        guard format & 0xc0 == 0 else {
            throw fail("the points are compressed (LAZ); unpack them with laszip -i x.laz -o x.las")
        }
        guard Int(format) < pointBytes.count else {
            throw fail("point format \(format) is not known; formats 0 to 10 are read")
        }
        var points = UInt64(word(107, UInt32.self))
        if version.1 == 4, bytes.count >= 375, word(94, UInt16.self) >= 375 {
            points = word(247, UInt64.self)
        }
        let stride = Int(word(105, UInt16.self))
        let offset = Int(word(96, UInt32.self))
        guard stride >= pointBytes[Int(format)] else {
            throw fail("points of \(stride) bytes are too short for point format \(format)")
        }
        guard offset >= 227, offset <= bytes.count,
            points <= UInt64((bytes.count - offset) / stride)
        else {
            throw fail(
                "\(points) points of \(stride) bytes from byte \(offset) on do not "
                    + "fit into \(bytes.count) bytes; the file is cut, or the header is wrong"
            )
        }
        return Layout(
            offset: offset, points: Int(points), stride: stride,
            classOffset: format < 6 ? 15 : 16, classMask: format < 6 ? 0x1f : 0xff)
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer, _ file: FormatFile, _ item: String, into sink: EventSink
    ) throws {
        let layout = try layout(bytes, file.file.name)
        let fields: [String: FieldValue] = [
            "points": .integer(Int64(layout.points)), "mediaType": .text("application/vnd.las"),
        ]
        guard try Emit.item(item, fields, at: file.file.name, into: sink) else { return }
        var points = PointClasses(item: item, path: file.stem) { code in
            code < UInt64(classNames.count) ? classNames[Int(code)] : String(code)
        }
        var silent = 0
        for index in 0..<layout.points {
            let place = layout.offset + index * layout.stride + layout.classOffset
            let code = bytes[place] & layout.classMask
            if code == 0 {
                silent += 1
            } else {
                _ = try points.add(UInt64(index), .init(number: UInt64(code)), into: sink)
            }
        }
        try points.finish(into: sink)
        if silent > 0 {
            try sink(
                .note(
                    where: file.file.name,
                    why: "\(silent) points were never classified (code 0) and have no label"))
        }
    }

    /// Writes nothing: a LAS file cannot be made from labels alone.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        throw FormatRegistry.readOnly(name)
    }
}
