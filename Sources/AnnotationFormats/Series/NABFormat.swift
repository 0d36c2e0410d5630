import AnnotationModel
import LabelText

/// Anomaly windows and points of the Numenta Anomaly Benchmark: `{SERIES: [[first, last], …]}`.
///
/// The stamps have no zone; times are seconds since 1970-01-01 00:00:00 of the same zone, which the item's field
/// `timeOrigin` says. In the file both ends of a window belong to it; inside, its end is a microsecond
/// after the last stamp, because stretches are half-open. A single stamp, or a window from a stamp to itself,
/// is an interval without length. The class is `anomaly`. A file `NAME_labels_….json` is what one person marked:
/// `NAME` is the author, except for `combined` and `known`. An empty list says "examined, nothing found". The
/// item is the series: a known one, else one below `data/`, else the name. The external id is the series, with
/// the author before it, `#`, and the number of the window.
public struct NABFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "nab"
    /// What a user should know before choosing it.
    public let summary = "NAB combined_windows.json, labels by person; anomaly windows of series"
    /// The name of the output file where the user gives none.
    public let defaultFileName: String? = "combined_windows.json"

    static let className = "anomaly"
    /// What the item says of its times.
    static let timeOrigin = "1970-01-01 00:00:00 without zone"

    /// The format.
    public init() {}

    /// Reads files; `context` knows the series.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        var count = 0
        try FileTree.forEach(files, where: { FileTree.ending($0) == "json" }, into: sink) {
            file, sink in
            count += 1
            let author = Self.author(file.bareStem)
            try JSONFile.scan(file.file) { scanner, path in
                var seen: ByteSet = []
                try scanner.beginObject()
                while try scanner.nextKey() {
                    let (series, offset) = (scanner.key, scanner.keyOffset)
                    guard seen.insert(series).inserted else {
                        throw JSONError(.duplicateKey(series), at: offset)
                    }
                    path = series
                    let key = try MediaItems.key(
                        series, endings: [], folders: ["", "data"], context: context)
                    let json = try JSONValue(reading: &scanner)
                    try Self.read(
                        json, series, key, author, "\(file.file.name), \(series)", into: sink)
                }
            }
        }
        if count == 0 {
            throw FormatError.noInput(format: name, wants: "give combined_windows.json")
        }
    }

    private static func author(_ stem: String) -> String? {
        guard let range = stem.firstRange(of: "_labels") else { return nil }
        let name = String(stem[..<range.lowerBound])
        return ["combined", "known", ""].contains(name) ? nil : name
    }

    private static func read(
        _ json: JSONValue, _ series: String, _ key: String, _ author: String?, _ place: String,
        into sink: EventSink
    ) throws {
        guard let list = json.array else {
            return try sink(.skipped(where: place, why: "a series has a list of windows"))
        }
        var fields: [String: FieldValue] = ["timeOrigin": .text(timeOrigin)]
        if list.isEmpty { fields["examined"] = .bool(true) }
        // Any JSON object has members; a series has a window that can be one, or none at all.
        let isSeries = list.isEmpty || list.contains { (try? stamps(of: $0)) != nil }
        guard try !isSeries || Emit.item(key, fields, at: place, into: sink) else { return }
        for (index, window) in list.enumerated() {
            try Emit.label(at: "\(place)[\(index)]", into: sink) { () throws(Refusal) in
                let stamps = try stamps(of: window)
                let last = stamps[0] == stamps[1] ? stamps[1] : stamps[1] + 1
                let person = author.map { $0 + "/" } ?? ""
                return LabelRecord(
                    item: key, className: className,
                    selector: .interval(
                        start: Double(stamps[0]) / 1e6, end: Double(last) / 1e6, channels: []),
                    externalID: "\(person)\(series)#\(index + 1)", author: author)
            }
        }
    }

    private static func stamps(of window: JSONValue) throws(Refusal) -> [Int64] {
        let ends = window.array ?? [window, window]
        let stamps = ends.compactMap { $0.string.flatMap(NaiveTime.microseconds) }
        guard ends.count == 2, stamps.count == 2 else {
            throw Refusal("a window is two stamps like \"2013-12-15 07:50:00\" without a zone")
        }
        guard stamps[0] <= stamps[1] else { throw Refusal("the window ends before it begins") }
        return stamps
    }

    // MARK: Writing

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        var isFirst = true
        try output.begin("combined_windows.json")
        try output.write(Array("{".utf8))
        let files = ItemFiles(format: "NAB", place: .element) { item, _ in Self.series(item.key) }
        try files.write(source, to: ElementOutput(output), report: &report) {
            label, item, number, report in
            guard let window = Self.window(label, &report) else { return nil }
            output.labelWritten(as: "\(Self.series(item.key))#\(number)")
            return window
        } wrap: { item, windows in
            if windows.isEmpty, item.fields["examined"] != .bool(true) { return nil }
            var writer = JSONWriter()
            writer.string(Self.series(item.key))
            defer { isFirst = false }
            return Array((isFirst ? "\n" : ",\n").utf8) + writer.bytes + Array(": [".utf8)
                + windows.joined(separator: Array(",".utf8)) + Array("]".utf8)
        }
        try output.write(Array("\n}\n".utf8))
        try output.end()
        return report
    }

    /// The name of a series, which NAB keeps below `data`.
    private static func series(_ key: String) -> String {
        key.hasPrefix("data/") ? String(key.dropFirst(5)) : key
    }

    private static func window(
        _ label: LabelRecord, _ report: inout ConversionReport
    ) -> [UInt8]? {
        guard case .interval(let start, let end, let channels) = label.selector,
            let first = microseconds(start), let after = microseconds(end),
            let firstStamp = NaiveTime.text(first),
            let lastStamp = NaiveTime.text(after > first ? after - 1 : first)
        else {
            report.skip(
                "NAB has windows of time in the years 1 to 9999 only; export as jsonl",
                example: label.item)
            return nil
        }
        if Double(first) / 1e6 != start || Double(after) / 1e6 != end {
            report.lose("times were rounded to microseconds", example: label.item)
        }
        if label.className != className {
            report.lose(
                "NAB has one class, every window counts as an anomaly; export one class at a time",
                example: label.item)
        }
        if !channels.isEmpty { report.lose("channels have no place in NAB", example: label.item) }
        report.loseMembers(of: label, in: "NAB")
        return Array(JSONValue.array([.string(firstStamp), .string(lastStamp)]).text.utf8)
    }

    private static func microseconds(_ seconds: Double) -> Int64? {
        guard seconds.magnitude < 1e12 else { return nil }
        return Int64((seconds * 1e6).rounded())
    }
}
