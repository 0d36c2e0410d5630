/// Why an invitation is refused.
public enum InvitationError: Error, Equatable, Sendable {
    /// A text without an invitation in it.
    case notAnInvitation
    /// A text without an answer to an invitation in it, or with several.
    case notAnAnswer
    /// A text with more than one invitation.
    case severalInvitations
    /// A text longer than any invitation.
    case tooLong(bytes: Int, limit: Int)
    /// An invitation with characters missing, added or changed.
    case damaged
    /// An invitation of another version of this format.
    case otherVersion(found: UInt64)
    /// A part that no invitation may have.
    case badField(String, value: String)
    /// A signed message that cannot be read.
    case unreadable(SigningError)
    /// A signature that does not fit: somebody changed the invitation.
    case altered
    /// An invitation that could not be signed.
    case signature(SigningError)
    /// A certificate that does not speak for the steward.
    case untrusted(SigningError)
    /// A chain of certificates that does not end at the root that the invitation names.
    case otherRoot(pinned: Digest)
    /// An invitation after its last second.
    case expired(at: Int64)
    /// An invitation from the future.
    case notYetValid(from: Int64)

    init(reading error: SigningError) {
        self = error == .signatureMismatch ? .altered : .unreadable(error)
    }
}

extension InvitationError: CustomStringConvertible {
    /// What happened, the figures, and what to do.
    public var description: String {
        switch self {
        case .notAnInvitation:
            "there is no invitation in the text; copy it with its first and its last line"
        case .notAnAnswer:
            "there is not exactly one answer to an invitation in the text; copy it with its first and "
                + "its last line"
        case .severalInvitations:
            "there is more than one invitation in the text; give one at a time"
        case .tooLong(let bytes, let limit):
            "the invitation has \(bytes) bytes and \(limit) are allowed; copy nothing beside it"
        case .damaged: "the invitation is damaged; copy it again or ask for it as a file"
        case .otherVersion(let found):
            "the invitation is of version \(found) and this program reads version "
                + "\(Invitation.version); use the same release as the steward"
        case .badField(let field, let value):
            "the invitation's \(field) cannot be \"\(value)\"; correct it and make it anew"
        case .unreadable(let error):
            "the invitation's message cannot be read (\(error)); ask for it again"
        case .altered:
            "the invitation was changed after it was signed; do not use it and tell the steward"
        case .signature(let error): "the invitation cannot be signed: \(error)"
        case .untrusted(let error):
            "the invitation's signer is not who it says: \(error); call the steward"
        case .otherRoot(let pinned):
            "the invitation's certificates do not end at the root \(pinned) that it names; call the "
                + "steward"
        case .expired(let time):
            "the invitation expired on \(ReadableTime.text(time)); ask the steward for a new one"
        case .notYetValid(let time):
            "the invitation is dated \(ReadableTime.text(time)), which is still to come; compare the clocks"
        }
    }
}
