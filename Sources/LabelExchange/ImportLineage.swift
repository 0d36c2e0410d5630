import AnnotationFormats
import AnnotationModel
import Foundation
import Signing

/// Which files an import read, as its changesets remember it: the names for people, and a mark of each path.
///
/// Ids in label files often count from 1. So an id says which label is meant within one file and its newer versions
/// only, and two people's files must not change each other's labels because both have a number 1.
package struct ImportLineage {
    /// The most paths that get a mark.
    static let marksMax = 12
    /// The longest list of names in a message, in characters.
    private static let namesMax = 200
    private static let markBytes = 4

    /// What an import's changesets say before the names of the files; by it a later import of the same file finds what
    /// the file said last time.
    static let messagePrefix = "import "

    let marks: [String]
    package let message: String

    package init(_ paths: [String]) {
        marks = paths.prefix(Self.marksMax).map(Self.mark)
        let names = paths.map(FileSystem.lastComponent).joined(separator: ", ")
            .prefix(Self.namesMax)
        message = "\(Self.messagePrefix)\(names) [\(marks.joined(separator: " "))]"
    }

    /// A few digits of the SHA-256 of an absolute path: they tell paths apart and do not tell them.
    private static func mark(_ path: String) -> String {
        let full = URL(fileURLWithPath: path).standardizedFileURL.path
        var hasher = SHA256Hasher()
        Array(full.utf8).withUnsafeBytes { hasher.update($0) }
        return hasher.finish().bytes.prefix(markBytes)
            .map { String(format: "%02x", $0) }.joined()
    }

    /// The marks in the message of an import; nil for another message, or one without marks.
    static func marks(in message: String?) -> [String]? {
        guard let message, message.hasPrefix(Self.messagePrefix), message.hasSuffix("]"),
            let open = message.lastIndex(of: "[")
        else { return nil }
        return message[message.index(after: open)...].dropLast().split(separator: " ")
            .map(String.init)
    }
}
