import AnnotationModel

/// What a command could not do, with what to do about it.
public struct NodeError: Error, Equatable, Sendable {
    /// Kinds that decide the exit status.
    public enum Kind: Int32, Sendable {
        /// The check or the work failed.
        case failed = 1
        /// Wrong use.
        case usage = 2
        /// Another process holds the lock.
        case locked = 3
        /// The network or a partner refused.
        case network = 4
    }

    /// The kind.
    public let kind: Kind
    /// A stable word for scripts.
    public let code: String
    /// What happened, to what.
    public let message: String
    /// What to do.
    public let hint: String

    /// An error.
    public init(_ kind: Kind, _ code: String, _ message: String, hint: String) {
        (self.kind, self.code, self.message, self.hint) = (kind, code, message, hint)
    }

    static func notFound(_ what: String, _ name: String, hint: String) -> NodeError {
        NodeError(.failed, "not-found", "there is no \(what) \(name)", hint: hint)
    }
}

extension NodeError: CustomStringConvertible {
    /// One line.
    public var description: String { hint.isEmpty ? message : "\(message); \(hint)" }
}

/// Foundation has a class of the same name.
public typealias Operation = AnnotationModel.Operation
