import ArgumentParser
import CountermarkNode
import Foundation
import LabelDocuments
import NodeDocuments

/// The benchmarks that the documentation quotes.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes, verifies and merges the deterministic workload, and prints the figures.")
    @OptionGroup var common: CommonOptions
    @Option(help: "Labels in the workload.") var labels = 1_000_000
    @Option(help: "Operations in a changeset; 1 measures single edits.") var perChangeset = 4_096
    @Option(help: "Measure this many annotations between two serving nodes instead.") var live: Int?
    @Option(help: "Measure agreement and consensus of this many judgements instead.")
    var quality: Int?
    @Option(help: "Where to put the homes while it runs.") var scratch = NSTemporaryDirectory()
    @OptionGroup var progress: ProgressOptions

    func run() async throws {
        guard labels > 0, (1...4_096).contains(perChangeset) else {
            throw ValidationError("--labels is above 0, --per-changeset 1...4096")
        }
        let rows =
            if let quality {
                QualityBenchmark.run(judgements: min(max(1, quality), 100_000_000))
            } else {
                try await progress.show(common) { [labels, perChangeset, live, scratch] watch in
                    if let live {
                        return try await LiveBenchmark.run(
                            annotations: live, folder: scratch, watch: watch)
                    }
                    return try MergeBenchmark.run(
                        labels: labels, operationsPerEntry: perChangeset, folder: scratch,
                        watch: watch)
                }
            }
        let benchmarks = rows.map { row in
            BenchDocument.Row(
                name: row.name,
                figures: Dictionary(
                    row.figures.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }
                ))
        }
        try common.print(
            document: BenchDocument(benchmarks: benchmarks),
            rows.flatMap { row in
                [row.name]
                    + row.figures.map { "  \(String(format: "%14.1f", $0.value))  \($0.name)" }
            })
    }
}
