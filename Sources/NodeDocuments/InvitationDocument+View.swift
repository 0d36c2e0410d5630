import AnnotationModel
import CountermarkNode
import LabelDocuments

extension InvitationDocument {
    /// An invitation as it stands.
    package init(_ view: InvitationView, changed: Bool? = nil) {
        self.init(
            nonce: view.nonce, dataset: view.dataset, role: view.role, state: view.state,
            expires: view.expiresAt, org: view.org, words: view.words, url: view.url,
            refused: Self.refused(view), changed: changed)
    }

    /// The answers that were refused.
    package static func refused(_ view: InvitationView) -> [Refused] {
        view.refusals.map { Refused(time: $0.time, org: $0.org, why: $0.why) }
    }
}

extension NewInvitationDocument {
    /// A new invitation and its text.
    package init(_ view: InvitationView, by org: Origin, text: String, file: String?) {
        self.init(
            nonce: view.nonce, dataset: view.dataset, role: view.role, state: view.state,
            expires: view.expiresAt, org: org.description, words: view.words, url: view.url,
            refused: InvitationDocument.refused(view), text: text, file: file)
    }
}
