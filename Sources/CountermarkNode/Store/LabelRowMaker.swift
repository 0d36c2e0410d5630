import AnnotationFormats
import AnnotationModel
import AnnotationStore
import DatasetReading
import LabelExchange
import LabelText
import Provenance
import SharedStore
import Signing

/// Makes the rows of labels that the company's database gets, of one state of a dataset.
///
/// Labels are read as they are encoded. What many have in common is looked for by numbers, and made once: a box that
/// nobody touched costs no memory of its own.
struct LabelRowMaker {
    /// The number of the rows.
    let rows: Int64
    private let heads: RowsHeads
    private let mappings: [String: String]
    private let signers: Signers

    /// The rows that were made: the columns of the table `label_row` in their order.
    private(set) var labels = CopyRows(columns: LabelRows.labelColumns)
    /// What these labels have in common with others.
    private(set) var words: [LabelWords] = []
    private var wordBytes = 0

    private var item: (key: [UInt8], hash: Int64) = ([], CopyRows.hash([]))
    private var entry: Entry?
    private var idsByNumbers: [Numbers: Int64] = [:]
    /// Ids of words that were put, or are about to be.
    private var known: Set<Int64> = []
    private var json = JSONWriter()
    /// Attributes by the local ids of their fields; nil for a field that is none.
    private var attributes: [Int64: String?] = [:]

    /// What labels of one entry have in common.
    private struct Entry {
        let key: Int64
        /// The log's bits in a label's number.
        let log: Int64
        let org: String
        let signer: String?
        let time: Int64?
    }

    /// What tells words of one company's labels apart where no field of a label speaks of them.
    private struct Numbers: Hashable {
        let className, source, author: Int64
        let kind: UInt8
        let isRetracted, isContested: Bool
    }

    /// What a label's fields say.
    private struct Said {
        var confidence: Double?
        var externalID: UnsafeRawBufferPointer?
        var source, author: String?
        var stageClassify, stageMark, stageQuality: String?
        var hasWords = false
        var hasAttributes = false
    }

    /// What the columns say of a selector.
    private struct Place {
        let kind: Selector.Kind
        var box: Selector.Box?
        var start, end: Double?
        /// The selector as JSON; nil where the view makes it of the other columns.
        var selector: String?
    }

    init(rows: Int64, heads: RowsHeads, mappings: [String: String], signers: Signers) {
        (self.rows, self.heads, self.mappings, self.signers) = (rows, heads, mappings, signers)
    }

    /// What the rows and their words may take in memory, about.
    private static let bytesMax = 1 << 26
    /// Words that are kept in mind beyond a piece; they are put again else.
    private static let wordsMax = 1 << 14

    /// Whether no more labels than there are should be in memory at once.
    func isFull(_ count: Int) -> Bool {
        labels.count >= count || labels.byteCount + wordBytes >= Self.bytesMax
    }

    /// Forgets the rows, which were put.
    mutating func removeAll() {
        labels.removeAll()
        words.removeAll()
        wordBytes = 0
        if known.count > Self.wordsMax {
            known.removeAll()
            idsByNumbers.removeAll()
        }
    }

    // MARK: A label

    /// Adds a label's row.
    mutating func add(_ label: EncodedLabel) throws {
        let entry = try entry(of: label)
        try findItem(of: label)
        let said = try said(of: label)
        let place = try Self.place(of: label)
        let number = entry.log | Int64(label.key.slot.packed)
        let id = try words(of: label, said, place.kind, entry)
        labels.begin(hash: item.hash, key: number)
        labels.add(rows)
        labels.add(item.hash)
        labels.add(number)
        labels.add(id)
        labels.add(entry.time)
        if let box = place.box {
            labels.add(box.x)
            labels.add(box.y)
            labels.add(box.width)
            labels.add(box.height)
        } else {
            labels.addNulls(4)
        }
        labels.add(place.start)
        labels.add(place.end)
        labels.add(said.confidence)
        item.key.withUnsafeBytes { labels.add(utf8: $0) }
        if let text = said.externalID { labels.add(utf8: text) } else { labels.addNulls(1) }
        labels.add(place.selector)
        if said.hasAttributes {
            json.endObject()
            json.newline()
            json.bytes.withUnsafeBytes { labels.add(json: $0) }
            json.removeAll()
        } else {
            labels.addNulls(1)
        }
    }

    private mutating func entry(of label: EncodedLabel) throws -> Entry {
        let key = label.key.entryKey
        if let entry, entry.key == key { return entry }
        let signed = try signers.signer(of: label.id)
        let made = Entry(
            key: key, log: Int64(try heads.number(of: label.origin)) << 48,
            org: label.origin.description, signer: signed.signer, time: signed.time)
        if made.org != entry?.org || made.signer != entry?.signer { idsByNumbers.removeAll() }
        entry = made
        return made
    }

    private mutating func findItem(of label: EncodedLabel) throws {
        try label.withItem { key in
            let isSame = item.key.withUnsafeBytes { $0.elementsEqual(key) }
            if isSame { return }
            item.key.replaceSubrange(item.key.indices, with: key)
            item.hash = CopyRows.hash(item.key)
        }
    }

    private static func place(of label: EncodedLabel) throws -> Place {
        if let box = Selector.Box(ofEncoded: label.encodedSelector), isPlain(box) {
            return Place(kind: .box, box: box)
        }
        if label.isOfWholeItem { return Place(kind: .wholeItem) }
        let selector = try label.selector()
        let place = AnalystColumns.Place(selector)
        return Place(
            kind: place.kind, box: place.box, start: place.start, end: place.end,
            selector: SelectorJSON.text(selector))
    }

    /// Whether PostgreSQL writes a box's numbers as this program does: it writes others with an exponent.
    private static func isPlain(_ box: Selector.Box) -> Bool {
        func isPlain(_ value: Double) -> Bool {
            value == 0 || value.magnitude >= 1e-4 && value.magnitude < 1e15
        }
        return isPlain(box.x) && isPlain(box.y) && isPlain(box.width) && isPlain(box.height)
    }

    // MARK: Fields

    private mutating func said(of label: EncodedLabel) throws -> Said {
        var said = Said()
        try label.forEachField { field, value in
            switch Field.Known(rawValue: Int(field)) {
            case .confidence: said.confidence = try FieldValue(decoding: value).numberValue
            case .externalID: said.externalID = FieldValue.utf8(ofEncoded: value)
            case .source: said.source = try FieldValue(decoding: value).textValue
            case .author: said.author = try FieldValue(decoding: value).textValue
            case .stageClassify:
                said.stageClassify = AnalystColumns.state(
                    .classify, try FieldValue(decoding: value))
            case .stageMark:
                said.stageMark = AnalystColumns.state(.mark, try FieldValue(decoding: value))
            case .stageQuality:
                said.stageQuality = AnalystColumns.state(.quality, try FieldValue(decoding: value))
            default:
                guard let name = try attribute(field, label) else { return }
                if !said.hasAttributes { json.beginObject() }
                said.hasAttributes = true
                json.key(name: name)
                FieldValueJSON.write(try FieldValue(decoding: value), to: &json)
                return
            }
            if field != Field.Known.confidence.rawValue, field != Field.Known.externalID.rawValue {
                said.hasWords = true
            }
        }
        return said
    }

    /// The attribute that a field is; nil for one of the model's own.
    private mutating func attribute(_ field: Int64, _ label: EncodedLabel) throws -> String? {
        if let known = attributes[field] { return known }
        var name: String?
        if case .attribute(let attribute) = Field(name: try label.field(field)) { name = attribute }
        if attributes.count > Self.wordsMax { attributes.removeAll() }
        attributes[field] = .some(name)
        return name
    }

    // MARK: Words

    /// The id of what a label has in common with others.
    private mutating func words(
        of label: EncodedLabel, _ said: Said, _ kind: Selector.Kind, _ entry: Entry
    ) throws -> Int64 {
        let numbers = Numbers(
            className: try label.className(), source: try label.source(),
            author: try label.author(), kind: UInt8(kind.code),
            isRetracted: try label.isRetracted(), isContested: try label.flags().isConflict)
        if !said.hasWords, let known = idsByNumbers[numbers] { return known }
        let className = try label.name(numbers.className)
        var words = LabelWords(
            className: mappings[className] ?? className, classAsWritten: className,
            selectorKind: kind.rawValue,
            status: AnalystColumns.status(isRetracted: numbers.isRetracted), org: entry.org)
        words.isContested = numbers.isContested
        words.signer = entry.signer
        words.source =
            try said.source ?? (numbers.source == 0 ? nil : label.name(numbers.source))
        words.author =
            try said.author ?? (numbers.author == 0 ? nil : label.name(numbers.author))
        (words.stageClassify, words.stageMark) = (said.stageClassify, said.stageMark)
        words.stageQuality = said.stageQuality
        let id = note(words)
        if !said.hasWords { idsByNumbers[numbers] = id }
        return id
    }

    private mutating func note(_ words: LabelWords) -> Int64 {
        let id = words.id(in: rows)
        if known.insert(id).inserted {
            self.words.append(words)
            wordBytes += words.byteCount
        }
        return id
    }

    // MARK: Items

    /// The items of a dataset that are shown under another one's key.
    func aliases(_ store: LabelStore, _ dataset: DatasetID) throws -> CopyRows {
        var copy = CopyRows(columns: LabelRows.aliasColumns)
        let same = SameItems(store, dataset)
        try store.forEachItemNamingAnother(dataset) { item in
            let shown = try same.shown(item)
            if shown.hasSameBytes(as: item.key) { return }
            let hash = CopyRows.hash(ofItem: item.key)
            copy.begin(hash: hash, key: Int64(copy.count))
            copy.add(rows)
            copy.add(hash)
            copy.add(item.key)
            copy.add(shown)
        }
        return copy
    }
}
