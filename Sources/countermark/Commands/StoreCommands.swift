import AnnotationModel
import ArgumentParser
import CompanyHome
import CountermarkNode
import LabelDocuments
import NodeDocuments

/// Where the logs lie: in the home, or in a store that several nodes of the company share.
struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract:
            "Where the logs lie: in the home's folder, or in a PostgreSQL that several nodes share.",
        subcommands: [Show.self, Check.self, Move.self, StoreRowsCommand.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Says where the logs lie.")
        @OptionGroup var common: CommonOptions

        func run() throws { try print(try common.node().storeReport(), common) }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Looks at the store: the way to it, its rights, its durability, and each log there and here."
        )
        @OptionGroup var common: CommonOptions

        func run() throws {
            let document = ChecksDocument(try common.node().checkStore())
            try common.print(
                document: document,
                document.checks.map {
                    "\($0.ok ? "ok  " : "BAD ") \($0.name): \($0.detail)"
                        + ($0.hint.isEmpty ? "" : "; \($0.hint)")
                })
            if !document.ok { throw ExitCode(1) }
        }
    }

    struct Move: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Moves the logs into a store, or back into this home's folder.")
        @OptionGroup var common: CommonOptions
        @Option(help: "postgresql://USER@HOST:PORT/DATABASE (no password in it), or folder.")
        var to: String
        @Option(help: "The object store that has the bytes: s3://BUCKET/PREFIX?endpoint=….")
        var tiles: String?

        func run() throws {
            if to == "folder", tiles != nil {
                throw ValidationError("--tiles goes with a store; a folder has its own")
            }
            let node = try common.node()
            let report =
                try to == "folder"
                ? node.moveLogsIntoFolder() : node.moveLogs(into: to, tiles: tiles)
            try print(report, common, changed: report.isMoved)
        }
    }
}

/// Prints where the logs lie.
private func print(
    _ report: StoreReport, _ common: CommonOptions, changed: Bool? = nil
) throws {
    var document = StoreDocument(
        store: report.store ?? "folder",
        tiles: report.tiles ?? (report.store == nil ? "folder" : "store"),
        logs: report.logs, entries: report.entries, documents: report.documents,
        untold: report.untold,
        untaken: report.untaken.sorted { $0.key < $1.key }.map {
            .init(document: $0.key, why: $0.value)
        })
    document.changed = changed
    try common.print(
        document: document, changed: changed,
        ["\(document.store)  \(document.logs) logs with \(document.entries) entries"]
            + (report.store == nil ? [] : ["\(document.documents) documents in common"])
            + document.untold.map { "the store has not learnt yet what this home says of \($0)" }
            + document.untaken.map { "NOT TAKEN \($0.document): \($0.why)" })
}
