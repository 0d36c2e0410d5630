import LabelText

/// An item's labels as they were at earlier heads of the logs.
public struct ItemPastDocument: Document {
    /// What is known once one more entry that speaks of the item is.
    public struct Moment: Encodable, Sendable {
        /// So much of a log.
        public struct Head: Encodable, Sendable {
            /// Whose log.
            public let org: String
            /// How many of its entries.
            public let size: UInt64

            /// Makes one of its members.
            public init(org: String, size: UInt64) {
                self.org = org
                self.size = size
            }
        }

        /// Whose entry is new.
        public let org: String
        /// Its place in the log.
        public let index: UInt64
        /// As its signer claims.
        public let time: Int64
        /// All that is known then, by organisation.
        public let heads: [Head]

        /// Makes one of its members.
        public init(org: String, index: UInt64, time: Int64, heads: [Head]) {
            self.org = org
            self.index = index
            self.time = time
            self.heads = heads
        }
    }

    /// One label.
    public struct Label: Encodable, Sendable {
        /// What it was from a moment on.
        public struct State: Encodable, Sendable {
            /// The number of the moment in the document's list.
            public let from: Int
            /// The class as the schema calls it now.
            public let `class`: String
            /// Where on the item.
            public let selector: JSONValue
            /// `active` or `retracted`.
            public let status: String
            /// It was in conflict.
            public let contested: Bool

            /// Makes one of its members.
            public init(
                from: Int, `class`: String, selector: JSONValue, status: String, contested: Bool
            ) {
                self.from = from
                self.class = `class`
                self.selector = selector
                self.status = status
                self.contested = contested
            }
        }

        /// The label.
        public let id: String
        /// In the order of the moments.
        public let states: [State]

        /// Makes one of its members.
        public init(id: String, states: [State]) {
            self.id = id
            self.states = states
        }
    }

    /// The item's key.
    public let item: String
    /// In an order in which each has what its entry had seen.
    public let moments: [Moment]
    /// Those that are told of.
    public let labels: [Label]
    /// Whether the item has more labels than are told of.
    public let more: Bool

    /// Makes one of its members.
    public init(item: String, moments: [Moment], labels: [Label], more: Bool) {
        self.item = item
        self.moments = moments
        self.labels = labels
        self.more = more
    }
}
