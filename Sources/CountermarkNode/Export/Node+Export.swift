import AnnotationFormats
import AnnotationModel
import AnnotationStore
import DatasetReading
import LabelExchange
import Provenance

extension Node {
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
            var base = Self.base(of: merge.state)
            (base.classes, base.authors) = (part.classes, part.authors)
            if case .org(let origin) = view { base.org = origin.description }
            options.base = base
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
}
