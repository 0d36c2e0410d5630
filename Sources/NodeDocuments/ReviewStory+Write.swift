import AnnotationModel
import CountermarkNode
import LabelDocuments
import LabelText
import Provenance

extension ReviewStory {
    /// A verdict or a comment, and why it does not count.
    package init(
        _ write: LoggedWrite, kind: String, suggestion: OperationID?, isReplaced: Bool,
        _ why: NotCounted?
    ) {
        self.init(
            value: write.value, org: write.operation.origin.description, author: write.author,
            op: write.operation.description, time: write.time, counted: why == nil,
            replaced: isReplaced, why: why?.reason, kind: kind,
            suggestion: suggestion?.description, signedBy: write.signer?.kind.rawValue ?? "",
            signer: write.signer?.name ?? "")
    }

    /// It in one line.
    package var line: String {
        let what = kind == "review" ? "verdict" : "comment"
        let on = suggestion.map { " on suggestion \($0)" } ?? ""
        let who = org + (author.isEmpty ? "" : " (\(author))")
        var text = value.string ?? ""
        if let verdict = value["verdict"]?.string {
            let reason = value["reason"]?.string ?? ""
            text = verdict + (reason.isEmpty ? "" : ", because \(reason)")
        }
        return "  \(what)\(on) by \(who): \(text)"
            + StoryRemarks.signer(signedBy, signer)
            + StoryRemarks.text(isReplaced: replaced, why: why)
    }
}
