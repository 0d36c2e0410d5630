import AnnotationModel

/// Writes formats that have one file an item.
///
/// Labels come in the order of the logs, not of the items, so the files of many items grow side by side
/// in memory. When that would be too much, the items are taken in batches, and the labels are asked for
/// once more for each batch.
struct ItemFiles {
    /// How many bytes of unfinished files are held.
    static let heldBytesMax = 64 << 20

    /// What a format says of one label.
    typealias Render = (
        _ label: LabelRecord, _ item: ItemRecord, _ number: Int, _ report: inout ConversionReport
    ) throws -> [UInt8]?
    /// The whole file of an item from what was said of its labels; nil for no file.
    typealias Wrap = (_ item: ItemRecord, _ labels: [[UInt8]]) throws -> [UInt8]?

    private struct Entry {
        var item: ItemRecord
        var path: String
        var estimate = 0
        var batch = 0
        var labels: [[UInt8]] = []
    }

    let format: String
    /// The path of an item's file; nil, with a line in the report, for an item that gets none.
    let path: (_ item: ItemRecord, _ report: inout ConversionReport) -> String?

    /// A writer whose files are called like the items, with another ending, below a folder.
    init(format: String, folder: String = "", ending: String) {
        self.format = format
        path = { item, _ in folder + FileTree.stem(item.key) + "." + ending }
    }

    init(
        format: String,
        path: @escaping (_ item: ItemRecord, _ report: inout ConversionReport) -> String?
    ) {
        (self.format, self.path) = (format, path)
    }

    func write(
        _ source: LabelSource, to output: any FormatOutput, report: inout ConversionReport,
        heldBytesMax: Int = Self.heldBytesMax, render: Render, wrap: Wrap
    ) throws {
        var entries: [Entry] = []
        var indexByKey: [String: Int] = [:]
        var paths: Set<String> = []
        try source.forEachItem { item in
            guard let path = path(item, &report) else { return }
            // Some file systems do not tell upper from lower case.
            guard ItemKey.problem(path) == nil, paths.insert(path.lowercased()).inserted else {
                return report.skip(
                    "another item has the same file name; export folders one by one",
                    example: item.key)
            }
            indexByKey[item.key] = entries.count
            entries.append(Entry(item: item, path: path))
        }
        try source.forEachAnnotation { label in
            guard let index = indexByKey[label.item] else {
                return report.skip("the item has no file of its own", example: label.item)
            }
            entries[index].estimate +=
                200 + 4 * label.selector.encoded.count + 64 * label.attributes.count
        }
        let batches = Self.assignBatches(&entries, limit: heldBytesMax)
        var first = 0
        for batch in 0..<batches {
            try source.forEachAnnotation { label in
                guard let index = indexByKey[label.item], entries[index].batch == batch else {
                    return
                }
                if label.isRetracted {
                    return report.skip(
                        "a retracted label has no place in \(format)", example: label.item)
                }
                let number = entries[index].labels.count + 1
                guard let bytes = try render(label, entries[index].item, number, &report) else {
                    return
                }
                entries[index].labels.append(bytes)
                report.annotations += 1
            }
            while first < entries.count, entries[first].batch == batch {
                if let bytes = try wrap(entries[first].item, entries[first].labels) {
                    try output.begin(entries[first].path)
                    try output.write(bytes)
                    try output.end()
                    report.items += 1
                }
                entries[first].labels = []
                first += 1
            }
        }
    }

    private static func assignBatches(_ entries: inout [Entry], limit: Int) -> Int {
        var (batch, held) = (0, 0)
        for index in entries.indices {
            if held > 0, held + entries[index].estimate > limit { (batch, held) = (batch + 1, 0) }
            held += entries[index].estimate
            entries[index].batch = batch
        }
        return batch + 1
    }
}

/// Collects text for one file and hands it on in large pieces.
struct BufferedText {
    private(set) var bytes: [UInt8] = []
    let output: any FormatOutput

    init(_ output: any FormatOutput) { self.output = output }

    mutating func append(_ text: String) throws {
        bytes.append(contentsOf: text.utf8)
        if bytes.count >= BufferedJSON.chunkBytes { try flush() }
    }

    mutating func append(_ more: [UInt8]) throws {
        bytes.append(contentsOf: more)
        if bytes.count >= BufferedJSON.chunkBytes { try flush() }
    }

    mutating func flush() throws {
        try output.write(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}
