import AnnotationModel
import Glibc
import LabelText

/// A file of labels on its way in: on disk, or already in memory.
public struct InputFile: Sendable {
    /// The name in messages: the path as it was given.
    public let name: String
    private let held: [UInt8]?
    /// Hears how much of it has been read.
    let meter: ReadMeter?

    /// A file, or for formats of many files a folder, on disk; it is opened when it is read.
    ///
    /// - Parameter meter: Hears how much of it has been read.
    public init(path: String, meter: ReadMeter? = nil) {
        (name, held, self.meter) = (path, nil, meter)
    }

    /// A file whose bytes are at hand.
    public init(name: String, bytes: [UInt8]) { (self.name, held, meter) = (name, bytes, nil) }

    /// A file below this folder.
    func member(path: String) -> InputFile { InputFile(path: path, meter: meter) }

    /// The bytes that are to be read; 0 for what is not there.
    var size: Int { held?.count ?? FileSystem.size(name) }

    /// True for a file on disk.
    public var isOnDisk: Bool { held == nil }

    /// Calls `body` with the text of the file: without the byte order mark that some editors put before UTF-8.
    func withText<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        try withBytes { bytes in
            let skipped = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
            return try body(UnsafeRawBufferPointer(rebasing: bytes[skipped...]))
        }
    }

    /// Calls `body` with the bytes, mapped and not copied.
    ///
    /// Another process that cuts the file short while it is being read ends this one by SIGBUS, as with
    /// every mapped file.
    public func withBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        if let held { return try held.withUnsafeBytes(body) }
        // A pipe that nobody writes to would keep the process for ever.
        let descriptor = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FormatError.cannotOpen(path: name, errno: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw FormatError.cannotOpen(path: name, errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FormatError.notAFile(path: name)
        }
        let count = Int(status.st_size)
        // A file of no bytes cannot be mapped.
        guard count > 0 else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0),
            address != MAP_FAILED
        else { throw FormatError.cannotOpen(path: name, errno: errno) }
        defer { munmap(address, count) }
        madvise(address, count, MADV_SEQUENTIAL)
        return try body(UnsafeRawBufferPointer(start: address, count: count))
    }
}

extension Sequence<InputFile> {
    /// Whether one of the files may hold a word in JSON or as it is; of a folder nobody knows.
    func mayHold(_ word: String) throws -> Bool {
        try contains { file in
            if file.isOnDisk, FileSystem.isFolder(file.name) { return true }
            return try file.withBytes { bytes in
                // A word whose letters are escaped is the same word.
                [word, "\\u"].contains { bytes.holds(Array($0.utf8)) }
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether some bytes occur in these, one after the other.
    fileprivate func holds(_ word: [UInt8]) -> Bool {
        guard let baseAddress, let first = word.first, count >= word.count else { return false }
        var place = 0
        while place <= count - word.count,
            let found = memchr(baseAddress + place, Int32(first), count - word.count - place + 1)
        {
            if memcmp(found, word, word.count) == 0 { return true }
            place = UnsafeRawPointer(found) - baseAddress + 1
        }
        return false
    }
}

/// The few questions that readers of folders ask of the file system.
public enum FileSystem {
    /// Whether something is there.
    public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Whether it is a folder.
    public static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The bytes of a file; 0 for what is not there.
    static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// The names in a folder in ascending order, without hidden ones.
    public static func names(in folder: String) throws(FormatError) -> [String] {
        guard let handle = opendir(folder) else {
            throw FormatError.cannotOpen(path: folder, errno: errno)
        }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sortedByBytes()
    }

    /// The last component of a path.
    public static func lastComponent(_ path: String) -> String {
        String(path.split(separator: "/").last ?? "")
    }

    /// The path without its last component; empty for a bare name.
    public static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// A path below a folder; the bare name where the folder is empty.
    public static func join(_ folder: String, _ name: String) -> String {
        folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }
}
