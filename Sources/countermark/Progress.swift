import ArgumentParser
import CountermarkNode
import Foundation
import Glibc

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

    /// Runs work on a node while its progress is shown on standard error.
    func show<Result>(
        _ node: Node, _ common: CommonOptions, _ work: () throws -> Result
    ) rethrows -> Result {
        guard let style, !common.quiet else { return try work() }
        let start = ContinuousClock.now
        let bar = ProgressBar(
            style, now: { (ContinuousClock.now - start) / .seconds(1) },
            write: Terminal.draw)
        let warn = node.warn
        node.onProgress = { bar.show($0) }
        node.warn = {
            bar.finish()
            warn($0)
        }
        defer {
            bar.finish()
            (node.onProgress, node.warn) = (nil, warn)
        }
        return try work()
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
