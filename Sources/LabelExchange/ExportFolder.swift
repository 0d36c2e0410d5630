import AnnotationFormats
import AnnotationModel
import PlainErrors
import Signing

/// A folder that an export writes its files into, and out of which it takes those of the export before that are no
/// longer among them.
///
/// Whoever reads such a folder reads all of it: a file that stays behind brings back labels that were retracted, under
/// the class numbers of yesterday. What is removed was written by this program, as the list in the folder says, and
/// nobody has changed it since. Anything else that a reader may take for labels keeps the export from being written.
public final class ExportFolder: FormatOutput {
    private let output: DiskOutput
    private let path: String
    private let listName: String
    private let dataset: String
    private let earlier: ExportList
    private var hasher = SHA256Hasher()
    private var current = ""
    private var digests: ByteMap<Digest> = [:]
    private var hasBegun = false

    /// A folder, which is made if it is missing.
    ///
    /// - Parameters:
    ///   - format: The format's name: exports of several formats may share a folder.
    ///   - fence: A folder in which nothing is written.
    /// - Throws: ``FormatError``; ``NodeError`` where the folder holds an export of another dataset.
    public init(
        _ path: String, format: String, dataset: DatasetID, fence: OutputFence = OutputFence()
    ) throws {
        (self.path, self.dataset) = (path, dataset.description)
        listName = FileName.listBeginning + format
        output = try DiskOutput(folder: path, fence: fence)
        try output.reserve()
        earlier = try Self.list(output, FileSystem.join(path, listName), listName)
        if let other = earlier.dataset, other != self.dataset {
            throw NodeError(
                .earlierExport, "\(path) holds an export of \(other) as \(format)",
                hint: "name another folder for \(dataset); nothing was written")
        }
    }

    private static func list(
        _ output: DiskOutput, _ file: String, _ name: String
    ) throws -> ExportList {
        var bytes: [UInt8] = []
        var isLong = false
        let found = output.read(name) { part in
            isLong = isLong || bytes.count + part.count > ExportList.bytesMax
            if !isLong { bytes += part }
        }
        guard found != .other, !isLong else {
            throw NodeError(
                .earlierExport, "\(file) is no list of exported files, or cannot be read",
                hint: "remove it, or name another folder; nothing was written")
        }
        return found == .file ? ExportList(parsing: bytes) : ExportList()
    }

    // MARK: Before

    /// Looks whether the export may be written.
    ///
    /// - Parameter names: Writes the export to an output that only wants to know what the files are called; it is
    ///   called where something lies in the folder that this depends on.
    /// - Throws: ``NodeError`` that names the file which would stay behind.
    public func examine(_ names: (any FormatOutput) throws -> Void) throws {
        let changed = earlier.files.keys.filter { state($0) == .changed }
        // A folder that has a list may hold files of the user's own beside those on it.
        let strange = earlier.dataset == nil ? try output.files() : []
        if changed.isEmpty, strange.isEmpty { return }
        let named = NamedFiles()
        try names(named)
        try refuse(
            changed.filter { !named.paths.contains($0) },
            "is of an earlier export, was changed since, and is not in this one: its labels would stay behind"
        )
        let endings = Set(named.paths.map { FileName.ending($0) })
        try refuse(
            strange.filter { !named.paths.contains($0) && FileName.isLike($0, endings) },
            "is not in this export, and whoever reads the folder would take it for a part of it")
    }

    private func refuse(
        _ files: [String], _ why: String, _ state: String = "; nothing was written"
    ) throws {
        guard let first = files.sortedByBytes().first else { return }
        let more = files.count > 1 ? ", and \(files.count - 1) more," : ""
        throw NodeError(
            .earlierExport, "\(FileSystem.join(path, first))\(more) \(why)",
            hint: "move or remove what you do not need, or name another folder\(state)")
    }

    private enum State {
        case gone, untouched, changed
    }

    /// What has become of a file that was written.
    private func state(_ name: String) -> State {
        var hasher = SHA256Hasher()
        switch output.read(name, { hasher.update($0) }) {
        case .nothing: return .gone
        case .other: return .changed
        case .file:
            return earlier.files[name]?.contains(hasher.finish().hex) == true
                ? .untouched : .changed
        }
    }

    // MARK: Writing

    /// Begins a file.
    public func begin(_ path: String) throws {
        if !hasBegun {
            // A line that was cut off ends here.
            try output.append(Array(("\n" + ExportList.head(dataset)).utf8), to: listName)
            hasBegun = true
        }
        try output.begin(path)
        current = path
        hasher = SHA256Hasher()
    }

    /// Appends to the file.
    public func write(_ bytes: [UInt8]) throws {
        hasher.update(bytes)
        try output.write(bytes)
    }

    /// Ends the file.
    public func end() throws {
        let digest = hasher.finish()
        // Noted first: what is on the list and not there yet does no harm.
        try output.append(Array(ExportList.line(current, digest).utf8), to: listName)
        try output.end()
        digests[current] = digest
    }

    /// The output of the file beside the folder.
    public func sidecar() -> (any FormatOutput)? { output.sidecar() }

    /// Removes that file, and says which it was.
    public func removeSidecar() throws -> String? { try output.removeSidecar() }

    /// Removes what the export before has left, and writes the list.
    ///
    /// - Returns: The paths of the files that were removed, in ascending order.
    /// - Throws: ``FormatError``; ``NodeError`` where a file was changed meanwhile.
    public func finish() throws -> [String] {
        let left = earlier.files.keys.filter { digests[$0] == nil }
        try refuse(
            left.filter { state($0) == .changed },
            "is of an earlier export, was changed since, and is not in this one, which is written",
            "")
        let removed = try left.filter { try state($0) == .untouched && output.remove($0) }
        try output.begin(listName)
        try output.write(Array(ExportList.head(dataset).utf8))
        for (path, digest) in digests.sortedByKey() {
            try output.write(Array(ExportList.line(path, digest).utf8))
        }
        try output.end()
        return removed.sortedByBytes()
    }
}

/// An output that keeps what files are called.
private final class NamedFiles: FormatOutput {
    private(set) var paths: ByteSet = []

    func begin(_ path: String) { paths.insert(path) }
    func write(_ bytes: [UInt8]) {}
    func end() {}
}
