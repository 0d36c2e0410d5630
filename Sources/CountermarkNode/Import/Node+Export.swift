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
    /// - Parameter onlyKept: Leaves out the items that the stage `filter` excludes, with their labels.
    /// - Returns: The report, and how many of the labels are contested.
    public func export(
        _ dataset: DatasetID, format: any AnnotationFormat, view: ExportView,
        part: ExportPart = ExportPart(), onlyKept: Bool = false,
        names: ExportClasses = .mapped, to output: any FormatOutput,
        options: WriteOptions = WriteOptions()
    ) throws -> (report: ConversionReport, contested: Int) {
        try require(dataset)
        try catchUp(dataset)
        let logs = try logNames(dataset)
        var filter = LabelFilter()
        if case .org(let origin) = view { filter.org = origin }
        filter.isWithoutExcluded = onlyKept
        let store = store
        var contested = 0
        let schema = try schema(of: dataset)
        let mappings = names == .mapped ? schema.mappings : [:]
        var part = part
        part.classes = Set(part.classes.map { mappings[$0] ?? $0 })
        let source = LabelSource(
            classes: schema.schema?.classRecords ?? [],
            forEachItem: { try store.forEachItem(dataset, withoutExcluded: onlyKept, $0) },
            forEachAnnotation: { body in
                contested = 0
                var after: OperationKey?
                while true {
                    let page = try store.labels(logs, filter: filter, after: after, limit: 1_000)
                    for label in page where view == .union || !label.isRetracted {
                        var record = Self.record(label)
                        if let name = mappings[record.className] { record.className = name }
                        guard part.holds(record) else { continue }
                        if label.flags.isConflict { contested += 1 }
                        try body(record)
                    }
                    guard page.count == 1_000, let last = page.last else { return }
                    after = last.key
                }
            })
        var options = options
        options.base = try exportBase(dataset)
        let report = try format.write(source, to: output, options: options)
        return (report, contested)
    }

    /// How much of each log the export is made of, so that an import of it can tell what it was based on.
    private func exportBase(_ dataset: DatasetID) throws -> ExportBase {
        try read(dataset) { merge in
            ExportBase(
                dataset: dataset.description,
                heads: [String: UInt64](
                    merge.state.logs.values.map { ($0.origin.description, $0.applied) },
                    uniquingKeysWith: max))
        }
    }

    static func record(_ label: LabelView) -> LabelRecord {
        var attributes: [String: FieldValue] = [:]
        for (name, value) in label.fields {
            if case .attribute(let attribute) = Field(name: name) { attributes[attribute] = value }
        }
        return LabelRecord(
            item: label.item, className: label.className, selector: label.selector,
            attributes: attributes, confidence: label.fields["confidence"]?.numberValue,
            externalID: label.fields["externalID"]?.textValue,
            author: label.fields["author"]?.textValue ?? label.author,
            source: label.fields["source"]?.textValue ?? label.source,
            isRetracted: label.isRetracted,
            provenance: .init(
                id: label.id.description, org: label.id.origin.description,
                isContested: label.flags.isConflict))
    }
}
