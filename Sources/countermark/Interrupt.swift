import ArgumentParser
import CountermarkNode
import DatasetReading
import Glibc
import PlainErrors

/// Ctrl-C during long work: the first one asks the work for its end, a second one ends the process.
///
/// Before and after long work Ctrl-C does what it does to any process; whatever a home is in the midst of, it
/// stays whole.
enum Interrupt {
    /// What long work looks at.
    static let asked = Interruption()

    /// The exit status of a command that has told what failed; 130 where that was ended by Ctrl-C.
    static func status(or failed: Int32) -> ExitCode {
        ExitCode(asked.isRequested ? NodeError.Kind.interrupted.rawValue : failed)
    }

    /// Listens to Ctrl-C while `work` runs.
    static func listening<R>(_ work: () throws -> R) rethrows -> R {
        let before = begin()
        defer { signal(SIGINT, before) }
        return try work()
    }

    /// The same for work that waits for others: it is cancelled, too.
    ///
    /// - Throws: What `work` throws; ``NodeError`` of the code `interrupted` where it has nothing to tell.
    static func listening<R: Sendable>(
        _ work: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        let before = begin()
        defer { signal(SIGINT, before) }
        do {
            return try await withThrowingTaskGroup(of: R?.self) { group in
                group.addTask { try await work() }
                group.addTask {
                    while !asked.isRequested { try await Task.sleep(for: .milliseconds(50)) }
                    return nil
                }
                var result: R?
                // Whichever comes first: with the work's end nobody listens, with Ctrl-C the work ends.
                while result == nil, let next = await group.nextResult() {
                    group.cancelAll()
                    if let found = try next.get() { result = found }
                }
                guard let result else { throw CancellationError() }
                return result
            }
        } catch is CancellationError where asked.isRequested {
            throw NodeError(
                .interrupted, "ended before it was done; what was done before stays",
                hint: "run it again")
        }
    }

    private static func begin() -> __sighandler_t? {
        // Made before a signal can come: a handler must not wait for anything.
        _ = asked
        let before = signal(SIGINT) { _ in
            if !Interrupt.asked.request() { _exit(NodeError.Kind.interrupted.rawValue) }
        }
        // Whoever started this in the background has said that Ctrl-C is not for it.
        if isIgnored(before) { signal(SIGINT, SIG_IGN) }
        return before
    }

    private static func isIgnored(_ handler: __sighandler_t?) -> Bool {
        unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
