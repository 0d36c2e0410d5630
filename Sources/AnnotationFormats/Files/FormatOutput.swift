import AnnotationModel
import LabelText

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
    /// Takes away what an earlier export left there: it says nothing of the files that were written now.
    ///
    /// - Returns: What was taken away; nil where nothing was there.
    func removeSidecar() throws -> String?
}

extension FormatOutput {
    /// Takes no notice.
    public func labelWritten(as externalID: String) {}
    /// There is no place for it.
    public func sidecar() -> (any FormatOutput)? { nil }
    /// There is nothing to take away.
    public func removeSidecar() throws -> String? { nil }
}

/// Keeps files in memory.
public final class MemoryOutput: FormatOutput {
    /// The files by path.
    public private(set) var files: ByteMap<[UInt8]> = [:]
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
