import AnnotationModel
import LabelText

/// Change points of several annotators, as the Turing Change Point Dataset has them:
/// `{SERIES: {ANNOTATOR: [index, …]}}`.
///
/// An index is the row of the first sample of the new regime, from 0; inside it is that row, `cells`, of the class
/// `change point`, with the annotator as author. An empty list is a statement of its own, "looked and saw
/// none": a label of the whole series, class `no change point`. The series themselves, which lie beside as JSON too,
/// have another shape and are left out. The item is the series: a known one, with `.json`,
/// `.csv` or below `datasets/`, else the name. The external id is series, annotator and index with slashes
/// between.
public struct TCPDFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "tcpd"
    /// What a user should know before choosing it.
    public let summary = "Turing change point JSON; rows of series by annotator, none seen too"
    /// The name of the output file where the user gives none.
    public let defaultFileName: String? = "annotations.json"

    static let className = "change point"
    static let noneClassName = "no change point"
    private static let endings = ["csv", "json"]
    private static let folder = "datasets/"

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
            try JSONFile.scan(file.file) { scanner, path in
                // A damaged file is told of by the reading itself.
                if let why = (try? Self.otherShape(scanner)) ?? nil {
                    try scanner.skipValue()
                    return try sink(.skipped(where: file.file.name, why: why))
                }
                var seen: ByteSet = []
                try scanner.beginObject()
                while try scanner.nextKey() {
                    let (series, offset) = (scanner.key, scanner.keyOffset)
                    guard seen.insert(series).inserted else {
                        throw JSONError(.duplicateKey(series), at: offset)
                    }
                    path = series
                    let json = try JSONValue(reading: &scanner)
                    let key = try Self.key(series, context)
                    try Self.read(json, series, key, "\(file.file.name), \(series)", into: sink)
                }
            }
        }
        if count == 0 { throw FormatError.noInput(format: name, wants: "give annotations.json") }
    }

    /// Why a file holds no change points; nil where it does, however damaged a part of it may be.
    ///
    /// What most of it says decides: lists of numbers stand in settings and in the series themselves, too, but there
    /// most members beside them are something else.
    private static func otherShape(_ scanner: JSONScanner) throws(JSONError) -> String? {
        var probe = scanner
        // The reading itself tells how far it is.
        probe.meter = nil
        let why =
            "no change points, which are {SERIES: {ANNOTATOR: [index, …]}}; the file was left out"
        guard try probe.peek() == .object else { return why }
        var (series, others, lists, strangers) = (0, 0, 0, 0)
        try probe.beginObject()
        while try probe.nextKey() {
            guard try probe.peek() == .object else {
                others += 1
                try probe.skipValue()
                continue
            }
            series += 1
            try probe.beginObject()
            while try probe.nextKey() {
                if try probe.peek() == .array { lists += 1 } else { strangers += 1 }
                try probe.skipValue()
            }
        }
        return series >= others && lists >= strangers ? nil : why
    }

    private static func key(_ series: String, _ context: ReadContext) throws -> String {
        for path in [series, folder + series] {
            for ending in [""] + endings {
                let key = ending.isEmpty ? path : "\(path).\(ending)"
                if try context.itemFields(key) != nil { return key }
            }
        }
        return series
    }

    private static func read(
        _ json: JSONValue, _ series: String, _ key: String, _ place: String, into sink: EventSink
    ) throws {
        guard case .object(let annotators) = json else {
            return try sink(
                .skipped(where: place, why: "a series has an object of annotators"))
        }
        guard try Emit.item(key, at: place, into: sink) else { return }
        for (annotator, list) in annotators.sortedByKey() {
            let place = "\(place).\(annotator)"
            guard let indices = list.array else {
                try sink(.skipped(where: place, why: "an annotator has a list of indices"))
                continue
            }
            let author = annotator.isEmpty ? nil : annotator
            if indices.isEmpty {
                try Emit.label(
                    LabelRecord(
                        item: key, className: noneClassName, selector: .wholeItem,
                        externalID: "\(series)/\(annotator)/none", author: author), at: place,
                    into: sink)
            }
            var seen: Set<Int64> = []
            for (number, index) in indices.enumerated() {
                try Emit.label(at: "\(place)[\(number)]", into: sink) { () throws(Refusal) in
                    guard let row = index.integer, row >= 0, row < 1 << 53 else {
                        throw Refusal("an index is a whole number from 0 on")
                    }
                    guard seen.insert(row).inserted else {
                        throw Refusal("the index \(row) occurs twice")
                    }
                    return LabelRecord(
                        item: key, className: className,
                        selector: .cells(rowStart: row, rowEnd: row + 1, columns: []),
                        externalID: "\(series)/\(annotator)/\(row)", author: author)
                }
            }
        }
    }

    // MARK: Writing

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        var rows: ByteMap<ByteMap<[Int64]>> = [:]
        var isFirst = true
        try output.begin("annotations.json")
        try output.write(Array("{".utf8))
        let files = ItemFiles(
            format: "TCPD", place: .element, endings: Self.endings, bareFirst: true
        ) { item, _ in Self.series(item.key) }
        try files.write(source, to: ElementOutput(output), report: &report) {
            label, item, _, report in
            let author = label.author ?? ""
            guard let row = Self.row(label, &report) else { return nil }
            let known = rows[item.key]?[author]
            let isNone = row < 0
            // An annotator that saw one has not seen none.
            guard known == nil || !isNone && known != [] && known?.contains(row) != true else {
                report.skip("the annotator said it before, or the contrary", example: item.key)
                return nil
            }
            rows[item.key, default: [:]][author, default: []] += isNone ? [] : [row]
            let place = isNone ? "none" : String(row)
            output.labelWritten(as: "\(Self.series(item.key))/\(author)/\(place)")
            return []
        } wrap: { item, _ in
            guard let annotators = rows.removeValue(forKey: item.key) else { return nil }
            var writer = JSONWriter()
            writer.string(Self.series(item.key))
            let head = writer.bytes
            writer = JSONWriter()
            writer.value(
                .object(annotators.mapValues { .array($0.sorted().map { .integer($0) }) }))
            defer { isFirst = false }
            return Array((isFirst ? "\n" : ",\n").utf8) + head + Array(": ".utf8) + writer.bytes
        }
        try output.write(Array("\n}\n".utf8))
        try output.end()
        return report
    }

    private static func series(_ key: String) -> String {
        let name = key.hasPrefix(folder) ? String(key.dropFirst(folder.count)) : key
        return MediaItems.name(name, endings: endings)
    }

    /// The row of a change point, or -1 for "none seen".
    private static func row(_ label: LabelRecord, _ report: inout ConversionReport) -> Int64? {
        var row: Int64?
        switch label.selector {
        case .wholeItem where label.className == noneClassName: row = -1
        case .cells(let start, let end, let columns) where end == start + 1:
            row = start
            if label.className != className {
                report.lose("TCPD has one class, change point", example: label.item)
            }
            if !columns.isEmpty {
                report.lose("columns have no place in TCPD", example: label.item)
            }
        default: break
        }
        guard let row else {
            report.skip(
                "TCPD has single rows of series only, this is a \(label.selector.kindName)",
                example: label.item)
            return nil
        }
        report.loseMembers(of: label, in: "TCPD", keepsAuthor: true)
        return row
    }
}
