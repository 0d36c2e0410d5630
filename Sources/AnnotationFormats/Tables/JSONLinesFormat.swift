import AnnotationModel
import LabelText

/// Countermark's own lossless format: one JSON object a line.
///
/// `kind` is `class`, `item` or `annotation` (the default). An annotation's members are `item`, `class`,
/// `selector` (see ``SelectorJSON``), `attributes`, `confidence`, `status`, `source`, `author`,
/// `externalID`, and on the way out `id`, `org`, `dataset` and `contested`; only `item` and `selector` must be
/// there. An item has `item` and `fields`. Reading what was written gives equal records.
public struct JSONLinesFormat: AnnotationFormat {
    /// The longest line in bytes.
    public static let lineBytesMax = 1 << 24

    /// The name on the command line.
    public let name = "jsonl"
    /// What a user should know before choosing it.
    public let summary =
        "JSON Lines, one record a line; lossless, reads and writes every kind of label"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = "labels.jsonl"

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
        if files.isEmpty { throw FormatError.noInput(format: name, wants: "give a .jsonl file") }
        for file in files { file.meter?.expect(bytes: file.size) }
        for file in files {
            try file.withText { bytes in
                try Self.read(bytes, file: file.name, meter: file.meter, into: sink)
            }
            file.meter?.finish(bytes: file.size)
        }
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer, file: String, meter: ReadMeter?,
        into sink: (FormatEvent) throws -> Void
    ) throws {
        var start = 0
        var line = 0
        var plain = PlainLine()
        var strays = StrayConfidences()
        while start < bytes.count {
            meter?.note(start)
            let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
            let length = rest.firstNewline ?? rest.count
            line += 1
            guard length <= lineBytesMax else {
                throw FormatError.text(
                    file: file, line: line,
                    why: "the line has \(length) bytes, the limit is \(lineBytesMax)")
            }
            let text = UnsafeRawBufferPointer(rebasing: rest[..<length])
            if let label = plain.annotation(text) {
                try sink(.annotation(label))
            } else if !text.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }) {
                let json: JSONValue
                do throws(JSONError) {
                    json = try JSONValue(parsing: text)
                } catch {
                    throw FormatError.json(
                        file: file,
                        position: TextPosition(
                            line: line, column: error.offset + 1, offset: start + error.offset),
                        path: "", reason: error.reason)
                }
                try sink(event(json, where: "\(file), line \(line)", &strays))
            }
            start += length + 1
        }
        try strays.note.map(sink)
    }

    static func event(_ json: JSONValue, where place: String) -> FormatEvent {
        var strays = StrayConfidences()
        return event(json, where: place, &strays)
    }

    private static func event(
        _ json: JSONValue, where place: String, _ strays: inout StrayConfidences
    ) -> FormatEvent {
        guard case .object(let members) = json else {
            return .skipped(where: place, why: "a line holds one JSON object")
        }
        var record = Record(members: members)
        do throws(Refusal) {
            return try record.event(where: place, &strays)
        } catch {
            return .skipped(
                where: "\(place)\(error.member.map { ", \($0)" } ?? "")", why: error.why)
        }
    }

    /// Why one line is not taken.
    private struct Refusal: Error {
        var member: String?
        var why: String
    }

    /// The members of a line that were not read yet.
    private struct Record {
        var members: ByteMap<JSONValue>

        mutating func event(
            where place: String, _ strays: inout StrayConfidences
        ) throws(Refusal) -> FormatEvent {
            let kind = try text("kind") ?? "annotation"
            let event: FormatEvent
            switch kind {
            case "annotation":
                let confidence = members.removeValue(forKey: "confidence") ?? .null
                var label = try annotation()
                if let number = confidence.double, (0...1).contains(number) {
                    label.confidence = number
                } else if confidence != .null {
                    guard let value = FieldValueJSON.value(confidence) else {
                        throw Refusal(member: "confidence", why: "nested too deeply")
                    }
                    strays.keep(value, in: &label, at: place)
                }
                if let problem = RecordRule.problem(label) {
                    throw Refusal(member: nil, why: problem)
                }
                event = .annotation(label)
            case "item": event = .item(try item())
            case "class": event = .labelClass(try labelClass())
            default:
                throw Refusal(member: "kind", why: "a record is a class, an item or an annotation")
            }
            if let extra = members.keys.min() {
                throw Refusal(
                    member: String(extra.prefix(40)),
                    why: "not a member of this kind of record; put it into \"attributes\"")
            }
            return event
        }

        private mutating func annotation() throws(Refusal) -> LabelRecord {
            let item = try key()
            guard let shape = members.removeValue(forKey: "selector") else {
                throw Refusal(
                    member: "selector", why: "missing; write {\"kind\":\"wholeItem\"} for the whole"
                )
            }
            let selector: Selector
            do throws(SelectorJSON.Problem) {
                selector = try SelectorJSON.selector(shape)
            } catch {
                throw Refusal(member: "selector", why: error.description)
            }
            var label = LabelRecord(
                item: item, className: try text("class") ?? "", selector: selector)
            label.attributes = try fields("attributes")
            label.externalID = try text("externalID")
            label.author = try text("author")
            label.source = try text("source")
            if let status = try text("status") {
                guard let isRetracted = RecordJSON.isRetracted(status) else {
                    throw Refusal(member: "status", why: "a status is active or retracted")
                }
                label.isRetracted = isRetracted
            }
            label.provenance = try provenance()
            return label
        }

        private mutating func item() throws(Refusal) -> ItemRecord {
            let item = ItemRecord(key: try key(), fields: try fields("fields"))
            if let problem = RecordRule.problem(fields: item.fields) {
                throw Refusal(member: "fields", why: problem)
            }
            return item
        }

        private mutating func labelClass() throws(Refusal) -> ClassRecord {
            let name = try text("class") ?? ""
            let details = members
            members = [:]
            guard !name.isEmpty,
                let record = RecordJSON.classRecord(name: name, details: .object(details))
            else {
                throw Refusal(
                    member: nil, why: "a class has a name, a parent, keypoints and a skeleton")
            }
            return record
        }

        private mutating func provenance() throws(Refusal) -> LabelRecord.Provenance? {
            var isContested = false
            if let flag = members.removeValue(forKey: "contested") {
                guard case .bool(let value) = flag else {
                    throw Refusal(member: "contested", why: "must be true or false")
                }
                isContested = value
            }
            let (id, org, dataset) = (try text("id"), try text("org"), try text("dataset"))
            guard let id, let org else { return nil }
            return .init(id: id, org: org, dataset: dataset, isContested: isContested)
        }

        private mutating func key() throws(Refusal) -> String {
            guard let key = try text("item") else {
                throw Refusal(member: "item", why: "missing; name the item")
            }
            if let problem = ItemKey.problem(key) { throw Refusal(member: "item", why: problem) }
            return key
        }

        private mutating func fields(_ name: String) throws(Refusal) -> [String: FieldValue] {
            guard let json = members.removeValue(forKey: name) else { return [:] }
            guard let fields = RecordJSON.fields(json) else {
                throw Refusal(
                    member: name,
                    why: "must be an object of values nested \(FieldValue.depthMax) levels at most")
            }
            return fields
        }

        private mutating func text(_ name: String) throws(Refusal) -> String? {
            guard let json = members.removeValue(forKey: name), json != .null else { return nil }
            guard let text = json.string else { throw Refusal(member: name, why: "must be a text") }
            return text
        }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        var buffer = BufferedJSON(output)
        try output.begin("labels.jsonl")
        for record in source.classes { Self.write(record, to: &buffer.writer) }
        try source.forEachItem { item in
            Self.write(item, to: &buffer.writer)
            if buffer.writer.hasNotFinite { throw FormatError.notFinite(item: item.key) }
            report.items += 1
            try buffer.flushIfLarge()
        }
        try source.forEachAnnotation { label in
            Self.write(label, options: options, to: &buffer.writer)
            if buffer.writer.hasNotFinite { throw FormatError.notFinite(item: label.item) }
            report.annotations += 1
            try buffer.flushIfLarge()
        }
        try buffer.flush()
        try output.end()
        return report
    }

    static func write(_ record: ClassRecord, to writer: inout JSONWriter) {
        var details = JSONWriter()
        RecordJSON.write(details: record, to: &details)
        writer.beginObject()
        writer.key("kind")
        writer.string("class")
        writer.key("class")
        writer.string(record.name)
        if case .object(let members)? = try? JSONValue(parsing: details.bytes) {
            for (name, member) in members.sortedByKey() {
                writer.key(name: name)
                writer.value(member)
            }
        }
        writer.endObject()
        writer.newline()
    }

    static func write(_ item: ItemRecord, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("kind")
        writer.string("item")
        writer.key("item")
        writer.string(item.key)
        if !item.fields.isEmpty {
            writer.key("fields")
            FieldValueJSON.write(fields: item.fields, to: &writer)
        }
        writer.endObject()
        writer.newline()
    }

    static func write(
        _ label: LabelRecord, options: WriteOptions, to writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.key("kind")
        writer.string("annotation")
        writer.key("item")
        writer.string(label.item)
        writer.key("class")
        writer.string(label.className)
        writer.key("selector")
        SelectorJSON.write(label.selector, to: &writer)
        if !label.attributes.isEmpty {
            writer.key("attributes")
            FieldValueJSON.write(fields: label.attributes, to: &writer)
        }
        if let confidence = label.confidence {
            writer.key("confidence")
            writer.coordinate(confidence)
        }
        if label.isRetracted {
            writer.key("status")
            writer.string(RecordJSON.retractedName)
        }
        for (key, text) in [
            ("source", label.source), ("author", label.author), ("externalID", label.externalID),
        ] {
            guard let text else { continue }
            writer.key(name: key)
            writer.string(text)
        }
        if options.includesProvenance, let provenance = label.provenance {
            writer.key("id")
            writer.string(provenance.id)
            writer.key("org")
            writer.string(provenance.org)
            if let dataset = options.base?.dataset {
                writer.key("dataset")
                writer.string(dataset)
            }
            writer.key("contested")
            writer.bool(provenance.isContested)
        }
        writer.endObject()
        writer.newline()
    }
}

extension UnsafeRawBufferPointer {
    /// The offset of the first line feed, found eight bytes at a time.
    fileprivate var firstNewline: Int? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var index = 0
        while index &+ 8 <= count {
            let word = loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ (ones &* 0x0a)
            // A byte that was a line feed is zero now, and only such a one borrows from a clear top bit.
            if (word &- ones) & ~word & (ones &* 0x80) != 0 { break }
            index &+= 8
        }
        while index < count {
            if self[index] == 0x0a { return index }
            index &+= 1
        }
        return nil
    }
}
