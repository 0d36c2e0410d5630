import AnnotationFormats
import AnnotationModel
import ArgumentParser
import CountermarkNode
import Foundation
import LabelDocuments
import LabelExchange
import NodeDocuments

/// Reads label files.
struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Reads label files.")
    @OptionGroup var common: CommonOptions
    @OptionGroup var signing: SigningOptions
    @Argument var dataset: String
    @Argument var files: [String]
    @Option(help: "\(FormatRegistry.all.map(\.name).joined(separator: ", ")).") var format: String
    @Option(help: "Who labelled.") var author: String?
    @Option(help: "human, model:NAME@VERSION, rule or import.") var source: String?
    @Flag(help: "Retract labels that the files no longer hold.") var prune = false
    @Flag(help: "Refuse labels of items that the dataset lacks.") var knownItemsOnly = false
    @Flag(help: "Take the files' values also over changes that they cannot have known.")
    var overwrite = false
    @Flag(
        help: "Take the files for a newer version of what was imported, whatever they are called.")
    var update = false
    @Flag(help: "Say what would happen, and write nothing.") var dryRun = false
    @OptionGroup var items: ItemOptions
    @OptionGroup var progress: ProgressOptions
    @OptionGroup var classes: ClassOptions

    func validate() throws {
        guard let source, !RaterSource.isSource(source) else { return }
        throw ValidationError(
            "--source is human, model:NAME@VERSION, rule or import, not \"\(source)\"; say what made the labels"
        )
    }

    func run() throws {
        let node = try signing.node(common)
        let id = try common.dataset(dataset, node)
        if try classes.propose(node, id, files, format: format, common) { return }
        var options = ImportOptions()
        try classes.apply(to: &options, node, id)
        (options.author, options.source) = (author, source)
        (options.prune, options.knownItemsOnly) = (prune, knownItemsOnly)
        (options.overwrite, options.isUpdate, options.isDryRun) = (overwrite, update, dryRun)
        options.itemRules = try items.rules()
        if format == AnalystTables.formatName { throw AnalystTables.isWriteOnly }
        let reader = try FormatRegistry.format(named: format)
        let report = try progress.show(
            node, common,
            stays: node.hasWritten
                ? "all of it is signed, and the label table takes the rest with the next command"
                : "nothing was written"
        ) {
            try node.importLabels(id, files, format: reader, options: options)
        }
        try common.printWritten(
            node, ImportDocument(report, isDryRun: dryRun, WriteOutcome(node)),
            Self.lines(report, isDryRun: dryRun))
        if report.isFailure { throw ExitCode(1) }
    }

    private static func lines(_ report: ImportReport, isDryRun: Bool) -> [String] {
        let more = { (all: Int, shown: Int, what: String) in
            all > shown ? ["\(all - shown) \(what) more"] : []
        }
        return report.notes.map { "note \($0.where): \($0.what)" }
            + more(report.noteCount, report.notes.count, "notes")
            + report.skipped.map { "skipped \($0.where): \($0.why)" }
            + more(report.skippedCount, report.skipped.count, "records were skipped,")
            + report.refused.map { "file left out \($0.where): \($0.why)" }
            + more(report.refusedCount, report.refused.count, "files were left out,")
            + report.unfitClasses.map(\.line) + [
                "items: \(report.itemsMatched) matched, \(report.itemsAdded) new",
                (isDryRun ? "nothing was written; it would be: " : "")
                    + "\(report.added) added, \(report.changed) changed, "
                    + "\(report.retracted) retracted, \(report.unchanged) unchanged, "
                    + "\(report.skippedCount) skipped in \(report.changesets) changesets",
            ] + (report.changesets == 0 && !isDryRun ? ["nothing has changed"] : [])
    }
}

/// What the names in label files mean.
struct ItemOptions: ParsableArguments {
    @Option(help: "The folder below which the items' files lie under their keys.")
    var root: String?
    @Option(help: "A beginning that is taken off the names in the files; may be repeated.")
    var strip: [String] = []
    @Option(
        help: "A file that says which item a name means: NAME TAB KEY a line, or a JSON object.")
    var map: String?

    /// The rules for the reader.
    func rules() throws -> ItemRules {
        var rules = ItemRules()
        (rules.root, rules.strips) = (root, strip)
        if let root, !FileSystem.isFolder(root) {
            throw ValidationError("--root \(root) is no folder")
        }
        rules.map = try map.map { try ItemRules.map(InputFile(path: $0)) } ?? [:]
        return rules
    }
}
