/// Something that ends soon or has ended.
public struct EndingDocument: Document {
    /// `certificate`, `authority`, `root` or `revocation list`.
    public let kind: String
    /// Whose it is.
    public let org: String
    /// Of which certificate.
    public let subject: String
    /// When it ends.
    public let notAfter: Int64
    /// `notice`, `warning`, `urgent` or `over`.
    public let level: String
    /// The command that helps.
    public let renew: String

    /// Makes one of its members.
    public init(
        kind: String, org: String, subject: String, notAfter: Int64, level: String, renew: String
    ) {
        self.kind = kind
        self.org = org
        self.subject = subject
        self.notAfter = notAfter
        self.level = level
        self.renew = renew
    }
}
