import Foundation

extension Home {
    /// The names in a folder, sorted; none where the folder is missing.
    ///
    /// - Throws: Foundation's error for a folder that cannot be read: what is in it counts all the same.
    func names(in folder: String) throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)").sorted()
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
            return []
        }
    }
}
