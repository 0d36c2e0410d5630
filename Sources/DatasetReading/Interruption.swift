import PlainErrors
import Synchronization

/// A wish that long work ends before it is done: whoever does it looks wherever all is whole.
public final class Interruption: Sendable {
    private let wish = Atomic<Bool>(false)

    /// Nobody has asked yet.
    public init() {}

    /// Asks for the end; a signal handler may do so.
    ///
    /// - Returns: Whether nobody had asked before.
    @discardableResult
    public func request() -> Bool { !wish.exchange(true, ordering: .relaxed) }

    /// Whether somebody has asked.
    public var isRequested: Bool { wish.load(ordering: .relaxed) }

    /// Ends the work if somebody has asked.
    ///
    /// - Parameter done: How far the work is.
    /// - Throws: ``NodeError`` of the code `interrupted`.
    package func check(_ done: @autoclosure () -> String) throws {
        guard isRequested else { return }
        throw NodeError(.interrupted, "ended \(done())", hint: "run it again")
    }
}
