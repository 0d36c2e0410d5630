import ArgumentParser
import CountermarkNode
import LabelDocuments
import NodeDocuments

/// The labels as rows of the company's PostgreSQL, which analysts read.
struct StoreRowsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rows",
        abstract: "The labels as rows of the company's PostgreSQL, for analysts.",
        subcommands: [Show.self, All.self, Without.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says how far the rows of each dataset are.")
        @OptionGroup var common: CommonOptions

        func run() throws {
            let node = try common.node()
            try StoreRowsCommand.print(node, [:], common)
        }
    }

    struct All: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "all",
            abstract: "Keeps all labels as rows from now on, on whichever node of the company.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var progress: ProgressOptions
        @Argument(help: "The datasets; without any all, also those to come.")
        var datasets: [String] = []

        func run() throws {
            try StoreRowsCommand.ask(true, datasets, common, progress)
        }
    }

    struct Without: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "none", abstract: "Removes the rows, and makes none any more.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var progress: ProgressOptions
        @Argument(help: "The datasets; without any all.")
        var datasets: [String] = []

        func run() throws {
            try StoreRowsCommand.ask(false, datasets, common, progress)
        }
    }

    private static func ask(
        _ isWanted: Bool, _ names: [String], _ common: CommonOptions, _ progress: ProgressOptions
    ) throws {
        let node = try common.node()
        let datasets = try names.map { try common.dataset($0, node) }
        let isNew = try node.askForRows(isWanted, of: datasets)
        let round = try progress.show(
            node, common, stays: "the wish stays, and a node that serves goes on with it"
        ) {
            try node.moveAllRows()
        }
        try print(node, round.waiting, common, changed: isNew || round.hasMoved)
    }

    /// - Parameter waiting: What datasets wait for on this node.
    private static func print(
        _ node: Node, _ waiting: [String: String], _ common: CommonOptions, changed: Bool? = nil
    ) throws {
        let reports = try node.rowsReports().map { report in
            var report = report
            report.why = report.why ?? waiting[report.dataset]
            return report
        }
        let document = RowsDocument(
            store: try node.storeReport().store ?? "folder",
            rows: reports.map { RowsDocument.Dataset($0) }, changed: changed)
        try common.print(
            document: document, changed: changed,
            document.rows.isEmpty
                ? ["no dataset has rows; countermark store rows all makes them"]
                : document.rows.map(Self.line))
    }

    private static func line(_ rows: RowsDocument.Dataset) -> String {
        var words = [rows.labels.map { "\($0) labels" } ?? "no rows yet"]
        if rows.labels != nil, rows.behind > 0 { words.append("\(rows.behind) entries behind") }
        if let filled = rows.filled { words.append("\(filled) labels of new rows are there") }
        if !rows.wanted { words.append("not wanted any more") }
        if let why = rows.why { words.append(why) }
        return "\(rows.dataset)  \(words.joined(separator: ", "))"
    }
}
