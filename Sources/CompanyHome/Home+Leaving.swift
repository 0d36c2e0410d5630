import AnnotationModel
import Foundation
import LogStorage
import PlainErrors

/// Datasets that this organisation has left: their logs stay, and nothing more is taken, given or written.
extension Home {
    private func leftFile(_ dataset: DatasetID) -> String { "\(path)/left/\(dataset)" }

    /// Whether this organisation has left a dataset.
    public func hasLeft(_ dataset: DatasetID) throws -> Bool {
        try DurableFile.isThere(leftFile(dataset))
    }

    /// Leaves a dataset.
    ///
    /// - Returns: False if it was left already.
    public func leave(_ dataset: DatasetID) throws -> Bool {
        if dataset.owner == origin {
            throw NodeError(
                .stewardCannotLeave,
                "\(origin) governs \(dataset): without its log nobody can check anything",
                hint: "keep serving it, or cut the members")
        }
        return try documents.change(.left(dataset), offline: .refuse) { _ in "" } != .unchanged
    }

    /// Takes part again.
    public func rejoin(_ dataset: DatasetID) throws {
        if try hasLeft(dataset) {
            _ = try documents.change(.left(dataset), offline: .refuse) { _ in nil }
        }
    }
}
