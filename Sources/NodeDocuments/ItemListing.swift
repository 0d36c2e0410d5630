import AnnotationModel
import AnnotationStore
import CountermarkNode
import DatasetReading
import LabelDocuments
import Provenance
import Signing

/// Which items of a dataset to list, a page at a time.
package struct ItemListing: Sendable {
    package var filter = ItemFilter()
    /// A class, as the schema calls it now.
    package var className: String?
    package var offset = 0
    /// The item to go on after, and where the one behind it was: instead of the offset.
    package var after: (key: String, offset: Int)?
    package var limit = 100

    /// All items, the first hundred.
    package init() {}

    /// The page.
    ///
    /// - Parameters:
    ///   - cache: Keeps which items a filter takes from one page to the next.
    ///   - place: Makes a text of where the next page begins: the last item, and how many came before the next one.
    package func page(
        _ node: Node, _ dataset: DatasetID, _ cache: ItemListingCache? = nil,
        place: (_ after: String, _ offset: Int) -> String
    ) throws -> ItemListDocument {
        try node.require(dataset)
        try node.catchUp(dataset)
        let logs = try node.logNames(dataset)
        let schema = try node.judging(dataset).schema
        let blindness = try node.blindness(dataset)
        let rows: [Int64]
        let total: Int
        var offset = offset
        if filter.isAll, className == nil {
            if let after {
                offset = try Self.place(
                    after, of: try node.store.itemRows(dataset, offset: 0, limit: 0).total
                ) { offset in
                    let row = try node.store.itemRows(dataset, offset: offset, limit: 1).rows
                    return try node.store.itemSummaries(row, logs).first?.record.key
                }
            }
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
            if let after {
                offset = try Self.place(after, of: all.count) {
                    try node.store.itemSummaries([all[$0]], logs).first?.record.key
                }
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
        return ItemListDocument(
            items: items, total: total,
            next: end < total ? items.last.map { place($0.key, end) } : nil)
    }

    /// How many of the items come before the one behind `after`, in the order of their keys.
    ///
    /// - Parameter key: The key of the item at a place.
    private static func place(
        _ after: (key: String, offset: Int), of total: Int, _ key: (Int) throws -> String?
    ) throws -> Int {
        if (1...max(1, total)).contains(after.offset), total > 0,
            try key(after.offset - 1)?.hasSameBytes(as: after.key) == true
        {
            return after.offset
        }
        // Items came or went meanwhile.
        var (low, high) = (0, total)
        while low < high {
            let middle = (low + high) / 2
            let isBehind =
                try key(middle).map { after.key.utf8.lexicographicallyPrecedes($0.utf8) } ?? true
            if isBehind { high = middle } else { low = middle + 1 }
        }
        return low
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
