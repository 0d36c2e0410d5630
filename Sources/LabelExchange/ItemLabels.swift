import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Provenance
import Shapes

/// This organisation's labels of one item that no record of the files has been matched with yet.
struct ItemLabels {
    private struct Content: Hashable {
        var className: String
        var selector: Selector
    }

    private var labels: [LabelView?]
    /// Who labelled, where a record does not say.
    private let author: String?
    /// What labelled, where a record does not say; nil where the user does not say either.
    private let source: String?
    private var byExternalID: ByteMap<[Int]> = [:]
    private var byPlace: [Substring: [Int]] = [:]
    /// Made when a record is looked for by what it says: most are found by their ids.
    private var byContent: [Content: [Int]]?
    /// Where the labels lie, made with that.
    private var boxes: [Selector.Box?] = []
    /// Comparing digit by digit is for items with few labels; with many, equal is equal.
    private static let comparedMax = 512

    init(_ found: [LabelView], author: String?, source: String?) {
        (labels, self.author, self.source) = (found, author, source)
        for (index, label) in found.enumerated() {
            if let id = label.fields[ImportStatement.externalID]?.textValue {
                byExternalID[id, default: []].append(index)
                if id.utf8.contains(UInt8(ascii: "#")) {
                    byPlace[Self.place(id), default: []].append(index)
                }
            }
        }
    }

    var count: Int { labels.count }

    private mutating func take(_ index: Int?) -> LabelView? {
        guard let index, let label = labels[index] else { return nil }
        labels[index] = nil
        return label
    }

    private func says(_ index: Int, _ record: LabelRecord) -> Bool {
        guard let label = labels[index] else { return false }
        return label.className == Self.className(record)
            && ImportStatement.isSame(label.selector, record.selector)
    }

    /// What the class of a record is called here.
    private static func className(_ record: LabelRecord) -> String {
        record.className.isEmpty ? ImportPlan.noClass : record.className
    }

    /// True if a label has all attributes of a record: of a caption they say what it says.
    private func hasAttributes(_ index: Int, of record: LabelRecord) -> Bool {
        guard let label = labels[index] else { return false }
        return record.attributes.allSatisfy { name, value in
            ImportStatement.isSame(name, value, label.fields[Field.attribute(name).name])
        }
    }

    /// The label with the record's id; where asked for, only if it says the same.
    mutating func take(byExternalID record: LabelRecord, saying same: Bool) -> LabelView? {
        guard let id = record.externalID else { return nil }
        let isPositional = ImportStatement.isPositional(id)
        let isTaken = { (index: Int) in
            guard labels[index] != nil else { return false }
            // Two people's files have the same ids, and at one place a label of each.
            let isNamed = isPositional ? same || record.author == nil : record.author == nil
            if isNamed, isByAnother(index, record) { return false }
            if isOfAnotherModel(index, record) { return false }
            if !same, record.author == nil, isAuthorNew(index) { return false }
            return !same || says(index, record)
        }
        if let indices = byExternalID[id] { return take(indices.first(where: isTaken)) }
        return take(moved(id, record).first(where: isTaken))
    }

    /// The labels that records are likeliest about which say something else, and of which a file tells no more than
    /// where they stand in it.
    ///
    /// - Returns: One for each record; nil for what is new.
    mutating func take(likest records: [LabelRecord], isUpdate: Bool) -> [LabelView?] {
        if records.isEmpty { return [] }
        let known = labels.indices.filter {
            ImportStatement.isPlaced(labels[$0]?.fields[ImportStatement.externalID]?.textValue)
        }
        func id(_ index: Int) -> String {
            labels[index]?.fields[ImportStatement.externalID]?.textValue ?? ""
        }
        let pairs = Likeness.pairs(
            records.map {
                .init(
                    className: $0.className, selector: $0.selector,
                    place: $0.externalID.map { String(ImportStatement.place($0)) })
            },
            known.compactMap { index in
                labels[index].map {
                    .init(
                        className: $0.className, selector: $0.selector,
                        place: String(ImportStatement.place(id(index))))
                }
            },
            isPlaceEnough: isUpdate,
            mayBe: { record, place in
                let (record, index) = (records[record], known[place])
                let (said, own) = (record.externalID ?? "", id(index))
                guard ImportStatement.isOneFile(said, own), !isOfAnotherModel(index, record) else {
                    return false
                }
                // A folder's name may be a person's: by another path only what the same person said is meant.
                if !ImportStatement.isOnePath(said, own) {
                    return authorNow(index) == record.author ?? author
                }
                // A file that names authors may correct them.
                return record.author != nil || !isByAnother(index, record) && !isAuthorNew(index)
            })
        return pairs.map { pair in pair.flatMap { take(known[$0]) } }
    }

    /// The labels whose file was given by another path, with more folders above it or fewer; of the same
    /// person only, whose name may be a folder's.
    private func moved(_ id: String, _ record: LabelRecord) -> [Int] {
        byPlace[Self.place(id)]?.filter { index in
            guard let label = labels[index],
                let own = label.fields[ImportStatement.externalID]?.textValue
            else { return false }
            return ImportStatement.isSamePlace(own, id)
                && authorNow(index) == record.author ?? author
        } ?? []
    }

    /// The label that says the same.
    ///
    /// - Parameters:
    ///   - isOneID: Whether two lasting ids are two labels. Where all ids of a file have found theirs, what is left was
    ///     numbered anew by another program: of each label there is still one.
    ///   - isWhole: Whether its attributes have to be the record's, too.
    mutating func take(byContent record: LabelRecord, isOneID: Bool, isWhole: Bool = false)
        -> LabelView?
    {
        let content = Content(className: Self.className(record), selector: record.selector)
        func isIt(_ index: Int) -> Bool {
            if isWhole, !hasAttributes(index, of: record) { return false }
            return isOneID
                ? mayBe(index, record) && !hasOtherID(index, record) : isOfOneRater(index, record)
        }
        let alike = contents()[content]
        if let index = alike?.first(where: { isIt($0) }) { return take(index) }
        guard labels.count <= Self.comparedMax else { return nil }
        let box = record.selector.bounds
        return take(
            labels.indices.first { index in
                // Most lie elsewhere.
                if let box, let own = boxes[index], !ImportStatement.isAtOnePlace(own, box) {
                    return false
                }
                return isIt(index) && says(index, record)
            })
    }

    /// The label of the class that lies almost where a record says, which has no lasting id.
    mutating func take(near record: LabelRecord) -> LabelView? {
        if Self.isLasting(record.externalID) { return nil }
        return take(near(record))
    }

    /// True if one of these labels may be what a record says, moved a little.
    func holdNear(_ record: LabelRecord) -> Bool { near(record) != nil }

    private func near(_ record: LabelRecord) -> Int? {
        guard labels.count <= Self.comparedMax else { return nil }
        // Tracks are compared frame by frame.
        let box = record.selector.kind == .track ? nil : record.selector.bounds
        return labels.indices.first { index in
            if let box, boxes.indices.contains(index), let own = boxes[index],
                !Likeness.isNear(own, box)
            {
                return false
            }
            guard let label = labels[index], !label.isRetracted,
                label.selector.kind == record.selector.kind,
                label.className.hasSameBytes(as: record.className), isOfOneRater(index, record)
            else { return false }
            return Likeness.isNear(label.selector, record.selector)
        }
    }

    /// The labels that nothing was matched with when they were first asked for, by what they say.
    private mutating func contents() -> [Content: [Int]] {
        if let byContent { return byContent }
        var made: [Content: [Int]] = [:]
        for (index, label) in labels.enumerated() {
            guard let label else { continue }
            made[Content(className: label.className, selector: label.selector), default: []]
                .append(index)
        }
        boxes = labels.map { $0?.selector.bounds }
        byContent = made
        return made
    }

    private func authorNow(_ index: Int) -> String? {
        labels[index].flatMap { $0.fields["author"]?.textValue ?? $0.author }
    }

    /// True if the user names who labelled, and nobody is named so far: then it may be another person.
    private func isAuthorNew(_ index: Int) -> Bool {
        author != nil
            && labels[index].map { $0.fields["author"]?.textValue ?? $0.author } == .some(nil)
    }

    /// True if two people said it: then these are two labels, even where they say the same.
    private func isByAnother(_ index: Int, _ record: LabelRecord) -> Bool {
        guard let author = record.author ?? author,
            let own = labels[index].flatMap({ $0.fields["author"]?.textValue ?? $0.author })
        else { return false }
        return own != author
    }

    /// True if a model said the one and somebody else the other.
    private func isOfAnotherModel(_ index: Int, _ record: LabelRecord) -> Bool {
        labels[index].map { RaterSource.areApart(record.source ?? source, RaterSource.of($0)) }
            ?? false
    }

    private func mayBe(_ index: Int, _ record: LabelRecord) -> Bool {
        labels[index] != nil && !isByAnother(index, record) && !isOfAnotherModel(index, record)
    }

    private func isOfOneRater(_ index: Int, _ record: LabelRecord) -> Bool {
        mayBe(index, record) && (record.author != nil || !isAuthorNew(index))
    }

    /// True if a record and a label both have lasting ids: those of one file are two labels.
    private func hasOtherID(_ index: Int, _ record: LabelRecord) -> Bool {
        Self.isLasting(record.externalID)
            && Self.isLasting(labels[index]?.fields[ImportStatement.externalID]?.textValue)
    }

    /// True if one of these labels may be what a record says of it in another kind of shape.
    func hold(_ record: LabelRecord, inAnother isAnother: (Selector.Kind) -> Bool) -> Bool {
        guard labels.count <= Self.comparedMax, let bounds = record.selector.bounds else {
            return false
        }
        return labels.contains { label in
            guard let label, !label.isRetracted, label.selector.kind != record.selector.kind,
                isAnother(label.selector.kind), label.className.hasSameBytes(as: record.className),
                let own = label.selector.bounds
            else { return false }
            return ShapeLosses.isNear(own, bounds)
        }
    }

    /// An id without the folders that it begins with.
    private static func place(_ id: String) -> Substring {
        id[(id.lastIndex(of: "/").map { id.index(after: $0) } ?? id.startIndex)...]
    }

    private static func isLasting(_ id: String?) -> Bool {
        id != nil && !ImportStatement.isPositional(id)
    }
}
