import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Provenance

extension Node {
    /// What an import's changesets say before the names of the files; by it a later import of the same
    /// file finds what the file said last time.
    static let importMessage = "import "

    /// Imports label files; the same files a second time change nothing, and a file with an error in it changes
    /// nothing at all.
    ///
    /// Where the dataset has labels, the files are read twice: once to find what they were based on, once to
    /// write. The changesets cite no more than what the files can have known: what this log had cited before,
    /// the heads that a sidecar names, and the entries of labels that the files name. So a change that another
    /// company made meanwhile is concurrent and not overwritten.
    public func importLabels(
        _ dataset: DatasetID, _ paths: [String], format: any AnnotationFormat,
        options: ImportOptions
    ) throws -> ImportReport {
        try require(dataset)
        let files = paths.map { InputFile(path: $0) }
        let plan = ImportPlan(self, dataset, format, options)
        let names = paths.map(FileSystem.lastComponent).joined(separator: ", ").prefix(200)
        let changesets = try write(
            dataset, author: options.author, message: Self.importMessage + names,
            source: options.source ?? ImportPlan.defaultSource,
            citing: {
                try plan.start()
                if plan.hasLabels {
                    try format.read(files, context: plan.context(isFirst: true)) {
                        try plan.survey($0)
                    }
                }
                return plan.seen
            }
        ) { append in
            try format.read(files, context: plan.context(isFirst: false)) {
                try plan.take($0) { _ = try append($0) }
            }
            try plan.finish { _ = try append($0) }
        }
        var report = plan.finalReport
        report.changesets = changesets
        return report
    }
}
