import Glibc

/// What keeps anybody from reading a file, whoever asks and whatever the permissions.
public struct FileObstacle: Sendable {
    /// What stands at the path, as a clause.
    public let what: String
    /// What to do about it.
    public let remedy: String

    /// The obstacle at a path; nil for a plain file, a folder, and what is not there.
    public static func at(_ path: String) -> FileObstacle? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT else { return nil }
            // Names that are no text come with this in the place of their odd bytes.
            if path.contains("\u{fffd}") {
                return .init(
                    what: "its name is not UTF-8",
                    remedy: "rename it (convmv does so for whole folders)")
            }
            if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK {
                return .init(
                    what: "it is a link that leads nowhere", remedy: "mend or remove the link")
            }
            return nil
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG, S_IFDIR: return nil
        default:
            return .init(
                what: "it is a pipe, a socket or a device, and no file",
                remedy: "write what comes from it into a file")
        }
    }
}
