import Dispatch
import Foundation
import Synchronization

/// Runs one check's seeds on all processors and says what came of them.
struct Runner {
    /// Failures that are printed of each check; the rest are counted.
    private static let failuresShownMax = 20

    let check: Check
    let options: Options

    /// What the seeds share while they run.
    private struct Progress {
        var next: UInt64?
        var record = Record()
        var failures: [UInt64: String] = [:]
    }

    /// Runs the check, prints the outcome, and returns whether it holds.
    func run() -> Bool {
        let seeds = options.seeds(of: check)
        print("\(check.name): \(check.promise)")
        flush()
        let started = ContinuousClock.now
        let progress = Mutex(Progress(next: seeds.lowerBound))
        let jobs = options.jobs ?? ProcessInfo.processInfo.activeProcessorCount
        DispatchQueue.concurrentPerform(iterations: jobs) { _ in
            while let seed = take(seeds, progress) { run(seed, progress) }
        }
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        let outcome = progress.withLock { $0 }
        for line in outcome.record.trace { print(line) }
        var complaints = outcome.failures.sorted { $0.key < $1.key }.prefix(Self.failuresShownMax)
            .map { "--filter \(check.name) --seed \($0.key): \($0.value)" }
        if seeds == check.seeds, outcome.failures.isEmpty, let judge = check.judge {
            do { try judge(outcome.record) } catch { complaints.append("\(error)") }
        }
        for (what, count) in outcome.record.figures.sorted(by: { $0.key < $1.key }) {
            print("    \(what): \(count)")
        }
        for complaint in complaints { print("  FAILED \(complaint)") }
        let end = complaints.isEmpty ? "passed" : "FAILED, \(outcome.failures.count) seeds"
        print("  \(check.name) \(seeds): \(String(format: "%.1f", seconds)) s, \(end)")
        flush()
        return complaints.isEmpty
    }

    private func take(_ seeds: ClosedRange<UInt64>, _ progress: borrowing Mutex<Progress>)
        -> UInt64?
    {
        progress.withLock { progress in
            if options.endsAtFirst, !progress.failures.isEmpty { return nil }
            guard let seed = progress.next else { return nil }
            progress.next = seed < seeds.upperBound ? seed + 1 : nil
            if options.announces {
                print("  seed \(seed)")
                flush()
            }
            return seed
        }
    }

    private func run(_ seed: UInt64, _ progress: borrowing Mutex<Progress>) {
        var record = Record()
        record.isTraced = options.isTraced
        var failure: String?
        do { try check.run(seed, &record) } catch { failure = "\(error)" }
        let (figures, trace) = (record.figures, record.trace)
        progress.withLock { progress in
            progress.record.add(figures)
            progress.record.trace += trace
            if let failure { progress.failures[seed] = failure }
        }
    }

    /// Whoever reads through a pipe sees how far the run is, also if a seed ends the process.
    private func flush() { fflush(nil) }
}
