import LabelText

/// What `list` prints: a page of the label set.
public struct LabelListDocument: Document {
    /// A label as lists show it.
    public struct Label: Encodable, Sendable {
        /// The label.
        public let id: String
        /// The key that the item is shown under.
        public let item: String
        /// The key that was signed.
        public let itemAsWritten: String
        /// The class as the schema calls it now.
        public let `class`: String
        /// The class as it was signed.
        public let classAsWritten: String
        /// Why it does not fit the schema; empty: it fits, nil: not judged.
        public let outsideSchema: [String]?
        /// Where on the item.
        public let selector: JSONValue
        /// Who added it.
        public let org: String
        /// `active` or `retracted`.
        public let status: String
        /// It is in conflict.
        public let contested: Bool
        /// Who labelled.
        public let author: String?
        /// With what.
        public let source: String?
        /// Its values by name.
        public let fields: [String: JSONValue]

        /// Makes one of its members.
        public init(
            id: String, item: String, itemAsWritten: String, `class`: String,
            classAsWritten: String, outsideSchema: [String]?, selector: JSONValue, org: String,
            status: String, contested: Bool, author: String?, source: String?,
            fields: [String: JSONValue]
        ) {
            self.id = id
            self.item = item
            self.itemAsWritten = itemAsWritten
            self.class = `class`
            self.classAsWritten = classAsWritten
            self.outsideSchema = outsideSchema
            self.selector = selector
            self.org = org
            self.status = status
            self.contested = contested
            self.author = author
            self.source = source
            self.fields = fields
        }
    }

    /// The page.
    public let annotations: [Label]
    /// What the next page begins after; nil: this was the last one.
    public var next: String?
    /// Damaged entries whose labels are left out, each with what to do.
    public let unreadable: [String]

    /// Makes one of its members.
    public init(annotations: [Label], next: String?, unreadable: [String]) {
        self.annotations = annotations
        self.next = next
        self.unreadable = unreadable
    }
}
