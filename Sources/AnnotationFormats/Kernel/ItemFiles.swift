import AnnotationModel
import LabelText

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
        /// The labels that are not retracted.
        var labels = 0
        var isLeftOut = false
        var batch = 0
        var rendered: [[UInt8]] = []

        /// True for an item of which something may be written: only such an item asks for a name.
        var isWanted: Bool { labels > 0 || item.fields["examined"] == .bool(true) }
    }

    /// What an item's name names.
    enum Place {
        /// A file of its own.
        case file
        /// An element of the one file.
        case element
    }

    let format: String
    private let place: Place
    /// The files that the format writes besides those of the items.
    private let reserved: [String]
    /// More files that go with an item's own.
    private let companions: (_ path: String) -> [String]
    /// The endings that a reader tries in this order where a name says none.
    private let endings: [String]
    /// True where it tries the name itself before them.
    private let bareFirst: Bool
    /// Why no item of this key can be written, or nil.
    private let refusal: (_ key: String) -> String?
    /// The path of an item's file; nil, with a line in the report, for an item that gets none.
    let path: (_ item: ItemRecord, _ report: inout ConversionReport) -> String?

    /// A writer whose files are called like the items, with another ending, below a folder.
    init(
        format: String, folder: String = "", ending: String, reserved: [String] = [],
        refusal: @escaping (_ key: String) -> String? = { _ in nil }
    ) {
        self.init(format: format, reserved: reserved, refusal: refusal) { item, _ in
            folder + FileTree.stem(item.key) + "." + ending
        }
    }

    init(
        format: String, place: Place = .file, reserved: [String] = [], endings: [String] = [],
        bareFirst: Bool = false,
        companions: @escaping (_ path: String) -> [String] = { _ in [] },
        refusal: @escaping (_ key: String) -> String? = { _ in nil },
        path: @escaping (_ item: ItemRecord, _ report: inout ConversionReport) -> String?
    ) {
        (self.format, self.place, self.path) = (format, place, path)
        (self.reserved, self.companions, self.refusal) = (reserved, companions, refusal)
        (self.endings, self.bareFirst) = (endings, bareFirst)
    }

    func write(
        _ source: LabelSource, to output: any FormatOutput, report: inout ConversionReport,
        heldBytesMax: Int = Self.heldBytesMax, render: Render, wrap: Wrap
    ) throws {
        var entries: [Entry] = []
        var indexByKey: ByteMap<Int> = [:]
        try source.forEachItem { item in
            guard let path = path(item, &report) else { return }
            indexByKey[item.key] = entries.count
            entries.append(Entry(item: item, path: path))
        }
        try source.forEachAnnotation { label in
            guard let index = indexByKey[label.item] else {
                return report.skip("the item has no file of its own", example: label.item)
            }
            if !label.isRetracted { entries[index].labels += 1 }
            entries[index].estimate +=
                200 + 4 * label.selector.encoded.count + 64 * label.attributes.count
        }
        decideNames(&entries, &report)
        let batches = Self.assignBatches(&entries, limit: heldBytesMax)
        var first = 0
        for batch in 0..<batches {
            try source.forEachAnnotation { label in
                guard let index = indexByKey[label.item], entries[index].batch == batch,
                    !entries[index].isLeftOut
                else { return }
                if label.isRetracted {
                    return report.skip(
                        "a retracted label has no place in \(format)", example: label.item)
                }
                let number = entries[index].rendered.count + 1
                guard let bytes = try render(label, entries[index].item, number, &report) else {
                    return
                }
                entries[index].rendered.append(bytes)
                report.annotations += 1
            }
            while first < entries.count, entries[first].batch == batch {
                if !entries[first].isLeftOut,
                    let bytes = try wrap(entries[first].item, entries[first].rendered)
                {
                    try output.begin(entries[first].path)
                    try output.write(bytes)
                    try output.end()
                    report.items += 1
                }
                entries[first].rendered = []
                first += 1
            }
        }
    }

    /// Gives each item its name, and reports those that get none.
    private func decideNames(_ entries: inout [Entry], _ report: inout ConversionReport) {
        let wanted = entries.indices.filter { entries[$0].isWanted }
        var claims = NameClaims(areFiles: place == .file, reserved: reserved)
        let possible = wanted.filter { index in
            guard let why = refusal(entries[index].item.key) else { return true }
            leaveOut(&entries[index], why, &report)
            return false
        }
        let refusals = claims.decide(
            possible.map { index in
                let path = entries[index].path
                let key = entries[index].item.key
                return .init(
                    key: key, name: path, companions: companions(path),
                    rank: path.hasSameBytes(as: key)
                        ? 0 : 1 + MediaItems.rank(key, endings: endings, bareFirst: bareFirst))
            })
        for (index, why) in zip(possible, refusals) {
            if let why { leaveOut(&entries[index], why, &report) }
        }
    }

    private func leaveOut(_ entry: inout Entry, _ why: String, _ report: inout ConversionReport) {
        entry.isLeftOut = true
        report.leaveOut(entry.item.key, why, labels: entry.labels)
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
