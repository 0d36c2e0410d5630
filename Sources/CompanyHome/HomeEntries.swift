import AnnotationModel
import AnnotationStore
import LogStorage
import PlainErrors
import Signing

/// The entries of a home's logs, for labels that the label table does not hold.
package final class HomeEntries: EntrySource {
    private let home: Home
    private var finders: [String: EntryFinder] = [:]
    /// Each keeps a file open.
    private static let findersMax = 16

    package init(_ home: Home) { self.home = home }

    package func entry(
        of log: Origin, in dataset: DatasetID, at index: UInt64, leaf: Digest?
    ) throws -> [UInt8] {
        let folder = home.logFolder(log, dataset)
        let finder = finders[folder] ?? EntryFinder(directory: folder)
        if finders[folder] == nil {
            if finders.count >= Self.findersMax { finders.removeAll() }
            finders[folder] = finder
        }
        do throws(LogStorageError) {
            return try finder.entry(at: index, leaf: leaf)
        } catch {
            // The file may have been put back, or repaired, under its name.
            finders[folder] = nil
            throw AnnotationStoreError.unreadableEntry(
                log: "\(log)/\(dataset)", index: index, why: PlainError.line(error))
        }
    }
}
