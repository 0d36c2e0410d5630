import AnnotationFormats
import AnnotationModel
import Testing

/// Reads the files, writes what was read, reads that again, and expects the same records and no loss.
///
/// - Returns: what was read at first.
@discardableResult
func expectOwnExport(
    _ format: String, _ files: [InputFile], losses: Int = 0,
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> Reading {
    let first = try Reading(format, files)
    let (exported, report) = try written(
        format, classes: first.classes, items: first.items, labels: first.labels)
    #expect(report.annotations == first.labels.count, sourceLocation: sourceLocation)
    #expect(report.losses.count == losses, "\(report.losses)", sourceLocation: sourceLocation)
    let second = try Reading(
        format,
        exported.sorted { $0.key < $1.key }.map { InputFile(name: $0.key, bytes: $0.value) },
        context: ReadContext(items: first.items))
    #expect(second.skips.isEmpty, "\(second.firstSkip)", sourceLocation: sourceLocation)
    let labels = { (reading: Reading) in
        reading.labels.sorted { ($0.externalID ?? "") < ($1.externalID ?? "") }
    }
    #expect(labels(second) == labels(first), sourceLocation: sourceLocation)
    return first
}

/// A text file at hand.
func textFile(_ name: String, _ text: String) -> InputFile {
    InputFile(name: name, bytes: Array(text.utf8))
}

/// A file or folder of the public samples; nil, with a line on the console, where it is missing.
func sharedData(_ path: String) -> InputFile? {
    let full = SharedFiles.root + "/data/" + path
    guard SharedFiles.exists(full) else {
        print("SKIPPED: \(full) is not there")
        return nil
    }
    return InputFile(path: full)
}
