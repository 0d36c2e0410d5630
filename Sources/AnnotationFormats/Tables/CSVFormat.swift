import AnnotationModel
import LabelText

/// A table with one record a row, lossless (RFC 4180, UTF-8, header row).
///
/// Columns: `kind` (class, item or annotation, the default), `item`, `class`, `selector` (JSON, see
/// ``SelectorJSON``), `attributes` (a JSON object; for an item its properties, for a class its parent,
/// keypoints and skeleton), `confidence`, `status`, `source`, `author`, `external_id`, `id`, `org`,
/// `contested`, `dataset`. They may stand in any order and all but `item` may be missing. An empty cell is no
/// value, a pair of quotes an empty text. A cell that a spreadsheet program would run as a formula has an
/// apostrophe in front, which a reader takes away, see ``SpreadsheetText``.
public struct CSVFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "csv"
    /// What a user should know before choosing it.
    public let summary =
        "a table, one record a row, geometry as JSON; lossless, every kind of label"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = "labels.csv"

    /// The columns in the order of writing.
    enum Column: String, CaseIterable {
        case kind, item
        case labelClass = "class"
        case selector, attributes, confidence, status, source, author
        case externalID = "external_id"
        case id, org, contested, dataset
    }

    /// The format.
    public init() {}

    /// Whether labels in the files may name entries of logs.
    public func mayNameEntries(_ files: [InputFile]) throws -> Bool {
        try files.mayHold("org")
    }

    /// Reads files and hands over what they hold.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        if files.isEmpty { throw FormatError.noInput(format: name, wants: "give a .csv file") }
        for file in files { file.meter?.expect(bytes: file.size) }
        for file in files {
            try file.withBytes { bytes in
                try Self.read(bytes, file: file.name, meter: file.meter, into: sink)
            }
            file.meter?.finish(bytes: file.size)
        }
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer, file: String, meter: ReadMeter?,
        into sink: (FormatEvent) throws -> Void
    ) throws {
        var scanner = CSVScanner(bytes)
        scanner.meter = meter
        if scanner.hasByteOrderMark {
            try sink(
                .note(
                    where: "\(file), line 1",
                    why: "a byte order mark was passed over; other programs may stumble over it"))
        }
        var cells: [CSVScanner.Cell] = []
        func nextRow() throws -> Bool {
            do throws(CSVScanner.Problem) {
                return try scanner.nextRow(&cells)
            } catch {
                throw FormatError.text(file: file, line: error.line, why: error.why)
            }
        }
        guard try nextRow() else {
            throw FormatError.text(
                file: file, line: 1, why: "the table is empty; a header is needed")
        }
        let columns = try header(cells, file: file, line: scanner.line)
        var strays = StrayConfidences()
        while try nextRow() {
            let line = scanner.line
            guard cells.count == columns.count else {
                try sink(
                    .skipped(
                        where: "\(file), line \(line)",
                        why: "\(cells.count) cells, the header has \(columns.count); "
                            + "quote cells that hold commas"))
                continue
            }
            try sink(
                Row(cells: cells, columns: columns)
                    .event(where: "\(file), line \(line)", &strays))
        }
        try strays.note.map(sink)
    }

    /// Which column stands where.
    private static func header(
        _ cells: [CSVScanner.Cell], file: String, line: Int
    ) throws -> [Column] {
        var columns: [Column] = []
        for cell in cells {
            guard let column = Column(rawValue: cell.text) else {
                let known = Column.allCases.map(\.rawValue).joined(separator: ", ")
                throw FormatError.text(
                    file: file, line: line,
                    why: "no column is called \"\(cell.text.prefix(40))\"; known are \(known)")
            }
            if columns.contains(column) {
                throw FormatError.text(
                    file: file, line: line, why: "the column \"\(column.rawValue)\" occurs twice")
            }
            columns.append(column)
        }
        guard columns.contains(.item) else {
            throw FormatError.text(
                file: file, line: line, why: "the column \"item\" is missing; name the items")
        }
        return columns
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        var writer = CSVWriter()
        func flush(ifLarge limit: Int) throws {
            if writer.bytes.count >= limit {
                try output.write(writer.bytes)
                writer.removeAll()
            }
        }
        try output.begin("labels.csv")
        for column in Column.allCases { writer.cell(column.rawValue) }
        writer.endRow()
        for record in source.classes {
            var details = JSONWriter()
            RecordJSON.write(details: record, to: &details)
            Self.row(&writer) { column in
                switch column {
                case .kind: "class"
                case .labelClass: record.name
                case .attributes: String(decoding: details.bytes, as: UTF8.self)
                default: nil
                }
            }
        }
        try source.forEachItem { item in
            let fields = try Self.text(item.fields, item: item.key)
            Self.row(&writer) { column in
                switch column {
                case .kind: "item"
                case .item: item.key
                case .attributes: fields
                default: nil
                }
            }
            report.items += 1
            try flush(ifLarge: BufferedJSON.chunkBytes)
        }
        try source.forEachAnnotation { label in
            try Self.write(label, options: options, to: &writer)
            report.annotations += 1
            try flush(ifLarge: BufferedJSON.chunkBytes)
        }
        try flush(ifLarge: 1)
        try output.end()
        return report
    }

    private static func write(
        _ label: LabelRecord, options: WriteOptions, to writer: inout CSVWriter
    ) throws {
        var json = JSONWriter()
        SelectorJSON.write(label.selector, to: &json)
        let selector = String(decoding: json.bytes, as: UTF8.self)
        if json.hasNotFinite || label.confidence?.isFinite == false {
            throw FormatError.notFinite(item: label.item)
        }
        let attributes = try text(label.attributes, item: label.item)
        let provenance = options.includesProvenance ? label.provenance : nil
        row(&writer) { column in
            switch column {
            case .kind: "annotation"
            case .item: label.item
            case .labelClass: label.className
            case .selector: selector
            case .attributes: attributes
            case .confidence: label.confidence?.description
            case .status: label.isRetracted ? RecordJSON.retractedName : RecordJSON.activeName
            case .source: label.source
            case .author: label.author
            case .externalID: label.externalID
            case .id: provenance?.id
            case .org: provenance?.org
            case .contested: provenance.map { $0.isContested ? "true" : "false" }
            case .dataset: provenance == nil ? nil : options.base?.dataset
            }
        }
    }

    private static func row(_ writer: inout CSVWriter, _ text: (Column) -> String?) {
        for column in Column.allCases { writer.cell(text(column)) }
        writer.endRow()
    }

    private static func text(_ fields: [String: FieldValue], item: String) throws -> String? {
        if fields.isEmpty { return nil }
        var json = JSONWriter()
        FieldValueJSON.write(fields: fields, to: &json)
        if json.hasNotFinite { throw FormatError.notFinite(item: item) }
        return String(decoding: json.bytes, as: UTF8.self)
    }
}

extension CSVFormat {
    /// One row with its columns.
    private struct Row {
        let cells: [CSVScanner.Cell]
        let columns: [Column]

        /// Why a cell is not taken.
        private struct Refusal: Error {
            var column: Column
            var why: String
        }

        func event(
            where place: @autoclosure () -> String, _ strays: inout StrayConfidences
        ) -> FormatEvent {
            do throws(Refusal) {
                switch text(.kind) ?? "annotation" {
                case "annotation":
                    var label = try annotation()
                    if let text = text(.confidence), label.confidence == nil {
                        let value = (try? JSONValue(parsing: text))
                            .flatMap { FieldValueJSON.value($0) }
                        strays.keep(value ?? .text(text), in: &label, at: place())
                    }
                    if let problem = RecordRule.problem(label) {
                        throw Refusal(column: .labelClass, why: problem)
                    }
                    return .annotation(label)
                case "item": return .item(try item())
                case "class": return .labelClass(try labelClass())
                default:
                    throw Refusal(column: .kind, why: "must be class, item or annotation")
                }
            } catch {
                return .skipped(
                    where: "\(place()), column \(error.column.rawValue)", why: error.why)
            }
        }

        private func text(_ column: Column) -> String? {
            guard let index = columns.firstIndex(of: column) else { return nil }
            let cell = cells[index]
            return cell.text.isEmpty && !cell.isQuoted ? nil : SpreadsheetText.plain(cell.text)
        }

        private func json(_ column: Column) throws(Refusal) -> JSONValue? {
            guard let text = text(column) else { return nil }
            do throws(JSONError) {
                return try JSONValue(parsing: text)
            } catch {
                throw Refusal(column: column, why: "no JSON: \(error)")
            }
        }

        private func key() throws(Refusal) -> String {
            let key = text(.item) ?? ""
            if let problem = ItemKey.problem(key) { throw Refusal(column: .item, why: problem) }
            return key
        }

        private func fields() throws(Refusal) -> [String: FieldValue] {
            guard let json = try json(.attributes) else { return [:] }
            guard let fields = RecordJSON.fields(json) else {
                throw Refusal(
                    column: .attributes,
                    why:
                        "must be a JSON object of values nested \(FieldValue.depthMax) levels at most"
                )
            }
            if let problem = RecordRule.problem(fields: fields) {
                throw Refusal(column: .attributes, why: problem)
            }
            return fields
        }

        private func item() throws(Refusal) -> ItemRecord {
            ItemRecord(key: try key(), fields: try fields())
        }

        private func labelClass() throws(Refusal) -> ClassRecord {
            guard let name = text(.labelClass), !name.isEmpty else {
                throw Refusal(column: .labelClass, why: "a class needs a name")
            }
            let details = try json(.attributes) ?? .object([:])
            guard let record = RecordJSON.classRecord(name: name, details: details) else {
                throw Refusal(
                    column: .attributes, why: "a class has a parent, keypoints and a skeleton")
            }
            return record
        }

        private func annotation() throws(Refusal) -> LabelRecord {
            let item = try key()
            var label = LabelRecord(
                item: item, className: text(.labelClass) ?? "", selector: try selector())
            label.attributes = try fields()
            label.confidence = confidence
            label.source = text(.source)
            label.author = text(.author)
            label.externalID = text(.externalID)
            if let status = text(.status) {
                guard let isRetracted = RecordJSON.isRetracted(status) else {
                    throw Refusal(column: .status, why: "must be active or retracted")
                }
                label.isRetracted = isRetracted
            }
            label.provenance = try provenance()
            return label
        }

        private func selector() throws(Refusal) -> Selector {
            if var text = text(.selector), let box = text.withUTF8({ Self.plainBox(.init($0)) }) {
                return box
            }
            guard let shape = try json(.selector) else {
                throw Refusal(
                    column: .selector, why: "missing; write {\"kind\":\"wholeItem\"} for the whole")
            }
            do throws(SelectorJSON.Problem) {
                return try SelectorJSON.selector(shape)
            } catch {
                throw Refusal(column: .selector, why: error.description)
            }
        }

        private static func plainBox(_ text: UnsafeRawBufferPointer) -> Selector? {
            guard var scanner = try? JSONScanner(text),
                let box = SelectorJSON.plainBox(&scanner), (try? scanner.finish()) != nil
            else { return nil }
            return box
        }

        /// Nil for one on another scale, too.
        private var confidence: Double? {
            guard let text = text(.confidence),
                let value = try? JSONValue(parsing: text).double, (0...1).contains(value)
            else { return nil }
            return value
        }

        private func provenance() throws(Refusal) -> LabelRecord.Provenance? {
            let flag = text(.contested)
            guard flag == nil || flag == "true" || flag == "false" else {
                throw Refusal(column: .contested, why: "must be true or false")
            }
            guard let id = text(.id), let org = text(.org) else { return nil }
            return .init(
                id: id, org: org, dataset: text(.dataset), isContested: flag == "true")
        }
    }
}
