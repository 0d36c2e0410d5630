/// Who may use a node's page.
public struct PeopleDocument: Document {
    /// Somebody of the organisation.
    public struct Person: Encodable, Sendable {
        /// What signs as the author of what it writes.
        public let name: String
        /// `viewer`, `annotator`, `reviewer` or `operator`.
        public let role: String
        /// Whether it signs in by a password; else by links alone.
        public let password: Bool

        /// Makes one of its members.
        public init(name: String, role: String, password: Bool) {
            self.name = name
            self.role = role
            self.password = password
        }
    }

    /// By name.
    public let people: [Person]
    /// Whether a command changed anything; absent where it only lists.
    @OmittedIfNil public var changed: Bool?

    /// Makes one of its members.
    public init(people: [Person], changed: Bool? = nil) {
        self.people = people
        self.changed = changed
    }
}
