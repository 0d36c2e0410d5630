/// What `items same` prints where it lists: items of equal content.
public struct SameContentDocument: Document {
    /// One content that several keys have.
    public struct Group: Encodable, Sendable {
        /// An item and all its keys.
        public struct Shown: Encodable, Sendable {
            /// The key that it is shown under.
            public let item: String
            /// All keys, the shown one first.
            public let names: [String]

            /// Makes one of its members.
            public init(item: String, names: [String]) {
                self.item = item
                self.names = names
            }
        }

        /// Of the bytes.
        public let sha256: String
        /// All keys.
        public let items: [String]
        /// The items that they are.
        public let shown: [Shown]

        /// Makes one of its members.
        public init(sha256: String, items: [String], shown: [Shown]) {
            self.sha256 = sha256
            self.items = items
            self.shown = shown
        }
    }

    /// One for each content.
    public let groups: [Group]

    /// Makes one of its members.
    public init(groups: [Group]) {
        self.groups = groups
    }
}
