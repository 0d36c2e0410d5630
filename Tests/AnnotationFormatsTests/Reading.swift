import AnnotationFormats
import AnnotationModel

/// All that a reader handed over.
struct Reading {
    var classes: [ClassRecord] = []
    var items: [ItemRecord] = []
    var labels: [LabelRecord] = []
    var skips: [(place: String, why: String)] = []
    var notes: [(place: String, why: String)] = []
    var refused: [(place: String, why: String)] = []

    init() {}

    init(_ format: String, _ files: [InputFile], context: ReadContext = .empty) throws {
        try FormatRegistry.format(named: format).read(files, context: context) { event in
            switch event {
            case .labelClass(let record): classes.append(record)
            case .item(let item): items.append(item)
            case .annotation(let label): labels.append(label)
            case .skipped(let place, let why): skips.append((place, why))
            case .note(let place, let why): notes.append((place, why))
            case .fileRefused(let place, let why): refused.append((place, why))
            }
        }
    }

    init(_ format: String, text: String, name: String = "in") throws {
        try self.init(format, [InputFile(name: name, bytes: Array(text.utf8))])
    }

    /// The first skip as `place: why`.
    var firstSkip: String { skips.first.map { "\($0.place): \($0.why)" } ?? "" }
}

/// Writes records and returns the files.
func written(
    _ format: String, classes: [ClassRecord] = [], items: [ItemRecord], labels: [LabelRecord],
    options: WriteOptions = WriteOptions()
) throws -> (files: ByteMap<[UInt8]>, report: ConversionReport) {
    let output = MemoryOutput()
    let report = try FormatRegistry.format(named: format).write(
        LabelSource(classes: classes, items: items, annotations: labels), to: output,
        options: options)
    return (output.files, report)
}

/// The error that reading ends with, if it is one of the module's own.
func formatError(_ format: String, _ text: String, name: String = "in") -> FormatError? {
    do {
        _ = try Reading(format, text: text, name: name)
        return nil
    } catch {
        return error as? FormatError
    }
}
