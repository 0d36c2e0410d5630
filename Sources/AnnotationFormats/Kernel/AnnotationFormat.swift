import AnnotationModel
import LabelText

/// One format of label files: how to read it, how to write it, and what it cannot carry.
///
/// Readers hand over one record at a time and writers ask for one at a time, so memory does not grow with
/// the number of labels.
public protocol AnnotationFormat: Sendable {
    /// The name on the command line.
    var name: String { get }

    /// What a user should know before choosing it, in one line.
    var summary: String { get }

    /// The name that a single output file gets by default, or nil where a folder is written.
    var defaultFileName: String? { get }

    /// What the format's files carry of labels and items.
    var profile: FormatProfile { get }

    /// Reads files and hands over what they hold.
    ///
    /// Items come before the annotations that speak of them. A record that cannot be taken becomes
    /// ``FormatEvent/skipped(where:why:)``; a file that cannot be trusted as a whole throws, possibly
    /// after records were handed over, so the caller applies them only when reading has ended.
    ///
    /// - Parameter context: The items that the dataset has, and what the user says about names.
    /// - Throws: ``FormatError``, or what `sink` throws.
    func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws

    /// Whether labels in the files may name entries of logs, as exports do; finding out costs no reading.
    ///
    /// - Throws: ``FormatError`` where a file cannot be opened.
    func mayNameEntries(_ files: [InputFile]) throws -> Bool

    /// Writes items and annotations.
    ///
    /// - Returns: what was written, and what the format could not carry.
    /// - Throws: ``FormatError``, or what the source or the output throws.
    func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport
}

extension AnnotationFormat {
    /// Reads files of which nothing is known beforehand.
    public func read(_ files: [InputFile], into sink: (FormatEvent) throws -> Void) throws {
        try read(files, context: .empty, into: sink)
    }

    /// Most formats have no place for it.
    public func mayNameEntries(_ files: [InputFile]) throws -> Bool { false }

    /// The profile that the table has for the name.
    public var profile: FormatProfile { FormatProfile.of(name) }
}

/// What a reader found next.
public enum FormatEvent: Hashable, Sendable {
    /// A class with what the file says about it.
    case labelClass(ClassRecord)
    case item(ItemRecord)
    case annotation(LabelRecord)
    /// A record that was not taken: where it stands, and why, with what to do.
    case skipped(where: String, why: String)
    /// Something that a person should look at; nothing was left out.
    case note(where: String, why: String)
    /// A file of which nothing is taken, or none of its labels; the others go on.
    case fileRefused(where: String, why: String)
}

/// A class as label files describe it.
public struct ClassRecord: Hashable, Sendable {
    /// The name, which labels refer to.
    public var name: String
    /// The name of the class above; empty for none.
    public var parent: String
    /// The names of the keypoints in their order.
    public var keypoints: [String]
    /// The pairs of keypoints that are joined, counted from 1.
    public var skeleton: [[Int64]]
    /// `#rrggbb`; empty for none.
    public var color: String
    /// The number that the file gives it, where that says more than its place in the list.
    public var number: Int64?
    /// The numbers that further lists give it.
    public var otherNumbers: [Int64] = []
    /// What the file declares of attributes whose values are listed.
    public var attributes: [ClassAttribute]

    /// A class.
    public init(
        name: String, parent: String = "", keypoints: [String] = [], skeleton: [[Int64]] = [],
        color: String = "", number: Int64? = nil, attributes: [ClassAttribute] = []
    ) {
        (self.name, self.parent, self.color, self.number) = (name, parent, color, number)
        (self.keypoints, self.skeleton, self.attributes) = (keypoints, skeleton, attributes)
    }
}

/// An attribute of a class with the list of values from which annotators choose.
public struct ClassAttribute: Hashable, Sendable {
    /// The name.
    public var name: String
    /// How it is asked for: `select`, `radio` or `number`.
    public var type: String
    /// The values; of a number its least, its greatest and its step.
    public var values: [String]
    /// What it is where nobody chose; empty for nothing.
    public var usual: String
    /// True if it may change along a track.
    public var isMutable: Bool

    /// The kinds of question that have a list.
    public static let types = ["select", "radio", "number"]

    /// An attribute.
    public init(
        name: String, type: String, values: [String], usual: String = "", isMutable: Bool = false
    ) {
        (self.name, self.type, self.values) = (name, type, values)
        (self.usual, self.isMutable) = (usual, isMutable)
    }
}

/// What is to be written: calls back for each record, and may be asked more than once.
public struct LabelSource {
    /// Calls back for each item.
    public typealias Items = ((ItemRecord) throws -> Void) throws -> Void
    /// Calls back for each annotation.
    public typealias Annotations = ((LabelRecord) throws -> Void) throws -> Void
    /// Calls back for each annotation with what is asked of it first, and with what makes the whole of it.
    public typealias Briefs = (
        (LabelBrief, _ whole: () throws -> LabelRecord) throws -> Void
    ) throws -> Void

    /// The classes that are known beforehand; they come first, in this order.
    public let classes: [ClassRecord]
    /// Calls back for each item.
    public let forEachItem: Items
    /// Calls back for each annotation.
    public let forEachAnnotation: Annotations
    /// Calls back for each annotation, for whoever looks at little of each.
    public let forEachBrief: Briefs

    /// A source that iterates by itself.
    ///
    /// - Parameter forEachBrief: The same annotations as `forEachAnnotation`; nil where that costs as much.
    public init(
        classes: [ClassRecord] = [], forEachItem: @escaping Items,
        forEachAnnotation: @escaping Annotations, forEachBrief: Briefs? = nil
    ) {
        self.classes = classes
        self.forEachItem = forEachItem
        self.forEachAnnotation = forEachAnnotation
        self.forEachBrief =
            forEachBrief
            ?? { body in
                try forEachAnnotation { label in try body(LabelBrief(label)) { label } }
            }
    }

    /// A source of records at hand.
    public init(
        classes: [ClassRecord] = [], items: [ItemRecord], annotations: [LabelRecord]
    ) {
        self.init(
            classes: classes, forEachItem: { body in for item in items { try body(item) } },
            forEachAnnotation: { body in for annotation in annotations { try body(annotation) } })
    }
}

/// What is asked of every label before the first one is written.
public struct LabelBrief {
    /// The item's key.
    public let item: String
    /// The class.
    public let className: String
    /// What the selector is; nil for one that this program does not know.
    public let kind: Selector.Kind?
    /// True if it was taken back.
    public let isRetracted: Bool

    /// An brief.
    public init(item: String, className: String, kind: Selector.Kind?, isRetracted: Bool) {
        (self.item, self.className, self.kind, self.isRetracted) =
            (item, className, kind, isRetracted)
    }

    init(_ label: LabelRecord) {
        self.init(
            item: label.item, className: label.className, kind: label.selector.kind,
            isRetracted: label.isRetracted)
    }
}

/// How to write.
public struct WriteOptions: Hashable, Sendable {
    /// Writes who said what beside each annotation, where the format has room for it.
    public var includesProvenance: Bool
    /// Writes `<output>.countermark.jsonl` beside the output, with which it reads back without loss.
    public var writesSidecar: Bool
    /// What the labels were taken from, which the sidecar keeps; nil for unknown.
    public var base: ExportBase?

    /// Options; machines want the defaults.
    public init(
        includesProvenance: Bool = true, writesSidecar: Bool = false
    ) {
        self.includesProvenance = includesProvenance
        self.writesSidecar = writesSidecar
    }
}

/// What an export was made of: how much of each log its label set had merged, and which labels of it were written.
public struct ExportBase: Hashable, Sendable {
    /// The dataset's id.
    public var dataset: String
    /// The number of entries by organisation.
    public var heads: [String: UInt64]
    /// The classes that were written; empty for all.
    public var classes: Set<String> = []
    /// The authors whose labels were written; empty for all.
    public var authors: Set<String> = []
    /// The organisation whose labels alone were written; nil for those of all.
    public var org: String?

    /// The state of a dataset.
    public init(dataset: String, heads: [String: UInt64]) {
        (self.dataset, self.heads) = (dataset, heads)
    }

    /// True if labels were left out: what the files do not hold may be there all the same.
    public var isPart: Bool { !classes.isEmpty || !authors.isEmpty || org != nil }

    /// True if a label of an organisation was written, as far as its class and author say.
    public func holds(className: String, author: String?, org: String) -> Bool {
        (classes.isEmpty || classes.contains(className))
            && (authors.isEmpty || author.map(authors.contains) == true)
            && self.org.map { $0 == org } ?? true
    }
}

/// The formats that are built in.
public enum FormatRegistry {
    /// All formats, in the order of help texts.
    public static let all: [any AnnotationFormat] = [
        COCOFormat(), DeepPCBFormat(), CSVFormat(), JSONLinesFormat(), YOLOFormat(.detect),
        YOLOFormat(.segment), YOLOFormat(.pose), YOLOFormat(.orientedBox), VOCFormat(),
        VOCFormat(isZeroBased: true), LabelMeFormat(), CVATFormat(), LabelStudioFormat(),
        DatumaroFormat(), KITTIFormat(), KITTITrackletFormat(), MOTFormat(), SUSTechFormat(),
        PCDFormat(),
        PCDFormat(isText: true), LASFormat(), SDFFormat(), DXFFormat(),
        PanopticFormat(), NuScenesFormat(), OpenLABELFormat(),
        WebVTTFormat(), RTTMFormat(), TextGridFormat(), AudacityFormat(),
        BratFormat(), CoNLLFormat(.begin), CoNLLFormat(.ends), SpaCyFormat(),
        NABFormat(), TCPDFormat(),
        WebAnnotationFormat(),
        PreferenceFormat(.all), PreferenceFormat(.pairs), PreferenceFormat(.judgements),
        PreferenceFormat(.answers),
    ]

    /// The format with a name, for who wants to write it.
    public static func writtenFormat(
        named name: String
    ) throws(FormatError) -> any AnnotationFormat {
        let format = try format(named: name)
        guard format.profile.isWritten else { throw readOnly(name) }
        return format
    }

    static func readOnly(_ name: String) -> FormatError {
        .readOnly(name: name, written: all.filter(\.profile.isWritten).map(\.name))
    }

    /// The format with a name, run by the engines that are the same for all; it looks for a sidecar when it reads, and
    /// writes one when asked to.
    public static func format(named name: String) throws(FormatError) -> any AnnotationFormat {
        guard let format = all.first(where: { $0.name == name }) else {
            throw .unknownFormat(name: String(name.prefix(40)), known: all.map(\.name))
        }
        return SidecarFormat(FormatEngine(format))
    }
}
