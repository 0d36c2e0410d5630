import AnnotationModel
import LabelText

/// Reads lines of JSON Lines that hold an annotation and nothing unusual, without building a tree.
///
/// Whatever it does not know it leaves alone: the line is then read by ``JSONLinesFormat`` from its start,
/// which takes it or says what is wrong. So this reader never refuses anything.
struct PlainLine {
    private var cache = TextCache()
    /// The item of the line before, which is a good key; most lines have the same.
    private var lastItem: String?

    /// The members with a text, each with the bit that says that it was seen.
    private enum Member: Int {
        case item = 1
        case className = 2
        case source = 4
        case author = 8
        case externalID = 16
        case id = 32
        case org = 64
        case kind = 128
        case selector = 256
        case contested = 512
        case confidence = 1_024
        case attributes = 2_048
        case dataset = 4_096
    }

    /// The annotation of a line; nil if the line has to be looked at more closely.
    mutating func annotation(_ line: UnsafeRawBufferPointer) -> LabelRecord? {
        guard var scanner = try? JSONScanner(line) else { return nil }
        var label = LabelRecord(item: "", className: "", selector: .wholeItem)
        var provenance = LabelRecord.Provenance(id: "", org: "", isContested: false)
        var seen = 0
        do throws(JSONError) {
            try scanner.beginObject()
            while try scanner.nextKey() {
                guard let member = Self.member(scanner), seen & member.rawValue == 0 else {
                    return nil
                }
                seen |= member.rawValue
                guard try read(member, &scanner, &label, &provenance) else { return nil }
            }
            try scanner.finish()
        } catch {
            return nil
        }
        let needed = Member.item.rawValue | Member.selector.rawValue
        guard seen & needed == needed else { return nil }
        let both = Member.id.rawValue | Member.org.rawValue
        if seen & both == both { label.provenance = provenance }
        guard
            lastItem.map({ $0.hasSameBytes(as: label.item) }) == true
                || ItemKey.problem(label.item) == nil,
            RecordRule.problem(label) == nil
        else { return nil }
        lastItem = label.item
        return label
    }

    @inline(__always)
    private static func member(_ scanner: JSONScanner) -> Member? {
        if scanner.keyIs("kind") { return .kind }
        if scanner.keyIs("item") { return .item }
        if scanner.keyIs("class") { return .className }
        if scanner.keyIs("selector") { return .selector }
        if scanner.keyIs("source") { return .source }
        if scanner.keyIs("externalID") { return .externalID }
        if scanner.keyIs("id") { return .id }
        if scanner.keyIs("org") { return .org }
        if scanner.keyIs("dataset") { return .dataset }
        if scanner.keyIs("contested") { return .contested }
        if scanner.keyIs("confidence") { return .confidence }
        if scanner.keyIs("author") { return .author }
        if scanner.keyIs("attributes") { return .attributes }
        return nil
    }

    /// Reads one member; false if it is not plain.
    @inline(__always)
    private mutating func read(
        _ member: Member, _ scanner: inout JSONScanner, _ label: inout LabelRecord,
        _ provenance: inout LabelRecord.Provenance
    ) throws(JSONError) -> Bool {
        switch member {
        case .kind: return try scanner.stringIs("annotation")
        case .item: label.item = try scanner.string(&cache)
        case .className: label.className = try scanner.string(&cache)
        case .source: label.source = try scanner.string(&cache)
        case .author: label.author = try scanner.string(&cache)
        case .externalID: label.externalID = try scanner.string()
        case .id: provenance.id = try scanner.string()
        case .org: provenance.org = try scanner.string(&cache)
        case .dataset: provenance.dataset = try scanner.string(&cache)
        case .contested: provenance.isContested = try scanner.bool()
        case .confidence: label.confidence = try scanner.double()
        case .attributes:
            guard let fields = RecordJSON.fields(try JSONValue(reading: &scanner)) else {
                return false
            }
            label.attributes = fields
        case .selector:
            let before = scanner
            if let box = SelectorJSON.plainBox(&scanner) {
                label.selector = box
                return true
            }
            scanner = before
            guard let shape = try? SelectorJSON.selector(JSONValue(reading: &scanner)) else {
                return false
            }
            label.selector = shape
        }
        return true
    }
}
