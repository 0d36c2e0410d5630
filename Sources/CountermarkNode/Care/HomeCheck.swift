/// One thing that was looked at or done about a home, for people and for monitors.
public struct HomeCheck: Sendable, Equatable {
    /// What was looked at: a log's name, or a part of the home.
    public let name: String
    /// Whether all is well.
    public let isOk: Bool
    /// What was found or done.
    public let detail: String
    /// What to do; empty where there is nothing to do.
    public let hint: String

    /// A check.
    public init(_ name: String, _ isOk: Bool, _ detail: String, hint: String = "") {
        (self.name, self.isOk, self.detail, self.hint) = (name, isOk, detail, hint)
    }
}
