/// The name of an object: parts of letters, digits, `-`, `.`, `_` and `~`, joined by slashes.
///
/// These characters stand for themselves in URLs, signatures and folders, so that nothing is ever escaped.
public struct ObjectName: Hashable, Sendable {
    /// The longest name in bytes; a store takes 1,024 with its own prefix.
    public static let bytesMax = 512
    /// The longest part in bytes: file systems take 255, and need some for a name in the making.
    public static let partBytesMax = 200
    /// What is being written has such a name in a folder.
    static let makingSuffix = ".tmp"

    /// The name.
    public let text: String

    /// Checks a name.
    ///
    /// - Throws: ``ObjectStoreError/invalidName(_:why:)``.
    public init(_ text: String) throws(ObjectStoreError) {
        if let why = Self.problem(text) {
            throw .invalidName(String(text.prefix(80)), why: why)
        }
        self.text = text
    }

    /// Why a text is no name; nil if it is one.
    static func problem(_ text: String) -> String? {
        guard (1...bytesMax).contains(text.utf8.count) else {
            return "a name has 1 to \(bytesMax) bytes"
        }
        guard isOfNames(text) else {
            return "a name has letters, digits and '-', '.', '_', '~', '/' alone"
        }
        for part in text.split(separator: "/", omittingEmptySubsequences: false) {
            guard (1...partBytesMax).contains(part.utf8.count), part != ".", part != ".." else {
                return
                    "each part between slashes has 1 to \(partBytesMax) bytes and is not '.' or '..'"
            }
            guard !part.hasSuffix(makingSuffix) else {
                return "no part ends in \(makingSuffix), as files in the making do"
            }
        }
        return nil
    }

    /// Whether a text has the characters of names alone.
    static func isOfNames(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
    }
}

extension ObjectName: Comparable {
    /// Orders names by their bytes, as stores list them.
    public static func < (left: ObjectName, right: ObjectName) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

extension ObjectName: CustomStringConvertible {
    /// The name.
    public var description: String { text }
}
