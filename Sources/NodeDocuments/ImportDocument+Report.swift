import CountermarkNode
import LabelDocuments
import LabelExchange

extension ImportDocument {
    /// What an import did, and whether that counts.
    ///
    /// - Parameter folder: Where the files lay, with a slash at its end, which is taken off places: nobody knows it.
    package init(
        _ report: ImportReport, isDryRun: Bool, _ outcome: WriteOutcome, hiding folder: String = ""
    ) {
        func place(_ text: String) -> String {
            text.hasPrefix(folder) ? String(text.dropFirst(folder.count)) : text
        }
        self.init(
            added: report.added, changed: report.changed, retracted: report.retracted,
            unchanged: report.unchanged, held: report.held, dryRun: isDryRun,
            changesets: report.changesets, skippedCount: report.skippedCount,
            skipped: report.skipped.map { .init(where: place($0.where), why: $0.why) },
            notes: report.notes.map { .init(where: place($0.where), what: $0.what) },
            noteCount: report.noteCount,
            refused: report.refused.map { .init(where: place($0.where), why: $0.why) },
            items: .init(matched: report.itemsMatched, new: report.itemsAdded),
            renamed: report.renamed, classes: report.unfitClasses.map { .init($0) },
            moreClasses: report.hasMoreClasses, counted: outcome.isCounted, why: outcome.why,
            dataset: outcome.dataset)
    }
}

extension UnfitClassDocument {
    /// A class in files that the schema lacks.
    package init(_ found: UnfitClass) {
        self.init(name: found.name, labels: found.labels, suggestion: found.suggestion)
    }
}
