import AnnotationFormats
import AnnotationModel
import Signing

/// The list of what an export wrote into a folder: `SHA-256`, two spaces and the path a line, as sha256sum prints it.
///
/// While an export writes it appends, and at its end it replaces the list by one of its own files alone. So whatever
/// ends an export, the list names all files of it and of the one before.
struct ExportList {
    /// Far more than the files of any export; a longer list is not read.
    static let bytesMax = 1 << 30
    private static let begin = "# countermark export 1 "

    /// The digests, in hexadecimal, that a file of ours has had, by its path.
    private(set) var files: ByteMap<Set<String>> = [:]
    /// What was exported; nil where the list does not say.
    private(set) var dataset: String?

    /// A list of nothing.
    init() {}

    /// Reads a list; lines of another form say nothing, as the last one of an export that was killed.
    init(parsing bytes: [UInt8]) {
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let text = String(decoding: line, as: UTF8.self)
            if text.hasPrefix(Self.begin) {
                dataset = String(text.dropFirst(Self.begin.count))
            } else if line.count > 66, line.dropFirst(64).starts(with: "  ".utf8),
                let digest = Digest(hex: String(text.prefix(64)))
            {
                files[String(text.dropFirst(66)), default: []].insert(digest.hex)
            }
        }
    }

    static func head(_ dataset: String) -> String { begin + dataset + "\n" }
    static func line(_ path: String, _ digest: Digest) -> String { "\(digest.hex)  \(path)\n" }
}
