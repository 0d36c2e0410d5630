import Glibc

/// File operations that name what failed and that know when bytes are on the disk.
public enum DurableFile {
    /// Opens a file, makes it if it is not there, and says whether it was made.
    static func open(_ path: String) throws(LogStorageError) -> (file: Int32, isNew: Bool) {
        var file = Glibc.open(path, O_RDWR | O_CLOEXEC)
        if file >= 0 { return (file, false) }
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
        if access(folder, F_OK) == 0 { return }
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

    static func syncFolder(of path: String) throws(LogStorageError) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        let file = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw .last("open", folder) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw .last("fsync", folder) }
    }

    /// Puts a whole file in the place of another: a reader sees the old or the new one.
    public static func replace(_ path: String, with bytes: [UInt8]) throws {
        let temporary = path + ".tmp"
        let (file, _) = try open(temporary)
        do {
            guard ftruncate(file, 0) == 0 else {
                throw LogStorageError.last("ftruncate", temporary)
            }
            try bytes.withUnsafeBytes { try write($0, to: file, at: 0, temporary) }
            try sync(file, temporary)
        } catch {
            close(file)
            throw error
        }
        close(file)
        guard rename(temporary, path) == 0 else { throw LogStorageError.last("rename", path) }
        try syncFolder(of: path)
    }

    /// Opens a file for reading; nil if it is not there.
    static func openToRead(_ path: String) throws(LogStorageError) -> Int32? {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        if file >= 0 { return file }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw .last("open", path)
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

    static func list(_ folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
