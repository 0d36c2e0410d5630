/// A page of a dataset's items, with what their labels are.
public struct ItemListDocument: Document {
    /// An item.
    public struct Item: Encodable, Sendable {
        /// Its key.
        public let key: String
        /// The media type of its file; nil where nobody said.
        public let mediaType: String?
        /// The SHA-256 of its bytes, in hexadecimal digits; nil where nobody said.
        public let sha256: String?
        /// In pixels; nil where nobody said.
        public let width: Int64?
        /// In pixels; nil where nobody said.
        public let height: Int64?
        /// Labels that are not retracted.
        public let labels: Int
        /// Whether companies disagree about it or one of its labels.
        public let contested: Bool
        /// Who has labels of it.
        public let orgs: [String]
        /// The classes that they have.
        public let classes: [String]
        /// The part that it shows; nil where nobody said.
        public let group: String?
        /// Who says to have examined it.
        public let examined: [String]

        /// Makes one of its members.
        public init(
            key: String, mediaType: String?, sha256: String?, width: Int64?, height: Int64?,
            labels: Int, contested: Bool, orgs: [String], classes: [String], group: String?,
            examined: [String]
        ) {
            self.key = key
            self.mediaType = mediaType
            self.sha256 = sha256
            self.width = width
            self.height = height
            self.labels = labels
            self.contested = contested
            self.orgs = orgs
            self.classes = classes
            self.group = group
            self.examined = examined
        }
    }

    /// In the order of their keys.
    public let items: [Item]
    /// How many there are on all pages.
    public let total: Int
    /// What the next page begins after, as the list alone understands it; nil on the last one.
    public let next: String?

    /// Makes one of its members.
    public init(items: [Item], total: Int, next: String?) {
        self.items = items
        self.total = total
        self.next = next
    }
}
