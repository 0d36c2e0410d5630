import LogStorage

extension Home {
    /// The names in a folder, sorted; none where the folder is missing.
    ///
    /// - Throws: `LogStorageError` for a folder that cannot be read: what is in it counts all the same.
    package func names(in folder: String) throws -> [String] {
        try DurableFile.names(in: "\(path)/\(folder)").sorted()
    }
}
