import Glibc

/// File operations that name what failed and that know when bytes are on the disk.
public enum DurableFile {
    /// Opens a file, makes it if it is not there, and says whether it was made.
    static func open(_ path: String) throws(LogStorageError) -> (file: Int32, isNew: Bool) {
        var file = Glibc.open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)
        if file >= 0 {
            guard isPlain(file) else {
                close(file)
                throw .damaged(path: path, why: "it is a pipe or a device, and no file")
            }
            return (file, false)
        }
        guard errno == ENOENT else { throw .last("open", path) }
        try makeFolders(of: path)
        file = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw .last("open", path) }
        return (file, true)
    }

    /// Makes the folders above a path, each durable in the one above it.
    static func makeFolders(of path: String) throws(LogStorageError) {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
        let folder = String(path[..<slash])
        if try isThere(folder) { return }
        try makeFolders(of: folder)
        if mkdir(folder, 0o755) != 0, errno != EEXIST { throw .last("mkdir", folder) }
        try syncFolder(of: folder)
    }

    static func write(
        _ bytes: UnsafeRawBufferPointer, to file: Int32, at offset: Int, _ path: String
    ) throws(LogStorageError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                file, bytes.baseAddress?.advanced(by: done), bytes.count - done, offset + done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .last("write", path) }
            done += count
        }
    }

    static func sync(_ file: Int32, _ path: String) throws(LogStorageError) {
        guard fdatasync(file) == 0 else { throw .last("fdatasync", path) }
    }

    /// Makes the name of a file or folder durable in the folder above it.
    public static func syncFolder(of path: String) throws(LogStorageError) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        let file = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw .last("open", folder) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw .last("fsync", folder) }
    }

    /// Puts a whole file in the place of another: a reader sees the old or the new one.
    ///
    /// - Parameter mode: 0600 for what only the owner may read.
    public static func replace(
        _ path: String, with bytes: [UInt8], mode: mode_t = 0o644
    ) throws(LogStorageError) {
        try stage(path, mode: mode) { _ in bytes }.commit()
    }

    /// Makes a file if it is not there; one that is there stays as it is.
    public static func create(
        _ path: String, with bytes: [UInt8], mode: mode_t = 0o644
    ) throws(LogStorageError) {
        let staged = try stage(path, mode: mode) { _ in bytes }
        defer { staged.discard() }
        // Unlike a rename, a link fails where another process was first.
        if link(staged.temporary, path) != 0, errno != EEXIST { throw .last("link", path) }
        try syncFolder(of: path)
    }

    /// Writes a file beside another one's place, durably, under a name that nobody else uses.
    ///
    /// - Parameter content: The file's bytes; it is told the open file.
    static func stage(
        _ path: String, mode: mode_t = 0o644, _ content: (Int32) -> [UInt8]
    ) throws(LogStorageError) -> StagedFile {
        try makeFolders(of: path)
        // Two that write at once must not share bytes.
        let temporary = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max))\(StagedFile.suffix)"
        let file = Glibc.open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw .last("open", temporary) }
        defer { close(file) }
        let staged = StagedFile(path: path, temporary: temporary)
        do throws(LogStorageError) {
            let bytes = content(file)
            let failure = bytes.withUnsafeBytes { bytes -> LogStorageError? in
                do throws(LogStorageError) {
                    try write(bytes, to: file, at: 0, temporary)
                    return nil
                } catch {
                    return error
                }
            }
            if let failure { throw failure }
            try sync(file, temporary)
        } catch {
            staged.discard()
            throw error
        }
        return staged
    }

    /// The bytes that a probe writes: a block of most file systems.
    private static let probeBytes = 4_096

    /// Writes a file and removes it again, to see whether the disk takes one.
    public static func probe(_ path: String) throws(LogStorageError) {
        let file = try open(path).file
        defer {
            close(file)
            unlink(path)
        }
        let bytes = [UInt8](repeating: 0x20, count: probeBytes)
        let failure = bytes.withUnsafeBytes { bytes -> LogStorageError? in
            do throws(LogStorageError) {
                try write(bytes, to: file, at: 0, path)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Removes a file if it is there, durably.
    public static func remove(_ path: String) throws(LogStorageError) {
        if unlink(path) != 0, errno != ENOENT { throw .last("unlink", path) }
        try syncFolder(of: path)
    }

    /// Moves a file or folder to another place of the same file system, if it is there; what stands at that place
    /// stays.
    public static func move(_ path: String, to other: String) throws(LogStorageError) {
        guard try isThere(path) else { return }
        try makeFolders(of: other)
        var place = other
        var number = 1
        while try isThere(place) {
            number += 1
            place = "\(other).\(number)"
        }
        guard rename(path, place) == 0 else { throw .last("rename", path) }
        try syncFolder(of: place)
        try syncFolder(of: path)
    }

    /// Gives a file a second name in the same file system, under which its bytes stay when the first is replaced.
    static func keepAside(_ path: String, as other: String) throws(LogStorageError) {
        guard try isThere(path) else { return }
        try makeFolders(of: other)
        var place = other
        var number = 1
        while link(path, place) != 0 {
            guard errno == EEXIST else { throw .last("link", place) }
            number += 1
            place = "\(other).\(number)"
        }
        try syncFolder(of: place)
    }

    /// The bytes of a whole file; nil if it is not there.
    public static func read(_ path: String, max: Int = .max) throws(LogStorageError) -> [UInt8]? {
        guard let file = try openToRead(path) else { return nil }
        defer { close(file) }
        return try read(file, path, max: max)
    }

    /// The first bytes of a file that has no size of its own, as those of `/proc`.
    static func readStream(_ path: String, max: Int) throws(LogStorageError) -> [UInt8] {
        guard let file = try openToRead(path) else { return [] }
        defer { close(file) }
        return [UInt8](unsafeUninitializedCapacity: max) { buffer, count in
            count = Swift.max(0, Glibc.read(file, buffer.baseAddress, max))
        }
    }

    /// Removes what a process that ended in the middle has left in a folder.
    ///
    /// Nobody is an hour about one small file; so what is older belongs to nobody any more.
    public static func sweep(_ folder: String, now: time_t = time(nil)) {
        for name in list(folder) where name.hasSuffix(StagedFile.suffix) {
            var status = stat()
            guard stat("\(folder)/\(name)", &status) == 0,
                now - status.st_mtim.tv_sec > StagedFile.secondsMax
            else { continue }
            unlink("\(folder)/\(name)")
        }
    }

    /// Opens a file for reading; nil if it is not there.
    static func openToRead(_ path: String) throws(LogStorageError) -> Int32? {
        // A pipe in the place of a file would keep the process for ever.
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if file >= 0 {
            guard isPlain(file) else {
                close(file)
                throw .damaged(path: path, why: "it is a pipe or a device, and no file")
            }
            return file
        }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw .last("open", path)
    }

    /// False for a pipe, a socket or a device; what a folder is shows when it is read.
    public static func isPlain(_ file: Int32) -> Bool {
        var status = stat()
        guard fstat(file, &status) == 0 else { return true }
        return [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
    }

    /// Reads a file, at most `max` bytes of it.
    static func read(
        _ file: Int32, _ path: String, max: Int = .max
    ) throws(LogStorageError) -> [UInt8] {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .last("stat", path) }
        let count = Swift.min(max, Int(status.st_size))
        var done = 0
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while done < count {
                let got = pread(file, buffer.baseAddress?.advanced(by: done), count - done, done)
                if got < 0, errno == EINTR { continue }
                if got <= 0 {
                    failed = got < 0
                    break
                }
                done += got
            }
            initialized = done
        }
        if failed { throw .last("read", path) }
        return bytes
    }

    /// The names in a folder; none where there is no such folder.
    ///
    /// - Throws: ``LogStorageError`` for a folder that cannot be read: what is in it counts all the same.
    public static func names(in folder: String) throws(LogStorageError) -> [String] {
        guard let directory = opendir(folder) else {
            if errno == ENOENT { return [] }
            throw .last("opendir", folder)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            // The end and a failure differ by this alone.
            errno = 0
            guard let entry = readdir(directory) else { break }
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        if errno != 0 { throw .last("readdir", folder) }
        return names
    }

    /// The files in a folder and the folders in it, by their paths below it; none where there is no such folder.
    ///
    /// - Parameter depth: How many names the longest paths have; deeper folders are not looked into.
    /// - Throws: ``LogStorageError`` for a folder that cannot be read.
    public static func files(
        below folder: String, depth: Int = 64
    ) throws(LogStorageError) -> [String] {
        var files: [String] = []
        if depth == 0 { return files }
        for name in try names(in: folder) {
            var status = stat()
            guard lstat("\(folder)/\(name)", &status) == 0 else {
                // A name that is no text cannot be asked about, and is there.
                if errno == ENOENT, name.contains("\u{fffd}") {
                    files.append(name)
                    continue
                }
                // Another process may have removed it meanwhile.
                if errno == ENOENT { continue }
                throw .last("stat", "\(folder)/\(name)")
            }
            if status.st_mode & S_IFMT == S_IFDIR {
                for file in try self.files(below: "\(folder)/\(name)", depth: depth - 1) {
                    files.append("\(name)/\(file)")
                }
            } else {
                files.append(name)
            }
        }
        return files
    }

    /// Whether there is a folder of a name; a link to one is none.
    public static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether anything has a name; a link counts as what it leads to.
    ///
    /// - Throws: ``LogStorageError`` where nobody can say, since a folder on the way cannot be read.
    public static func isThere(_ path: String) throws(LogStorageError) -> Bool {
        if access(path, F_OK) == 0 { return true }
        if errno == ENOENT || errno == ENOTDIR { return false }
        throw .last("access", path)
    }

    /// The names in a folder as far as they can be had: for what is only tidied up.
    static func list(_ folder: String) -> [String] { (try? names(in: folder)) ?? [] }
}

/// A file that is written and not yet in its place.
struct StagedFile {
    /// How the names of such files end.
    static let suffix = ".tmp"
    /// After so many seconds nobody comes back for one.
    static let secondsMax = 3_600

    let path: String
    let temporary: String

    /// Puts it in its place, durably.
    func commit() throws(LogStorageError) {
        try place()
        try DurableFile.syncFolder(of: path)
    }

    /// Puts it in its place; after a power failure it may have its place or not.
    func place() throws(LogStorageError) {
        try FreedFiles.freeingLater(path) { () throws(LogStorageError) in
            guard rename(temporary, path) == 0 else {
                let error = LogStorageError.last("rename", path)
                discard()
                throw error
            }
        }
    }

    /// Drops it.
    func discard() { unlink(temporary) }
}
