import Foundation
import TransparencyLog

/// Files of evidence on their way between two nodes.
struct EvidenceList: Codable, Sendable {
    /// The files.
    let evidence: [String]

    /// Files in one request: more come in the next.
    static let filesMax = 16
    /// The largest request: JSON may escape newlines and slashes, which at most doubles a file.
    static let bytesMax = filesMax * 2 * Equivocation.bytesMax + 1_024
}
