import AnnotationModel
import AnnotationStore
import CountermarkNode
import LabelDocuments
import Provenance
import Signing

/// Which items of a dataset to list, a page at a time.
package struct ItemListing: Sendable {
    package var filter = ItemFilter()
    /// A class, as the schema calls it now.
    package var className: String?
    package var offset = 0
    package var limit = 100

    /// All items, the first hundred.
    package init() {}

    /// The page.
    ///
    /// - Parameter cache: Keeps which items a filter takes from one page to the next.
    package func page(
        _ node: Node, _ dataset: DatasetID, _ cache: ItemListingCache? = nil
    ) throws -> ItemListDocument {
        try node.require(dataset)
        try node.catchUp(dataset)
        let logs = try node.logNames(dataset)
        let schema = try node.judging(dataset).schema
        let blindness = try node.blindness(dataset)
        let rows: [Int64]
        let total: Int
        if filter.isAll, className == nil {
            (rows, total) = try node.store.itemRows(dataset, offset: offset, limit: limit)
        } else {
            var filter = filter
            filter.classNames = className.map { schema.writtenNames(of: $0) }
            let all = try (cache ?? ItemListingCache()).rows(
                "\(dataset) \(try StateTag(node, dataset).text)", filter
            ) {
                try node.store.itemRows(
                    dataset, logs, filter: filter,
                    isShown: blindness.map { blindness in
                        { try !blindness.isOthers($0) || blindness.isExamined($1) }
                    })
            }
            (rows, total) = (Array(all.dropFirst(offset).prefix(limit)), all.count)
        }
        let items = try node.store.itemSummaries(rows, logs).map { item in
            let labels = try item.labels.filter { labels in
                guard let blindness, blindness.isOthers(labels.org) else { return true }
                return try blindness.isExamined(item.record.key)
            }
            return ItemListDocument.Item(item, labels, schema)
        }
        let end = offset + rows.count
        return ItemListDocument(items: items, total: total, next: end < total ? end : nil)
    }
}

extension ItemListDocument.Item {
    /// An item as lists show it.
    init(_ item: ItemSummary, _ labels: [ItemSummary.Labels], _ schema: DatasetSchema) {
        let fields = item.record.fields
        var digest: String?
        if case .bytes(let bytes)? = fields[Field.Known.sha256.name] { digest = Hex.encode(bytes) }
        self.init(
            key: item.record.key, mediaType: fields[Field.Known.mediaType.name]?.textValue,
            sha256: digest, width: Self.pixels(fields[Field.Known.width.name]),
            height: Self.pixels(fields[Field.Known.height.name]),
            labels: labels.reduce(0) { $0 + $1.count },
            contested: item.flags.isConflict || labels.contains { $0.contested > 0 },
            orgs: Set(labels.map(\.org.description)).sorted(),
            classes: Set(labels.map { schema.className($0.className) }).sorted(),
            group: fields[Field.Known.group.name]?.textValue,
            examined: fields.compactMap { name, value in
                name.hasPrefix(Field.examinedPrefix) && value == .bool(true)
                    ? String(name.dropFirst(Field.examinedPrefix.count)) : nil
            }.sorted())
    }

    private static func pixels(_ value: FieldValue?) -> Int64? {
        value?.numberValue.flatMap { Int64(exactly: $0) }
    }
}
