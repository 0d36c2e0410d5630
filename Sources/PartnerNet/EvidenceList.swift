import Foundation
import TransparencyLog

/// Files of evidence on their way between two nodes.
package struct EvidenceList: Codable, Sendable {
    /// The files.
    package let evidence: [String]

    package init(evidence: [String]) {
        self.evidence = evidence
    }

    /// Files in one request: more come in the next.
    package static let filesMax = 16
    /// The largest request: JSON may escape newlines and slashes, which at most doubles a file.
    package static let bytesMax = filesMax * 2 * Equivocation.bytesMax + 1_024
}
