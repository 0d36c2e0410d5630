import AnnotationModel
import CountermarkNode
import Provenance

/// What came of a write, for the documents of the commands that write.
package struct WriteOutcome {
    /// The dataset that was written to; nil where nothing was.
    package let dataset: String?
    package let isCounted: Bool
    /// Why it does not count.
    package let why: String?

    package init(_ node: Node) {
        let uncounted = node.uncounted
        dataset = node.lastWritten?.description
        (isCounted, why) = (uncounted.isEmpty, uncounted.first?.why.reason)
    }
}
