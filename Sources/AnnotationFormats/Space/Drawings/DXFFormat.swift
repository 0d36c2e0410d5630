import AnnotationModel
import LabelText

/// DXF drawings: the entities by their handles, with layer, block and text; read only.
///
/// Each entity becomes a label whose class is its type (`LINE`, `TEXT`, `INSERT`, `ATTRIB`, `DIMENSION`…) and whose
/// selector names its handle, `{"kind":"graph","elementKind":"entity","elements":["2A"]}`; editors keep handles
/// on saving. Attributes are `layer`, `text` (of texts, of the fields of a title block, and overriding a
/// dimension), `tag` (the name of a field), `measurement` of dimensions, `position` as x, y, z in drawing units
/// with y up, `places` (the block that an INSERT places), and `block` for an entity that stands in the definition
/// of a block. What is placed several times is addressed by who labels it as `INSERT/ENTITY`, two handles. The
/// drawing's path is the item's key; its fields are `dxf.version`, `unit`, and `layers`. Texts of drawings before
/// R2007 are in the code page that the header names. Entities of R12 drawings may have no handle; they are called
/// by their place, `@1` for the first. The external id is the path without its ending, `#`, and the handle.
public struct DXFFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "dxf"
    /// What a user should know before choosing it.
    public let summary = "DXF drawings: entities by handle, layers, blocks, texts; read only"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    static let mediaType = "image/vnd.dxf"
    /// The most entities of one drawing; their handles are held to find those that occur twice.
    static let entitiesMax = 1 << 22
    /// The most names of layers that fit the item's field.
    static let layersMax = 200

    /// The format.
    public init() {}

    /// Reads files; `context` knows the drawings.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        try FileTree.forEach(files, where: { FileTree.ending($0) == "dxf" }, into: sink) {
            file, sink in
            count += 1
            let item = try finder.key(of: file)
            try file.file.withBytes { bytes in
                var reader = DXFReader(file: file, item: item)
                try reader.read(bytes, into: sink)
            }
        }
        if count == 0 { throw FormatError.noInput(format: name, wants: "give .dxf files") }
    }

    /// Writes nothing: a drawing cannot be made from labels.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        throw FormatRegistry.readOnly(name)
    }
}

/// The pairs of group code and value that a DXF file consists of.
struct DXFScanner {
    private var lines: DXFLines
    private let file: String
    /// True from `AC1021` on, where the text is UTF-8.
    var isUnicode = true
    /// The code page that the header names; nil where it names none.
    private(set) var codePage: String?
    private var encoding: TextEncoding?
    /// True for an encoding in which two bytes may be one character, and look like UTF-8 by chance.
    private var isWide = false
    /// True once bytes were taken as Western European, since no code page was named.
    private(set) var hasOldText = false
    /// The line of the pair's group code.
    private(set) var line = 0

    init(_ bytes: UnsafeRawBufferPointer, file: String) throws(FormatError) {
        if bytes.starts(with: "AutoCAD Binary DXF".utf8) {
            throw .text(file: file, line: 1, why: "a binary DXF; save it as text")
        }
        try TextLines.refuseWideText(bytes, file: file)
        lines = DXFLines(bytes)
        self.file = file
    }

    func error(_ why: String) -> FormatError { .text(file: file, line: line, why: why) }

    /// The next pair, or nil after the last one.
    mutating func next() throws(FormatError) -> (code: Int, value: String)? {
        guard let first = lines.next() else { return nil }
        line = lines.number
        let code = XMLTree.trim(String(decoding: first, as: UTF8.self))
        guard let number = Int(code), (-10...1_100).contains(number) else {
            if code.isEmpty, lines.isAtEnd { return nil }
            throw error("a group code is a number up to 1100; this line is none")
        }
        guard let second = lines.next() else { throw error("a value is missing; the file is cut") }
        guard second.count <= TextLines.lineBytesMax else { throw error("the value is too long") }
        if isUnicode || !isWide || second.allSatisfy({ $0 < 0x80 }),
            let text = String(validating: second, as: UTF8.self)
        {
            return (number, Self.unescaped(text))
        }
        guard !isUnicode else {
            throw FormatError.encoding(
                file: file, line: line,
                why: "the value is not UTF-8, which this version of DXF asks for; save it anew")
        }
        if codePage == nil {
            hasOldText = true
            encoding = TextEncoding(name: "CP1252")
        }
        guard let bytes = encoding?.utf8(Array(second)),
            let text = String(validating: bytes, as: UTF8.self)
        else {
            throw FormatError.encoding(
                file: file, line: line,
                why:
                    "the text is not of the code page \((codePage ?? "ANSI_1252").prefix(40)) that the "
                    + "header names, or that page is not known; save the drawing as UTF-8")
        }
        return (number, Self.unescaped(text))
    }

    /// Takes the code page of the header: `ANSI_1252`, `ANSI_936`, `DOS850`.
    mutating func setCodePage(_ name: String) {
        let page = XMLTree.trim(name)
        codePage = page
        let digits = String(page.drop { !$0.isNumber })
        isWide = ["932", "936", "949", "950", "1361"].contains(digits)
        let known = ["936": "GBK", "950": "BIG5", "949": "UHC", "1361": "JOHAB"]
        let isPage = page.uppercased().hasPrefix("ANSI_") || page.uppercased().hasPrefix("DOS")
        encoding = TextEncoding(
            name: isPage ? known[digits] ?? "CP" + digits : page.replacing("_", with: "-"))
        if encoding == nil, isPage { encoding = TextEncoding(name: "CP" + digits) }
    }

    /// `\U+00DF` stands for a character in files that are not UTF-8.
    private static func unescaped(_ text: String) -> String {
        guard text.contains("\\U+") else { return text }
        var result = ""
        var rest = text[...]
        while let range = rest.firstRange(of: "\\U+") {
            let digits = rest[range.upperBound...].prefix(4)
            result += rest[..<range.lowerBound]
            guard digits.count == 4, let value = UInt32(digits, radix: 16),
                let scalar = Unicode.Scalar(value)
            else {
                result += "\\U+"
                rest = rest[range.upperBound...]
                continue
            }
            result.unicodeScalars.append(scalar)
            rest = rest[digits.endIndex...]
        }
        return result + rest
    }
}

/// Lines that end in LF or CRLF, as bytes.
struct DXFLines {
    private let bytes: UnsafeRawBufferPointer
    private var position: Int
    private(set) var number = 0
    var isAtEnd: Bool { position >= bytes.count }

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        position = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    }

    mutating func next() -> UnsafeRawBufferPointer? {
        guard position < bytes.count else { return nil }
        number += 1
        let end = bytes[position...].firstIndex(of: 0x0a) ?? bytes.count
        var line = bytes[position..<end]
        position = end + 1
        if line.last == 0x0d { line = line.dropLast() }
        return UnsafeRawBufferPointer(rebasing: line)
    }
}
