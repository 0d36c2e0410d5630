import LabelText

/// What `conflicts` prints.
public struct ConflictsDocument: Document {
    /// One contested field.
    public struct Conflict: Encodable, Sendable {
        /// One surviving write.
        public struct Candidate: Encodable, Sendable {
            /// What it wrote.
            public let value: JSONValue
            /// Whose it is.
            public let org: String
            /// The operation.
            public let op: String
            /// The field that it wrote.
            public let field: String

            /// Makes one of its members.
            public init(value: JSONValue, org: String, op: String, field: String) {
                self.value = value
                self.org = org
                self.op = op
                self.field = field
            }
        }

        /// The label; nil for an item.
        public let annotation: String?
        /// The item's key.
        public let item: String
        /// The contested field.
        public let field: String
        /// `value` or `edited-while-retracted`.
        public let kind: String
        /// The surviving writes.
        public let candidates: [Candidate]

        /// Makes one of its members.
        public init(
            annotation: String?, item: String, field: String, kind: String, candidates: [Candidate]
        ) {
            self.annotation = annotation
            self.item = item
            self.field = field
            self.kind = kind
            self.candidates = candidates
        }
    }

    /// Of labels, then of items.
    public let conflicts: [Conflict]

    /// Makes one of its members.
    public init(conflicts: [Conflict]) {
        self.conflicts = conflicts
    }
}
