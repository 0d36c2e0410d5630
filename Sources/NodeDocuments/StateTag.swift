import AnnotationModel
import CountermarkNode
import Provenance
import Signing

/// Names the state of a dataset as it is merged: what is made of the same logs has the same.
package struct StateTag: Sendable, Equatable {
    /// The state digest.
    package let digest: String
    /// The digest, and how far each log is merged.
    package let text: String

    /// The state now.
    package init(_ node: Node, _ dataset: DatasetID) throws {
        try node.catchUp(dataset)
        let state = try node.mergedState(dataset)
        digest = state.digest.hex
        var hasher = SHA256Hasher()
        hasher.update(Array(state.digest.hex.utf8))
        for (number, log) in state.logs.sorted(by: { $0.key < $1.key }) {
            hasher.update(Array(" \(number) \(log.origin) \(log.applied)/\(log.stored)".utf8))
        }
        if state.needsRebuild != nil { hasher.update([0]) }
        text = String(hasher.finish().hex.prefix(32))
    }
}
