/// What a person should look at in files.
public struct RemarkDocument: Document {
    /// Of which file or item.
    public let `where`: String
    /// What there is to see.
    public let what: String

    /// Makes one of its members.
    public init(`where`: String, what: String) {
        self.where = `where`
        self.what = what
    }
}
