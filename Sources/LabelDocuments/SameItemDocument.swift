/// What `items same` prints where it says that one item is another.
public struct SameItemDocument: Document {
    /// The item.
    public let item: String
    /// The one that it is; nil: an item of its own.
    public let sameAs: String?
    /// Whether that was not said already.
    public let changed: Bool

    /// Makes one of its members.
    public init(item: String, sameAs: String?, changed: Bool) {
        self.item = item
        self.sameAs = sameAs
        self.changed = changed
    }
}
