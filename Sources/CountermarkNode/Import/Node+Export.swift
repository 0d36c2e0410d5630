import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Provenance

extension Node {
    /// Which labels to export.
    public enum ExportView: Equatable, Sendable {
        /// The resolved label set without what is retracted.
        case resolved
        /// Everything, retracted labels too.
        case union
        /// What one organisation added.
        case org(Origin)
    }

    /// A part of the label set, for formats that have one class or one annotator a file.
    public struct ExportPart: Equatable, Sendable {
        /// The classes to write; empty for all.
        public var classes: Set<String>
        /// The authors whose labels to write; empty for all.
        public var authors: Set<String>

        /// A part; everything if nothing is named.
        public init(classes: Set<String> = [], authors: Set<String> = []) {
            (self.classes, self.authors) = (classes, authors)
        }

        func holds(_ label: LabelRecord) -> Bool {
            (classes.isEmpty || classes.contains(label.className))
                && (authors.isEmpty || label.author.map(authors.contains) == true)
        }
    }

    /// Under which names to export classes.
    public enum ExportClasses: String, CaseIterable, Sendable {
        /// As the schema calls them now.
        case mapped
        /// As the labels were written.
        case asWritten = "as-written"
    }

    /// Writes a dataset's labels in a format; the schema's classes come first, in its order.
    ///
    /// The label set is read in one transaction, so the sidecar's heads are exactly what it was made from: an
    /// import takes what they cover for known to whoever changed the file.
    ///
    /// - Parameters:
    ///   - onlyKept: Leaves out the items that the stage `filter` excludes, with their labels.
    ///   - isWanted: Which labels to write, of those that the view has.
    /// - Returns: The report, and how many of the labels are contested.
    public func export(
        _ dataset: DatasetID, format: any AnnotationFormat, view: ExportView,
        part: ExportPart = ExportPart(), onlyKept: Bool = false,
        names: ExportClasses = .mapped, to output: any FormatOutput,
        options: WriteOptions = WriteOptions(),
        stage: (stage: ProcessingStage, state: String?)? = nil,
        where isWanted: ((LabelView) throws -> Bool)? = nil
    ) throws -> (report: ConversionReport, contested: Int) {
        try require(dataset)
        try catchUp(dataset)
        var filter = LabelFilter()
        if case .org(let origin) = view { filter.org = origin }
        filter.isWithoutExcluded = onlyKept
        filter.stage = stage
        let store = store
        var contested = 0
        let schema = try schema(of: dataset)
        let ticker = ticker()
        let mappings = names == .mapped ? schema.mappings : [:]
        var part = part
        part.classes = Set(part.classes.map { mappings[$0] ?? $0 })
        let blindness = try blindness(dataset)
        return try read(dataset) { merge in
            let same = SameItems(store, dataset)
            let labels = ExportedLabels(
                store: store, same: same, logs: merge.state.logs.mapValues(\.origin),
                filter: filter, view: view, part: part, mappings: mappings, blindness: blindness,
                isWanted: isWanted)
            let source = LabelSource(
                classes: schema.schema?.classRecords ?? [],
                forEachItem: { body in
                    try store.forEachItem(dataset, withoutExcluded: onlyKept) { item in
                        // Its labels are under the key that it is said to be.
                        if try same.shown(item).hasSameBytes(as: item.key) {
                            try body(Self.examined(item, view: view))
                        }
                    }
                },
                forEachAnnotation: { body in
                    contested = 0
                    ticker.begin(.writing, of: Int(clamping: merge.state.counts.annotations))
                    try labels.forEach(count: { try ticker.count() }) { label, record in
                        if label.flags.isConflict { contested += 1 }
                        try body(record)
                    }
                    ticker.end()
                }, forEachBrief: labels.forEachBrief)
            var options = options
            options.base = Self.base(of: merge.state)
            let report = try format.write(source, to: output, options: options)
            if let note = blindness?.note { warn(note) }
            return (report, contested)
        }
    }

    /// An item as files say it: examined, if a company whose labels are written has looked.
    private static func examined(_ item: ItemRecord, view: ExportView) -> ItemRecord {
        let isSaid = item.fields.contains { name, value in
            guard name.hasPrefix(Field.examinedPrefix), value == .bool(true) else { return false }
            if case .org(let origin) = view { return name == Field.examined(by: origin) }
            return true
        }
        if !isSaid { return item }
        var item = item
        item.fields[Field.Known.examined.name] = .bool(true)
        return item
    }

    /// How much of each log the label set is made of.
    private static func base(of state: MergeState) -> ExportBase {
        ExportBase(
            dataset: state.dataset.description,
            heads: [String: UInt64](
                state.logs.values.map { ($0.origin.description, $0.applied) },
                uniquingKeysWith: max))
    }

    static func record(_ label: LabelView) -> LabelRecord {
        var record = LabelRecord(
            item: label.item, className: label.className, selector: label.selector,
            author: label.author, source: label.source, isRetracted: label.isRetracted,
            provenance: .init(
                id: label.id.description, org: label.id.origin.description,
                isContested: label.flags.isConflict))
        for (name, value) in label.fields {
            switch name {
            case "confidence": record.confidence = value.numberValue
            case "externalID": record.externalID = value.textValue
            case "author": record.author = value.textValue ?? label.author
            case "source": record.source = value.textValue ?? label.source
            default:
                if case .attribute(let attribute) = Field(name: name) {
                    record.attributes[attribute] = value
                }
            }
        }
        return record
    }
}
