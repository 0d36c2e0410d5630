import AnnotationModel
import ArgumentParser
import CountermarkNode
import Foundation
import LabelDocuments
import NodeDocuments
import Provenance

/// The dataset of a label, beside its id.
struct WithinOptions: ParsableArguments {
    @Option(help: "The dataset of the label or item; needed where several have one of this name.")
    var dataset: String?

    /// The dataset, if it was named.
    func dataset(_ common: CommonOptions, _ node: Node) throws -> DatasetID? {
        try dataset.map { try common.dataset($0, node) }
    }
}

extension CommonOptions {
    /// Prints what a command wrote, and whether it counts.
    ///
    /// - Throws: Exit status 1 if it does not, although nothing spoke against it before it was signed.
    func printWritten(
        _ node: Node, _ document: some Document, _ lines: @autoclosure () -> [String]
    ) throws {
        try print(document: document, lines())
        try endIfUncounted(node)
    }

    /// Ends with exit status 1 where what a command wrote does not count.
    func endIfUncounted(_ node: Node) throws {
        let uncounted = node.uncounted
        for one in uncounted { Terminal.warn("countermark: \(one.line)") }
        if !uncounted.isEmpty { throw ExitCode(1) }
    }
}
