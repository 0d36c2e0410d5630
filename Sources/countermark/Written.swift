import AnnotationModel
import ArgumentParser
import CountermarkNode
import Foundation
import LabelDocuments
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
        let uncounted = node.uncounted
        for one in uncounted { Terminal.warn("countermark: \(one.line)") }
        if !uncounted.isEmpty { throw ExitCode(1) }
    }
}

/// What came of a write, for the documents of the commands that write.
struct WriteOutcome {
    /// The dataset that was written to; nil where nothing was.
    let dataset: String?
    let isCounted: Bool
    /// Why it does not count.
    let why: String?

    init(_ node: Node) {
        let uncounted = node.uncounted
        dataset = node.lastWritten?.description
        (isCounted, why) = (uncounted.isEmpty, uncounted.first?.why.reason)
    }
}
