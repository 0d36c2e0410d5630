import AnnotationModel
import LabelText

/// What readers hand events to.
typealias EventSink = (FormatEvent) throws -> Void

/// Why one record of a file is not taken.
struct Refusal: Error {
    var why: String

    init(_ why: String) { self.why = why }
    init(why: String) { self.why = why }
}

/// Hands records over after the checks that every reader owes the log.
enum Emit {
    /// Hands a label over, or says why it cannot be taken; returns whether it was taken.
    @discardableResult
    static func label(
        _ label: LabelRecord, at place: @autoclosure () -> String, into sink: EventSink
    ) throws -> Bool {
        if let why = problem(label) {
            try sink(.skipped(where: place(), why: why))
            return false
        }
        try sink(.annotation(label))
        return true
    }

    /// Hands over the label that `make` reads, or says why there is none.
    @discardableResult
    static func label(
        at place: @autoclosure () -> String, into sink: EventSink,
        _ make: () throws(Refusal) -> LabelRecord
    ) throws -> Bool {
        let label: LabelRecord
        do throws(Refusal) {
            label = try make()
        } catch {
            try sink(.skipped(where: place(), why: error.why))
            return false
        }
        return try Self.label(label, at: place(), into: sink)
    }

    /// Hands an item over, or says why it cannot be taken; returns whether it was taken.
    @discardableResult
    static func item(
        _ key: String, _ fields: [String: FieldValue] = [:], at place: @autoclosure () -> String,
        into sink: EventSink
    ) throws -> Bool {
        if let why = ItemKey.problem(key) ?? RecordRule.problem(fields: fields) {
            try sink(.skipped(where: place(), why: why))
            return false
        }
        try sink(.item(ItemRecord(key: key, fields: fields)))
        return true
    }

    private static func problem(_ label: LabelRecord) -> String? {
        if let why = ItemKey.problem(label.item) { return why }
        if let why = RecordRule.problem(label) { return why }
        if let why = RecordRule.sizeProblem(label.selector) { return why }
        if case .box(let box) = label.selector {
            let isFinite =
                box.x.isFinite && box.y.isFinite && (box.x + box.width).isFinite
                && (box.y + box.height).isFinite
            guard isFinite else { return "the box is not finite; correct the numbers" }
            return box.width >= 0 && box.height >= 0
                ? nil : "the box has a negative size; write the corners in ascending order"
        }
        do {
            try label.selector.validate()
            return nil
        } catch {
            return "\(error)"
        }
    }
}

/// Opens JSON files.
enum JSONFile {
    /// Calls `body` with a scanner at the beginning; `path` is where in the tree, for messages.
    static func scan(
        _ file: InputFile,
        _ body: (_ scanner: inout JSONScanner, _ path: inout String) throws -> Void
    ) throws {
        try file.withText { bytes in
            try TextLines.refuseWideText(bytes, file: file.name)
            var path = ""
            do {
                var scanner = try JSONScanner(bytes)
                scanner.keepsLargeIntegers = true
                scanner.meter = file.meter
                try body(&scanner, &path)
                try scanner.finish()
            } catch let error as JSONError {
                throw FormatError.json(
                    file: file.name, position: TextPosition(of: error.offset, in: bytes),
                    path: path, reason: error.reason)
            }
        }
    }

    /// The most bytes of a file that is read as a whole; its tree takes some ten times as much.
    static let treeBytesMax = 1 << 28

    /// A file as a tree, for formats in which everything may refer to everything.
    static func tree(_ file: InputFile) throws -> JSONValue {
        let size = try file.withBytes { $0.count }
        guard size <= treeBytesMax else {
            throw FormatError.structure(
                file: file.name, path: "",
                why: "\(size) bytes, the limit of a file that is read as a whole is "
                    + "\(treeBytesMax); split it")
        }
        var tree = JSONValue.null
        try scan(file) { scanner, _ in
            // When its records come, all of it has been read.
            scanner.meter = nil
            tree = try JSONValue(reading: &scanner)
        }
        return tree
    }
}

extension JSONValue {
    /// The elements of an array as numbers; nil where one is none.
    var doubles: [Double]? {
        guard let array else { return nil }
        let numbers = array.compactMap(\.double)
        return numbers.count == array.count ? numbers : nil
    }

    /// A text, or a number as text.
    var plainText: String? {
        switch self {
        case .string(let text): text
        case .integer(let value): String(value)
        case .double(let value): value.description
        default: nil
        }
    }

    var bool: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }
}

extension FieldValue {
    /// A number of either kind.
    var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .float(let value): value
        default: nil
        }
    }

    /// The value as a text format shows it.
    var plainText: String {
        switch self {
        case .null: ""
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .float(let value): value.description
        case .text(let value): value
        case .bytes, .array, .map:
            {
                var writer = JSONWriter()
                FieldValueJSON.write(self, to: &writer)
                return String(decoding: writer.bytes, as: UTF8.self)
            }()
        }
    }

    var text: String? {
        if case .text(let value) = self { return value }
        return nil
    }
}

extension ItemRecord {
    /// The size in pixels, where both figures are known and positive.
    var pixelSize: (width: Double, height: Double)? { Self.pixelSize(fields) }

    static func pixelSize(_ fields: [String: FieldValue]) -> (width: Double, height: Double)? {
        guard let width = fields["width"]?.number, let height = fields["height"]?.number,
            width > 0, height > 0, width < 0x1p31, height < 0x1p31
        else { return nil }
        return (width, height)
    }
}
