import AnnotationModel
import ArgumentParser
import CountermarkNode
import LabelDocuments
import NodeDocuments

/// Whether companies see each other's labels before they have labelled themselves.
struct BlindCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blind",
        abstract:
            "Keeps people from seeing others' labels of an item before their company has examined it.",
        subcommands: [Show.self, On.self, Off.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Whether a dataset is blind, and which items hide something from this organisation."
        )
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String

        func run() throws {
            let node = try common.node()
            try BlindCommand.report(try common.dataset(dataset, node), node, common)
        }
    }

    struct On: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a dataset blind; the steward's act.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var signing: SigningOptions
        @Argument var dataset: String

        func run() throws { try BlindCommand.set(dataset, true, common, signing) }
    }

    struct Off: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows everybody everything again; the steward's act.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var signing: SigningOptions
        @Argument var dataset: String

        func run() throws { try BlindCommand.set(dataset, false, common, signing) }
    }

    private static func set(
        _ dataset: String, _ isBlind: Bool, _ common: CommonOptions, _ signing: SigningOptions
    ) throws {
        let node = try signing.node(common)
        let id = try common.dataset(dataset, node)
        try node.setBlind(id, isBlind)
        try report(id, node, common, changed: node.hasWritten)
    }

    private static func report(
        _ id: DatasetID, _ node: Node, _ common: CommonOptions, changed: Bool? = nil
    ) throws {
        try node.require(id)
        try node.catchUp(id)
        let isBlind = try node.isBlind(id)
        let (items, more) = try node.unexaminedItems(id)
        try common.print(
            document: BlindDocument(
                dataset: id.description, blind: isBlind, unexamined: items, more: more,
                changed: changed), changed: changed,
            ["\(id)  \(isBlind ? "blind" : "not blind")"]
                + items.map { "  \($0) holds labels of others that are not shown" }
                + (more > 0 ? ["  and \(more) items more"] : []))
    }
}
