import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CountermarkNode
import DatasetReading
import Foundation
import LabelSchema
import PlainErrors

/// Reads a label schema from a file that the user named.
func readSchema(_ path: String) throws -> LabelSchema {
    try LabelSchema(parsing: try readBytes(path), file: path)
}

/// Reads what classes are called from a file that the user named.
///
/// - Parameter schema: The schema whose classes the new names have to be.
func readMapping(_ path: String, for schema: LabelSchema?) throws -> ClassMapping {
    try ClassMapping(parsing: try readBytes(path), file: path, for: schema)
}

/// The bytes as they stand, so that an error of theirs is found and not mended; no more than what is
/// refused as too long.
private func readBytes(_ path: String) throws -> [UInt8] {
    try InputFile(path: path).withBytes { Array($0.prefix(LabelSchema.textBytesMax + 1)) }
}

/// Writes a text to a file that must not exist yet.
func writeNew(_ text: String, to path: String) throws {
    do {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .withoutOverwriting)
    } catch let error as CocoaError where error.code == .fileWriteFileExists {
        throw NodeError(
            .fileExists, "\(path) exists already",
            hint: "name another file, or remove it first; nothing was written")
    }
}

/// Says on standard error that a schema cannot be read.
func warn(of schema: DatasetSchema, _ dataset: DatasetID) {
    guard let warning = schema.warning else { return }
    Terminal.warn("countermark: warning: \(dataset): \(warning)")
}
