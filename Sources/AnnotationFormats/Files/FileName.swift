/// The rule for names of files that an export makes out of names that members chose.
package enum FileName {
    /// The longest part of a path that Linux's file systems take, in bytes.
    static let partBytesMax = 255
    /// What the name of a file ends in until it is whole.
    static let unfinishedEnding = ".partial"
    /// What the name of the list of an export's files begins with: hidden, so that no reader of labels takes it.
    package static let listBeginning = ".countermark-export-"
    /// The longest path below the output folder in bytes: the system's 4,096 less room for that folder.
    static let pathBytesMax = 3_072

    /// Why a path below the output folder is refused, or nil for a good one.
    ///
    /// A path that the system takes for another one, or that a reader of folders passes over, would give one
    /// item the file of another, or none.
    static func problem(_ path: String) -> String? {
        if path.utf8.count > pathBytesMax {
            return "the file's path has \(path.utf8.count) bytes, the limit is \(pathBytesMax)"
        }
        if let why = ItemKey.problem(path) { return why }
        for part in path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        {
            if part.isEmpty { return "a part of the file's path is empty" }
            if part.first == UInt8(ascii: ".") {
                return "a part of the file's path begins with a dot; hidden files are not read"
            }
            let limit = partBytesMax - unfinishedEnding.utf8.count
            if part.count > limit {
                return "a part of the file's path has \(part.count) bytes, the limit is \(limit)"
            }
            if part.reversed().starts(with: unfinishedEnding.utf8.reversed()) {
                return
                    "a part of the file's path ends in \(unfinishedEnding), as unfinished files do"
            }
        }
        return nil
    }
}
