import ArgumentParser
import CountermarkNode
import NodeDocuments

/// The state of the node: all that matters to its operator, in one screen.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Datasets, logs, partners, what waits, what does not count, what ends, alarms.")
    @OptionGroup var common: CommonOptions
    @Argument(help: "One dataset; all if left out.") var dataset: String?

    func run() throws {
        let node = try common.node()
        let status = try NodeStatus(node, only: try dataset.map { try common.dataset($0, node) })
        try common.print(document: status.document, status.lines)
    }
}
