/// A log's name: the member's origin and the dataset's id, `tier1.example/oem.example/boards`.
///
/// It is the first line of the log's checkpoints, the name of its key, and the path of its folder.
public struct LogOrigin: Hashable, Sendable, CustomStringConvertible {
    /// The name.
    public let description: String
    /// The organisation that writes the log.
    public let member: String
    /// The dataset, `owner/name`.
    public let dataset: String

    /// Checks a name of three parts, none of which can lead out of a folder.
    public init(_ text: String) throws(TransparencyLogError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let isValid =
            parts.count == 3 && text.utf8.count <= 600
            && parts.allSatisfy { part in
                !part.isEmpty && part.first != "."
                    && part.utf8.allSatisfy { byte in
                        switch byte {
                        case 0x61...0x7a, 0x30...0x39, 0x2d, 0x2e, 0x5f: true
                        default: false
                        }
                    }
            }
        guard isValid else { throw .badLogOrigin(String(text.prefix(100))) }
        description = text
        member = String(parts[0])
        dataset = "\(parts[1])/\(parts[2])"
    }
}
