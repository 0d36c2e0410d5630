import LogStorage

/// An error with a code of the table.
public protocol CodedError: Error {
    /// What happened, for scripts.
    var code: ErrorCode { get }
    /// What decides the exit status.
    var kind: NodeError.Kind { get }
    /// What happened, to what.
    var message: String { get }
    /// What to do; empty where the message says so.
    var hint: String { get }
}

/// What a command could not do, with what to do about it.
public struct NodeError: CodedError, Equatable, Sendable {
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
        /// Somebody asked for its end, as shells say it of Ctrl-C.
        case interrupted = 130
    }

    /// What happened, for scripts.
    public let code: ErrorCode
    /// What decides the exit status; the code's own, but for a code that stands for wrong use in one command alone.
    public let kind: Kind
    /// What happened, to what.
    public let message: String
    /// What to do.
    public let hint: String

    /// An error.
    public init(_ code: ErrorCode, kind: Kind? = nil, _ message: String, hint: String) {
        (self.code, self.kind) = (code, kind ?? code.kind)
        (self.message, self.hint) = (message, hint)
    }

    /// What `body` reads of a home; nil where that is damaged or cannot be made out.
    ///
    /// - Throws: What the system refused: that is no damage.
    package static func unlessDamaged<T>(_ body: () throws -> T) throws -> T? {
        do {
            return try body()
        } catch let error as LogStorageError where error.isOfSystem {
            throw error
        } catch let error as NodeError where error.code == .homeNotReadable {
            throw error
        } catch {
            return nil
        }
    }

    package static func notFound(_ what: String, _ name: String, hint: String) -> NodeError {
        NodeError(.notFound, "there is no \(what) \(name)", hint: hint)
    }
}

extension NodeError: CustomStringConvertible {
    /// One line.
    public var description: String { hint.isEmpty ? message : "\(message); \(hint)" }
}
