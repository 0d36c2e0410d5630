/// Why the derived label table could not be read or written.
///
/// The logs are not concerned: the table can be thrown away and made anew.
public enum AnnotationStoreError: Error, Equatable, Sendable {
    /// SQLite refused; `code` is its extended result code.
    case sqlite(code: Int32, message: String, doing: String)
    /// The file is of another version of the schema.
    case schemaVersion(found: Int, expected: Int, path: String)
    /// A row does not have the form that the store writes.
    case damagedRow(table: String, key: Int64)
    /// An entry from which labels are read is not at hand as it was applied.
    case unreadableEntry(log: String, index: UInt64, why: String)
    /// There is no such dataset in this home.
    case unknownDataset(String)
    /// The tables' own place cannot be written, and neither can a copy of them be made.
    case noRoom(path: String, why: String)
    /// More logs than a key has numbers for.
    case tooManyLogs(limit: Int)
}

extension AnnotationStoreError: CustomStringConvertible {
    /// One line: what happened, to what, what to do.
    public var description: String {
        switch self {
        case .sqlite(let code, let message, let doing): Self.words(code, message, doing)
        case .schemaVersion(let found, let expected, let path):
            "\(path) was written by a newer program (schema \(found), this one writes \(expected)): use that one, "
                + "or run countermark rebuild, which makes it anew from the logs"
        case .damagedRow(let table, let key):
            "row \(key) of the table \(table) is damaged; run countermark rebuild"
        case .unreadableEntry(let log, let index, let why):
            "the labels of entry \(index) of \(log) cannot be read: \(why)"
        case .unknownDataset(let name): "there is no dataset \(name) in this home"
        case .noRoom(let path, let why):
            "\(why), and the label table cannot be copied to \(path) to be read there: free some disk, "
                + "or name another folder with TMPDIR"
        case .tooManyLogs(let limit): "a home holds at most \(limit) logs"
        }
    }

    /// What an answer of SQLite means to whoever keeps the home; its primary code is the last byte.
    private static func words(_ code: Int32, _ message: String, _ doing: String) -> String {
        switch code & 0xff {
        case 13: "no space left while \(doing): free some disk"
        case 3, 8, 14, 23:
            "the label table cannot be opened or written while \(doing): check who owns the home, how "
                + "it is mounted, and how many files may be open (ulimit -n)"
        case 5, 6, 15:
            "another process keeps the label table while \(doing): wait for it, or end it"
        case 7: "there is no memory left while \(doing): end other programs"
        case 10:
            "the disk failed while \(doing): check it; the logs are the "
                + "truth, and countermark rebuild makes the label table anew"
        case 11, 26:
            "the label table is damaged (\(message)); the logs are the truth: run countermark rebuild"
        default:
            "the label table failed while \(doing): \(message) (SQLite \(code)); run countermark "
                + "rebuild, which makes it anew from the logs"
        }
    }
}
