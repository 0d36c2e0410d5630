import AnnotationModel
import ArgumentParser
import CountermarkNode
import Foundation
import LabelDocuments
import NodeDocuments

/// Sync by files.
struct Carry: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Syncs by files: a USB stick in the place of a network, with the same checks.",
        subcommands: [Out.self, In.self])

    struct Out: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes what is new of a dataset's logs into a folder.")
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String
        @Argument(help: "The folder.") var folder: String
        @Option(
            name: .customLong("for"),
            help: "Whom it is for; else only logs that all members may read go along.")
        var receiver: String?
        @OptionGroup var progress: ProgressOptions

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(dataset, node)
            try common.requireOutside(folder)
            let receiver = try receiver.map { try Origin($0) }
            let reports = try progress.show(
                node, common, stays: "what lies in \(folder) is whole, and some is missing"
            ) { try node.carryOut(id, to: folder, for: receiver) }
            try print(reports, common, verb: "wrote", pulled: false)
        }
    }

    struct In: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes the logs that a folder holds, and checks them like any partner's.")
        @OptionGroup var common: CommonOptions
        @Argument(help: "The folder.") var folder: String
        @OptionGroup var progress: ProgressOptions

        func run() throws {
            let node = try common.node()
            let reports = try progress.show(
                node, common,
                stays:
                    "the logs that came before are kept, and the label table takes the rest with the next command"
            ) { try node.carryIn(from: folder) }
            try print(reports, common, verb: "took", pulled: true)
            if reports.contains(where: { $0.error != nil }) { throw Interrupt.status(or: 1) }
        }
    }
}

/// Prints what was carried, one document a log's company, as `sync` does for partners.
private func print(
    _ reports: [CarryReport], _ common: CommonOptions, verb: String, pulled: Bool
) throws {
    try common.print(
        document: CarryDocument(partners: reports.map { .init($0, isPulled: pulled) }),
        reports.map {
            "\($0.log)  \(verb) \($0.entries) entries"
                + ($0.error.map { "  failed: \($0)" } ?? "")
        })
}
