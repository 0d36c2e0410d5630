/// What `schema check` prints: how a dataset's labels fit.
public struct SchemaFitDocument: Document {
    /// The labels of one class.
    public struct ClassFit: Encodable, Sendable {
        /// The name as it was written.
        public let name: String
        /// The class as it is called now.
        public let `class`: String
        /// How many labels.
        public let labels: Int
        /// How many of them do not fit.
        public let outside: Int

        /// Makes one of its members.
        public init(name: String, `class`: String, labels: Int, outside: Int) {
            self.name = name
            self.class = `class`
            self.labels = labels
            self.outside = outside
        }
    }

    /// One problem with the labels that have it.
    public struct Problem: Encodable, Sendable {
        /// The word that programs go by.
        public let kind: String
        /// What is concerned.
        public let name: String
        /// What is wrong.
        public let why: String
        /// How many labels have it.
        public let labels: Int
        /// Some of them.
        public let examples: [String]

        /// Makes one of its members.
        public init(kind: String, name: String, why: String, labels: Int, examples: [String]) {
            self.kind = kind
            self.name = name
            self.why = why
            self.labels = labels
            self.examples = examples
        }
    }

    /// All labels fit.
    public let ok: Bool
    /// Labels that are not retracted.
    public let labels: Int
    /// Those that do not fit.
    public let outside: Int
    /// By the names that labels carry.
    public let classes: [ClassFit]
    /// The commonest first.
    public let problems: [Problem]
    /// There are more than are listed.
    public let more: Bool

    /// Makes one of its members.
    public init(
        ok: Bool, labels: Int, outside: Int, classes: [ClassFit], problems: [Problem], more: Bool
    ) {
        self.ok = ok
        self.labels = labels
        self.outside = outside
        self.classes = classes
        self.problems = problems
        self.more = more
    }
}
