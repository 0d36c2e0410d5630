import AnnotationModel
import ArgumentParser
import CountermarkNode
import LabelDocuments
import NodeDocuments
import Provenance

/// Which value of a contested field is shown.
struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Shows or sets which value of a contested field is shown.",
        subcommands: [Show.self, Set.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows a dataset's policy.")
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String

        func run() throws {
            let node = try common.node()
            try report(try common.dataset(dataset, node), node, common)
        }
    }

    struct Set: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets a dataset's policy; the steward's act.")
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String
        @Argument(
            help: "\(ResolutionPolicy.allCases.map(\.rawValue).joined(separator: ", ")).")
        var policy: String

        func run() throws {
            guard let rule = ResolutionPolicy(rawValue: policy) else {
                let names = ResolutionPolicy.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("\(policy) is no policy; there are \(names)")
            }
            let node = try common.node()
            let id = try common.dataset(dataset, node)
            try node.setPolicy(id, rule)
            try report(id, node, common, changed: node.hasWritten)
        }
    }
}

private func report(
    _ id: DatasetID, _ node: Node, _ common: CommonOptions, changed: Bool? = nil
) throws {
    try node.require(id)
    try node.catchUp(id)
    let policy = try node.mergedState(id).membership.policy.rawValue
    try common.print(
        document: PolicyDocument(dataset: id.description, policy: policy, changed: changed),
        changed: changed, ["\(id)  \(policy)"])
}
