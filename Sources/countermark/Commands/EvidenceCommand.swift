import ArgumentParser
import CompanyHome
import CountermarkNode
import Foundation
import LabelDocuments
import NodeDocuments
import Signing

/// Logs that signed two histories.
struct Evidence: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the equivocations known, or checks one evidence file offline.")
    @OptionGroup var common: CommonOptions
    @Argument(help: "A file to check, with no home; else the home's.") var file: String?

    func run() throws {
        let found: [EvidenceFile]
        if let file {
            found = [try EvidenceFile(checking: file)]
        } else {
            let node = try Node(Home(opening: common.homePath))
            found = try node.evidence() + node.contradictions()
        }
        try common.print(
            document: EvidenceDocument(
                evidence: found.map {
                    .init(
                        log: $0.log, kind: $0.kind, sizes: $0.sizes, prefix: $0.prefix,
                        roots: $0.roots.map(\.base64), ok: $0.isProven, file: $0.path)
                }),
            found.map {
                "\($0.log)  \($0.kind)  "
                    + $0.sizes.map { "\($0)" }.joined(separator: " and ")
                    + " entries, "
                    + ($0.kind == "contradiction"
                        ? "two roots signed" : "the first \($0.prefix) in common")
                    + "  \($0.path)"
            })
        if file != nil, found.contains(where: { !$0.isProven }) { throw ExitCode(1) }
    }
}
