import Glibc

/// Writes below a folder, or into one file; each file appears under its name only when it is complete.
///
/// Others may be able to write into the folder. So nothing there is opened through a link: neither a file
/// that is being written, nor a folder below the given one. The path that the user gave is the user's own
/// choice up to its last part, and links in it are followed; for an output below a folder the last part too.
public final class DiskOutput: FormatOutput {
    let path: String
    private let isFolder: Bool
    private let mode: UInt32
    /// The folder that names below are looked up in.
    private(set) var root: Int32 = -1
    /// Where nothing is written.
    private let fence: OutputFence
    /// The file being written, and the folder that it lies in.
    private var descriptor: Int32 = -1
    private var folder: Int32 = -1
    private var name = ""
    /// The path of the file being written, for messages.
    private var target = ""
    private(set) var written: Set<FileStatus.Identity> = []

    /// An output into one file.
    ///
    /// - Parameter mode: Who may read it: 0666 less the user's mask, or 0600.
    public init(file: String, mode: UInt32 = 0o666) {
        (path, isFolder, self.mode, fence) = (file, false, mode, OutputFence())
    }

    /// An output below a folder, which is made if it is missing.
    ///
    /// - Parameter fence: A folder that may lie in this one, and in which nothing is written.
    public init(folder: String, fence: OutputFence = OutputFence()) throws(FormatError) {
        (path, isFolder, mode, self.fence) = (folder, true, 0o666, fence)
        guard mkdir(folder, 0o777) == 0 || FileSystem.isFolder(folder) else {
            throw .cannotWrite(path: folder, errno: errno)
        }
        try openRoot()
    }

    deinit {
        abandon()
        if root >= 0 { close(root) }
    }

    private func openRoot() throws(FormatError) {
        let parent = FileSystem.parent(path)
        let folder = isFolder ? path : parent.isEmpty ? "." : parent
        root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if root < 0 { throw .cannotWrite(path: folder, errno: errno) }
    }

    /// Begins a file.
    public func begin(_ name: String) throws {
        abandon()
        guard isFolder || !path.hasSuffix("/") else { throw FormatError.notAFile(path: path) }
        if root < 0 { try openRoot() }
        target = isFolder ? FileSystem.join(path, name) : path
        let parts = isFolder ? name.split(separator: "/").map(String.init) : []
        self.name = isFolder ? parts.last ?? "" : FileSystem.lastComponent(path)
        guard !self.name.isEmpty else { throw FormatError.notAFile(path: target) }
        try enterFolder(parts.dropLast())
        try Self.check(self.name, in: folder, target)
        descriptor = try create(mayRepeat: true)
    }

    private var unfinished: String { name + FileName.unfinishedEnding }

    /// Opens the folder of a file, part by part; what is missing is made.
    private func enterFolder(_ parts: ArraySlice<String>) throws(FormatError) {
        folder = fcntl(root, F_DUPFD_CLOEXEC, 0)
        guard folder >= 0 else { throw .cannotWrite(path: target, errno: errno) }
        var place = path
        for part in parts {
            place = FileSystem.join(place, part)
            guard mkdirat(folder, part, 0o777) == 0 || errno == EEXIST else {
                throw .cannotWrite(path: place, errno: errno)
            }
            let next = openat(folder, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            let code = errno
            if next < 0, FileStatus(part, in: folder)?.isLink == true { throw .isLink(path: place) }
            guard next >= 0 else { throw .cannotWrite(path: place, errno: code) }
            close(folder)
            folder = next
            if fence.isAt(folder) { throw .isFenced(path: place) }
        }
    }

    /// Throws for anything but a plain file where a file is to be.
    private static func check(
        _ name: String, in folder: Int32, _ path: String
    ) throws(FormatError) {
        guard let status = FileStatus(name, in: folder) else { return }
        if status.isLink { throw .isLink(path: path) }
        guard status.isFile else { throw .notAFile(path: path) }
    }

    private func create(mayRepeat: Bool) throws(FormatError) -> Int32 {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = openat(folder, unfinished, flags, mode)
        if file >= 0 {
            // Held as long as it is being written: by this a file that a dead export left is told.
            flock(file, LOCK_EX | LOCK_NB)
            return file
        }
        let code = errno
        guard code == EEXIST, mayRepeat else { throw .cannotWrite(path: target, errno: code) }
        try removeLeft()
        return try create(mayRepeat: false)
    }

    /// Takes away what an export that was killed left.
    private func removeLeft() throws(FormatError) {
        let path = target + FileName.unfinishedEnding
        try Self.check(unfinished, in: folder, path)
        let left = openat(folder, unfinished, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard left >= 0 else { throw .cannotWrite(path: path, errno: errno) }
        defer { close(left) }
        guard flock(left, LOCK_EX | LOCK_NB) == 0 else { throw .isBeingWritten(path: target) }
        guard unlinkat(folder, unfinished, 0) == 0 else {
            throw .cannotWrite(path: path, errno: errno)
        }
    }

    private var sidecarPath: String {
        var name = path
        while name.count > 1, name.hasSuffix("/") { name.removeLast() }
        return name + Sidecar.ending
    }

    /// The output of the file beside this one, `<output>.countermark.jsonl`.
    public func sidecar() -> (any FormatOutput)? { DiskOutput(file: sidecarPath) }

    /// Removes that file, if it is a plain one.
    ///
    /// - Returns: Its path; nil where there was none.
    public func removeSidecar() throws -> String? {
        let sidecar = sidecarPath
        guard FileStatus(path: sidecar)?.isFile == true else { return nil }
        guard unlink(sidecar) == 0 else {
            throw FormatError.cannotWrite(path: sidecar, errno: errno)
        }
        return sidecar
    }

    /// Appends to the file.
    public func write(_ bytes: [UInt8]) throws {
        let failure: Int32 = bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                if count < 0 { return errno }
                done += count
            }
            return 0
        }
        if failure != 0 { throw FormatError.cannotWrite(path: target, errno: failure) }
    }

    /// Ends the file.
    public func end() throws {
        guard descriptor >= 0 else { return }
        defer { abandon() }
        guard fsync(descriptor) == 0, let own = FileStatus(descriptor: descriptor)?.identity else {
            throw FormatError.cannotWrite(path: target, errno: errno)
        }
        guard FileStatus(unfinished, in: folder)?.identity == own else {
            throw FormatError.isBeingWritten(path: target)
        }
        // A file system that does not tell upper from lower case has one file for two names.
        if let old = FileStatus(name, in: folder), written.contains(old.identity) {
            throw FormatError.isSameFile(path: target)
        }
        guard renameat(folder, unfinished, folder, name) == 0 else {
            throw FormatError.cannotWrite(path: target, errno: errno)
        }
        written.insert(own)
        close(descriptor)
        descriptor = -1
    }

    /// Drops a file that was begun and not ended.
    private func abandon() {
        if descriptor >= 0 {
            if let own = FileStatus(descriptor: descriptor)?.identity,
                FileStatus(unfinished, in: folder)?.identity == own
            {
                unlinkat(folder, unfinished, 0)
            }
            close(descriptor)
            descriptor = -1
        }
        if folder >= 0 { close(folder) }
        folder = -1
    }
}
