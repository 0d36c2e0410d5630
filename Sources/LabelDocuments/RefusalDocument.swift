/// A file or record of which nothing was taken.
public struct RefusalDocument: Document {
    /// Which one.
    public let `where`: String
    /// Why.
    public let why: String

    /// Makes one of its members.
    public init(`where`: String, why: String) {
        self.where = `where`
        self.why = why
    }
}
