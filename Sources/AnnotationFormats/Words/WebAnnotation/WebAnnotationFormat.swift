import AnnotationModel
import LabelText

/// W3C Web Annotation in JSON-LD: one annotation, an array, a page or a collection with its first page inside.
///
/// It is read as JSON; no context is fetched. The item is the target's IRI without fragment, a relative one with `%20`
/// and the like resolved. Understood as selectors are fragments `xywh`, `t`, `char` and `row`, text positions and
/// quotes, SVG of one simple shape, and our own `countermark:Selector`, which carries every selector exactly. A
/// place that is not understood makes a label of the whole item with the attribute `oa.unresolved` and a note. The
/// class is the first body that tags or classifies, else the motivation; the creator is the author. A document
/// that says more than the label does is kept whole in the attribute `oa` and written again as it was, as long
/// as nobody changes the label. The external id is the annotation's `id`, else the file's path without ending,
/// `#`, and a number. The whole file is held in memory.
public struct WebAnnotationFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "web-annotation"
    /// What a user should know before choosing it.
    public let summary = "W3C Web Annotation JSON-LD; every selector, unknown members are kept"
    /// The name of the output file where the user gives none.
    public let defaultFileName: String? = "annotations.jsonld"

    static let context = "http://www.w3.org/ns/anno.jsonld"
    /// What `countermark:` stands for.
    static let vocabulary = "urn:countermark:"
    /// Our own terms: JSON-LD keeps a JSON value as it is only where its context says so.
    static let ownContext = JSONValue.object([
        "countermark": .string(vocabulary),
        "countermark:attributes": .object(["@type": .string("@json")]),
        "countermark:value": .object(["@type": .string("@json")]),
    ])
    static let (document, unresolved) = ("oa", "oa.unresolved")

    /// The format.
    public init() {}

    /// Reads files; `context` knows the texts and sizes of items.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        var count = 0
        try FileTree.forEach(
            files, where: { ["json", "jsonld"].contains(FileTree.ending($0)) }, into: sink
        ) { file, sink in
            count += 1
            var reader = WebAnnotationReader(file: file, context: context)
            try reader.read(try JSONFile.tree(file.file), into: sink)
        }
        if count == 0 { throw FormatError.noInput(format: name, wants: "give a .jsonld file") }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        try WebAnnotationWriter.write(source, to: output)
    }
}

/// Names of resources: IRIs, absolute or relative.
enum WebResource {
    private static let forbidden = Set("<>\"{}|\\^`".unicodeScalars)

    static func isIRI(_ text: String) -> Bool {
        !text.isEmpty
            && text.unicodeScalars.allSatisfy {
                $0.value > 0x20 && !(0x7f...0x9f).contains($0.value)
                    && !$0.properties.isWhitespace && !forbidden.contains($0)
            }
    }

    static func hasScheme(_ text: String) -> Bool {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")),
            let first = text.utf8.first, (0x41...0x5a).contains(first & 0xdf)
        else { return false }
        return text.utf8[..<colon].allSatisfy {
            (0x41...0x5a).contains($0 & 0xdf) || (0x30...0x39).contains($0)
                || $0 == 0x2b || $0 == 0x2d || $0 == 0x2e
        }
    }

    /// The item's key of an IRI without fragment.
    static func key(_ iri: String) -> String { hasScheme(iri) ? iri : BlankFree.text(iri) }

    /// The IRI of an item's key.
    static func iri(_ key: String) -> String {
        if hasScheme(key), isIRI(key), !key.contains("#"), self.key(key) == key { return key }
        var iri = ""
        for scalar in key.unicodeScalars {
            let isPlain =
                scalar.value > 0x7f
                ? !scalar.properties.isWhitespace && scalar.value > 0x9f
                : scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                    || "-._~/".unicodeScalars.contains(scalar)
            if isPlain {
                iri.unicodeScalars.append(scalar)
            } else {
                for byte in String(Character(scalar)).utf8 { iri += "%" + Hexadecimal.text([byte]) }
            }
        }
        return iri
    }
}
