import Signing

/// A log's name: the member's origin and the dataset's id, `tier1.example/oem.example/boards`.
///
/// It is the first line of the log's checkpoints, the name of its key, and the path of its folder; so
/// no part of it may lead out of a folder.
public struct LogOrigin: Hashable, Sendable, CustomStringConvertible {
    /// The name.
    public let description: String
    /// The organisation that writes the log.
    public let member: String
    /// The dataset, `owner/name`.
    public let dataset: String

    /// The longest dataset name in bytes: a label of a file system and of a table, not a text.
    public static let datasetNameBytesMax = 64

    /// Checks a name of three parts: two origins and a dataset's name.
    ///
    /// - Throws: ``TransparencyLogError/badLogOrigin(_:)``.
    public init(_ text: String) throws(TransparencyLogError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, OriginRules.isValid(parts[0]), OriginRules.isValid(parts[1]),
            Self.isDatasetName(parts[2])
        else { throw .badLogOrigin(String(text.prefix(100))) }
        description = text
        member = parts[0]
        dataset = "\(parts[1])/\(parts[2])"
    }

    private static func isDatasetName(_ name: String) -> Bool {
        (1...datasetNameBytesMax).contains(name.utf8.count) && name.utf8.first != 0x2e
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
