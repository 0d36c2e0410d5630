import ArgumentParser
import CountermarkNode
import DatasetReading
import Foundation
import Glibc
import PlainErrors
import Synchronization

/// Whether and where long work shows how far it is.
struct ProgressOptions: ParsableArguments {
    @Option(
        help: """
            How far the work is: `bar` on standard error (where that is a terminal, this needs no word), `plain` for a \
            line every ten seconds, or `none`.
            """)
    var progress: Shown?

    /// How long work is shown.
    enum Shown: String, CaseIterable, ExpressibleByArgument {
        case bar, plain, none
    }

    /// Runs work on a node while its progress is shown on standard error, and Ctrl-C ends it.
    ///
    /// - Parameter stays: What is there when it was ended, asked then.
    /// - Throws: What `work` throws; of what was ended the error says what stays.
    func show<Result>(
        _ node: Node, _ common: CommonOptions, stays: @autoclosure () -> String,
        _ work: () throws -> Result
    ) throws -> Result {
        let warn = node.warn
        node.interruption = Interrupt.asked
        let bar = bar(common)
        if let bar {
            node.onProgress = { bar.show($0) }
            node.warn = {
                bar.finish()
                warn($0)
            }
        }
        defer {
            bar?.finish()
            (node.onProgress, node.warn, node.interruption) = (nil, warn, nil)
        }
        do {
            return try Interrupt.listening(work)
        } catch let error as NodeError where error.code == .interrupted {
            throw NodeError(.interrupted, "\(error.message): \(stays())", hint: error.hint)
        }
    }

    /// The same for work that waits for others.
    func show<Result: Sendable>(
        _ common: CommonOptions, _ work: @escaping @Sendable (WorkWatch) async throws -> Result
    ) async throws -> Result {
        let bar = bar(common)
        defer { bar?.finish() }
        var watch = WorkWatch(interruption: Interrupt.asked)
        if let bar { watch.onProgress = { bar.show($0) } }
        return try await Interrupt.listening { [watch] in try await work(watch) }
    }

    private func bar(_ common: CommonOptions) -> SharedBar? {
        guard let style, !common.quiet else { return nil }
        return SharedBar(style)
    }

    private var style: ProgressBar.Style? {
        switch progress {
        case .some(.none): return nil
        case .plain: return .lines
        case .bar: break
        case nil: guard isatty(STDERR_FILENO) == 1 else { return nil }
        }
        var size = winsize()
        let isKnown = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return .terminal(columns: isKnown ? Int(size.ws_col) : 80)
    }
}

/// A bar on standard error, for work on several threads.
private final class SharedBar: Sendable {
    private let bar: Mutex<ProgressBar>

    init(_ style: ProgressBar.Style) {
        let start = ContinuousClock.now
        bar = Mutex(
            ProgressBar(
                style, now: { (ContinuousClock.now - start) / .seconds(1) }, write: Terminal.draw))
    }

    func show(_ progress: WorkProgress) { bar.withLock { $0.show(progress) } }

    func finish() { bar.withLock { $0.finish() } }
}
