import Glibc

/// What an export does with files that an earlier one left in its folder. Nothing here goes through a link.
extension DiskOutput {
    /// What stands at a path below the folder.
    package enum Found: Equatable {
        /// Nothing.
        case nothing
        /// A plain file, of which `read` was told all bytes.
        case file
        /// A link, a folder, a device, or a file that cannot be read.
        case other
    }

    /// Keeps others from writing into the folder by a ``DiskOutput`` that asks for it, too, until this one is gone.
    ///
    /// - Throws: ``FormatError/isBeingWritten(path:)``.
    package func reserve() throws {
        // A file system without locks is no reason not to write.
        guard flock(root, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK else { return }
        throw FormatError.isBeingWritten(path: path)
    }

    /// Reads a file below the folder.
    package func read(
        _ name: String, _ take: (UnsafeRawBufferPointer) -> Void
    ) -> Found {
        guard let (folder, last) = place(of: name) else { return .nothing }
        defer { close(folder) }
        guard let status = FileStatus(last, in: folder) else { return .nothing }
        guard status.isFile else { return .other }
        let file = openat(folder, last, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return .other }
        defer { close(file) }
        return withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 16) { buffer in
            while true {
                let count = Glibc.read(file, buffer.baseAddress, buffer.count)
                if count < 0, errno == EINTR { continue }
                if count <= 0 { return count == 0 ? .file : .other }
                take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
    }

    /// Removes a plain file below the folder, and the folders that are empty then.
    ///
    /// - Returns: False for a file that this output has written, which a file system may know under this name, too.
    /// - Throws: ``FormatError/cannotWrite(path:errno:)``.
    package func remove(_ name: String) throws -> Bool {
        guard let (folder, last) = place(of: name) else { return false }
        defer { close(folder) }
        guard let status = FileStatus(last, in: folder), status.isFile,
            !written.contains(status.identity)
        else { return false }
        guard unlinkat(folder, last, 0) == 0 else {
            throw FormatError.cannotWrite(path: FileSystem.join(path, name), errno: errno)
        }
        var parent = FileSystem.parent(name)
        while !parent.isEmpty, let (above, inner) = place(of: parent) {
            defer { close(above) }
            // What holds anything else stays.
            if unlinkat(above, inner, AT_REMOVEDIR) != 0 { break }
            parent = FileSystem.parent(parent)
        }
        return true
    }

    /// Appends to a file in the folder, which is made if it is missing.
    ///
    /// - Throws: ``FormatError``.
    package func append(_ bytes: [UInt8], to name: String) throws {
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let file = openat(root, name, flags, 0o666)
        let target = FileSystem.join(path, name)
        guard file >= 0 else {
            throw errno == ELOOP
                ? FormatError.isLink(path: target) : .cannotWrite(path: target, errno: errno)
        }
        defer { close(file) }
        let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        guard count == bytes.count else {
            throw FormatError.cannotWrite(path: target, errno: count < 0 ? errno : ENOSPC)
        }
    }

    /// The plain files below the folder by their paths, without hidden ones, and without what links lead to.
    ///
    /// - Throws: ``FormatError`` where a folder cannot be read.
    package func files() throws -> [String] {
        var found: [String] = []
        func walk(_ below: String, _ depth: Int) throws {
            for name in try FileSystem.names(in: FileSystem.join(path, below)) {
                let inner = FileSystem.join(below, name)
                guard let status = FileStatus(path: FileSystem.join(path, inner)) else { continue }
                if status.isFile {
                    found.append(inner)
                } else if status.isFolder, depth < FileTree.depthMax {
                    try walk(inner, depth + 1)
                }
            }
        }
        try walk("", 0)
        return found
    }

    /// The open folder of a path, and the last part of the path; nil where there is no such folder, or for a path
    /// that no export writes.
    private func place(of name: String) -> (folder: Int32, last: String)? {
        var parts = name.split(separator: "/").map(String.init)
        let isOwn = name.hasPrefix(FileName.listBeginning) || FileName.problem(name) == nil
        guard isOwn, let last = parts.popLast() else { return nil }
        var folder = fcntl(root, F_DUPFD_CLOEXEC, 0)
        for part in parts where folder >= 0 {
            let next = openat(folder, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            close(folder)
            folder = next
        }
        return folder < 0 ? nil : (folder, last)
    }
}

/// Which files in a folder a reader takes for labels.
extension FileName {
    /// Endings of what describes a data set and is no file of an item.
    private static let settings: Set<String> = ["yaml", "yml"]

    /// Whether a file is called like those of items that an export has written.
    package static func isLike(_ path: String, _ endings: Set<String>) -> Bool {
        let ending = FileTree.ending(path)
        return endings.contains(ending) && !settings.contains(ending) && !FileTree.isList(path)
    }

    /// The ending of a path in lower case.
    package static func ending(_ path: String) -> String { FileTree.ending(path) }
}
