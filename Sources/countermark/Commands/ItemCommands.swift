import AnnotationFormats
import AnnotationModel
import ArgumentParser
import CountermarkNode
import Foundation
import LabelDocuments
import NodeDocuments
import Signing

/// Registers files as items.
struct Items: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Registers files.", subcommands: [Add.self, Same.self])

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds files to a dataset as items.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var signing: SigningOptions
        @Argument var dataset: String
        @Argument(help: "Files or folders.") var paths: [String]
        @Option(help: "A regular expression; its first group names the part a file shows.")
        var groupBy: String?

        func run() throws {
            let node = try signing.node(common)
            let id = try common.dataset(dataset, node)
            let report = try node.addItems(id, paths, groupBy: groupBy)
            try common.printWritten(
                node, ItemsAddedDocument(report, node),
                report.notes.map { "note \($0.item): \($0.what)" }
                    + (report.labelFiles == 0
                        ? []
                        : [
                            "\(report.labelFiles) files look like labels and were not registered; name one "
                                + "to register it"
                        ]) + ["\(report.added) added, \(report.unchanged) unchanged"]
                    + (!node.hasWritten ? ["nothing has changed"] : []))
        }
    }

    struct Same: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Items of equal content under several keys; or says that one item is another."
        )
        @OptionGroup var common: CommonOptions
        @OptionGroup var signing: SigningOptions
        @Argument var dataset: String
        @Argument(help: "The item, and the one that it is and under whose key it is shown.")
        var items: [String] = []
        @Flag(help: "Takes back what was said of the item.") var apart = false

        func validate() throws {
            guard items.isEmpty ? !apart : items.count == (apart ? 1 : 2) else {
                throw ValidationError("give two items, one item with --apart, or none")
            }
        }

        func run() throws {
            let node = try signing.node(common)
            let id = try common.dataset(dataset, node)
            guard let item = items.first else { return try list(node, id) }
            let other = apart ? nil : items[1]
            let isNew = try node.say(item, isSameAs: other, in: id)
            let what = other.map { "\(item) is \($0)" } ?? "\(item) is an item of its own"
            try common.print(
                document: SameItemDocument(item: item, sameAs: other, changed: isNew),
                [isNew ? what : "nothing has changed: \(what) was said already"])
        }

        private func list(_ node: Node, _ id: DatasetID) throws {
            let contents = try node.sameContents(id)
            try common.print(
                document: SameContentDocument(
                    groups: contents.map {
                        .init(
                            sha256: Hex.encode($0.sha256), items: $0.items.flatMap { $0 },
                            shown: $0.items.map { .init(item: $0[0], names: $0) })
                    }),
                contents.isEmpty
                    ? ["no two items have the same bytes"]
                    : contents.map { content in
                        content.items.map { $0.joined(separator: " = ") }
                            .joined(separator: "  |  ")
                            + (content.items.count > 1 ? "  (same bytes)" : "")
                    })
        }
    }
}
