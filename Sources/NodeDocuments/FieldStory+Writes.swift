import AnnotationModel
import CountermarkNode
import LabelDocuments
import Provenance

extension FieldStory {
    /// The field and its writes, a line each.
    package func lines(_ name: String) -> [String] {
        ["  \(name) = \(Output.words(name, value))\(contested ? "  (contested)" : "")"]
            + writes.map { write in
                "    \(write.org) \(write.op)  " + Output.words(name, write.value)
                    + StoryRemarks.signer(write.signedBy, write.signer)
                    + StoryRemarks.text(isReplaced: write.replaced, why: write.why)
            }
    }
}

extension FieldStory.Write {
    /// One write, what it replaces, and why it does not count.
    package init(
        _ write: LoggedWrite, isReplaced: Bool, replaces: [OperationID] = [], _ why: NotCounted?
    ) {
        self.init(
            value: write.value, org: write.operation.origin.description, author: write.author,
            op: write.operation.description, time: write.time, counted: why == nil,
            replaced: isReplaced, replaces: replaces.map(\.description), why: why?.reason,
            signedBy: write.signer?.kind.rawValue ?? "",
            signer: write.signer?.name ?? "")
    }
}

/// What is remarked behind a write.
package enum StoryRemarks {
    /// Whose own word it is, where that is not a node.
    package static func signer(_ kind: String, _ name: String) -> String {
        kind == EntrySigner.Kind.person.rawValue || kind == EntrySigner.Kind.tool.rawValue
            ? "  (signed by \(name))" : ""
    }

    package static func text(isReplaced: Bool, why: String?) -> String {
        (isReplaced ? "  (replaced)" : "") + (why.map { "  (not counted: \($0))" } ?? "")
    }
}
