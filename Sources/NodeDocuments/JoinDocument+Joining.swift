import CountermarkNode
import LabelDocuments
import Signing

extension JoinDocument {
    /// How far an answer to an invitation is.
    package init(_ joining: Joining, _ words: InvitationWords, state: String) {
        let invitation = joining.invitation
        self.init(
            dataset: invitation.dataset, org: invitation.steward, words: words.words, state: state,
            role: invitation.role, nonce: Hex.encode(invitation.nonce))
    }
}
