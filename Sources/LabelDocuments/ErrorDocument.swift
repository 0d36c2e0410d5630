/// What goes wrong, on standard error.
public struct ErrorDocument: Document {
    /// What is wrong and what to do.
    public struct Problem: Encodable, Sendable {
        /// The word that programs go by.
        public let code: String
        /// What to do; empty if nothing is known.
        public let hint: String
        /// What is wrong, for people.
        public let message: String

        /// Makes one of its members.
        public init(code: String, hint: String, message: String) {
            self.code = code
            self.hint = hint
            self.message = message
        }
    }

    /// The error.
    public let error: Problem

    /// Makes one of its members.
    public init(error: Problem) {
        self.error = error
    }
}
