import AnnotationFormats
import Signing

/// An output that knows of each file how long it is and its SHA-256.
final class HashedOutput: FormatOutput {
    /// A file that was written.
    struct File {
        let name: String
        let bytes: Int
        let digest: Digest
    }

    private let output: any FormatOutput
    private var hasher = SHA256Hasher()
    private var name = ""
    private var size = 0
    private(set) var files: [File] = []

    init(_ output: any FormatOutput) { self.output = output }

    func begin(_ path: String) throws {
        (name, size) = (path, 0)
        try output.begin(path)
    }

    func write(_ bytes: [UInt8]) throws {
        hasher.update(bytes)
        size += bytes.count
        try output.write(bytes)
    }

    func end() throws {
        try output.end()
        files.append(File(name: name, bytes: size, digest: hasher.finish()))
    }
}
