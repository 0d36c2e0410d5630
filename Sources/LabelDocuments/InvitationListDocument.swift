/// What `invite list` prints.
public struct InvitationListDocument: Document {
    /// Newest first.
    public let invitations: [InvitationDocument]

    /// Makes one of its members.
    public init(invitations: [InvitationDocument]) {
        self.invitations = invitations
    }
}
