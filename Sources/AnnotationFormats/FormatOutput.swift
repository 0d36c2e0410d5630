import Glibc

/// Where a writer's bytes go: one file, or several below a folder.
public protocol FormatOutput: AnyObject {
    /// Begins a file. The path is relative and safe; for formats of one file it is a suggestion, which
    /// an output that was given a file name ignores.
    func begin(_ path: String) throws
    /// Appends to the file.
    func write(_ bytes: [UInt8]) throws
    /// Ends the file; it must not be visible half-written before.
    func end() throws
    /// Hears that the label which the source just handed over was written, and by which external id a
    /// later reading will know it.
    func labelWritten(as externalID: String)
    /// The output of the file beside this output that keeps what the format cannot carry; nil where
    /// there is no such place.
    func sidecar() -> (any FormatOutput)?
}

extension FormatOutput {
    /// Takes no notice.
    public func labelWritten(as externalID: String) {}
    /// There is no place for it.
    public func sidecar() -> (any FormatOutput)? { nil }
}

/// Keeps files in memory.
public final class MemoryOutput: FormatOutput {
    /// The files by path.
    public private(set) var files: [String: [UInt8]] = [:]
    private var current = ""
    private var beside: MemoryOutput?

    /// No files yet.
    public init() {}

    /// What was written beside the files; nil for nothing.
    public var sidecarBytes: [UInt8]? { beside?.files.values.first }

    /// The output of the sidecar.
    public func sidecar() -> (any FormatOutput)? {
        let output = beside ?? MemoryOutput()
        beside = output
        return output
    }

    /// Begins a file.
    public func begin(_ path: String) {
        current = path
        files[path] = []
    }

    /// Appends to the file.
    public func write(_ bytes: [UInt8]) { files[current, default: []] += bytes }

    /// Ends the file.
    public func end() {}
}

/// Writes below a folder, or into one file; each file appears under its name only when it is complete.
public final class DiskOutput: FormatOutput {
    private let path: String
    private let isFolder: Bool
    private var descriptor: Int32 = -1
    private var target = ""
    private var temporary: String { target + ".partial" }

    /// An output into one file.
    public init(file: String) { (path, isFolder) = (file, false) }

    /// An output below a folder, which is made if it is missing.
    public init(folder: String) throws(FormatError) {
        (path, isFolder) = (folder, true)
        guard mkdir(folder, 0o777) == 0 || FileSystem.isFolder(folder) else {
            throw .cannotWrite(path: folder, errno: errno)
        }
    }

    deinit { abandon() }

    /// Begins a file.
    public func begin(_ name: String) throws {
        abandon()
        target = isFolder ? FileSystem.join(path, name) : path
        if isFolder { try makeFolders(name) }
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        if descriptor < 0 { throw FormatError.cannotWrite(path: target, errno: errno) }
    }

    /// The output of the file beside this one, `<output>.countermark.jsonl`.
    public func sidecar() -> (any FormatOutput)? {
        var name = path
        while name.count > 1, name.hasSuffix("/") { name.removeLast() }
        return DiskOutput(file: name + Sidecar.ending)
    }

    private func makeFolders(_ name: String) throws(FormatError) {
        var folder = path
        for part in name.split(separator: "/").dropLast() {
            folder = FileSystem.join(folder, String(part))
            guard mkdir(folder, 0o777) == 0 || FileSystem.isFolder(folder) else {
                throw .cannotWrite(path: folder, errno: errno)
            }
        }
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
        let isSynced = fsync(descriptor) == 0
        let isClosed = close(descriptor) == 0
        descriptor = -1
        guard isSynced, isClosed, rename(temporary, target) == 0 else {
            let code = errno
            unlink(temporary)
            throw FormatError.cannotWrite(path: target, errno: code)
        }
    }

    /// Drops a file that was begun and not ended.
    private func abandon() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
        unlink(temporary)
    }
}

/// Collects small pieces and hands them on in large ones.
struct BufferedJSON {
    /// Large enough that the cost of a system call does not show.
    static let chunkBytes = 1 << 18
    var writer = JSONWriter()
    let output: any FormatOutput

    init(_ output: any FormatOutput) { self.output = output }

    mutating func flushIfLarge() throws {
        if writer.bytes.count >= Self.chunkBytes { try flush() }
    }

    mutating func flush() throws {
        try output.write(writer.bytes)
        writer.removeAll()
    }
}
