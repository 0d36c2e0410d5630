import Glibc

/// What stands at a place of the file system; a link is what it is, and not what it leads to.
public struct FileStatus: Sendable {
    /// Which file it is, by whatever name.
    struct Identity: Hashable {
        var device, number: UInt64
    }

    let identity: Identity
    /// The number of its owner.
    public let owner: UInt32
    private let kind: UInt32

    /// True for a link.
    public var isLink: Bool { kind == S_IFLNK }
    /// True for a folder.
    var isFolder: Bool { kind == S_IFDIR }
    /// True for a plain file.
    public var isFile: Bool { kind == S_IFREG }

    /// Of a path; nil where nothing can be seen.
    public init?(path: String) { self.init(path, in: AT_FDCWD) }

    /// Of what a path leads to, through links; nil where nothing can be seen.
    init?(followed path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Of a name in an open folder; nil where nothing can be seen.
    public init?(_ name: String, in folder: Int32) {
        var status = stat()
        guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        self.init(status)
    }

    /// Of an open file.
    public init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        identity = Identity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
        (owner, kind) = (status.st_uid, status.st_mode & S_IFMT)
    }
}
