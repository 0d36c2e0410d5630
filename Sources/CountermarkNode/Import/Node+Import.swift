import AnnotationFormats
import AnnotationModel
import AnnotationStore
import DatasetReading
import Foundation
import LabelExchange
import LabelText
import Provenance
import Signing

extension Node {
    /// Imports label files; the same files a second time change nothing, and a file with an error in it changes
    /// nothing at all.
    ///
    /// Where the dataset has labels, and the files may say what they were based on, they are read twice: once to
    /// find that, once to write. The changesets cite no more than what the files can have known: what this log had
    /// cited before, the heads that a sidecar names, and the entries of labels that the files name. So a change that
    /// another company made meanwhile is concurrent and not overwritten.
    public func importLabels(
        _ dataset: DatasetID, _ paths: [String], format: any AnnotationFormat,
        options: ImportOptions
    ) throws -> ImportReport {
        try repeating { try importOnce(dataset, paths, format: format, options: options) }
    }

    private func importOnce(
        _ dataset: DatasetID, _ paths: [String], format: any AnnotationFormat,
        options: ImportOptions
    ) throws -> ImportReport {
        try require(dataset)
        let meter = ReadMeter()
        let files = paths.map { InputFile(path: $0, meter: meter) }
        let lineage = ImportLineage(paths)
        let plan = ImportPlan(
            merged(dataset), format, options, lineage, ticker(meter))
        let ticker = plan.ticker
        if options.isDryRun { return try tryImport(dataset, files, format, plan) }
        let changesets = try write(
            dataset, author: options.author, message: lineage.message,
            source: options.source ?? ImportPlan.defaultSource,
            citing: {
                try plan.start()
                if try plan.hasLabels && format.mayNameEntries(files) {
                    ticker.begin(.comparing)
                    try format.read(files, context: plan.context(isFirst: true)) {
                        try ticker.count($0)
                        try plan.survey($0)
                    }
                }
                ticker.begin(.reading)
                return plan.seen
            }
        ) { append in
            try format.read(files, context: plan.context(isFirst: false)) {
                try ticker.count($0)
                try plan.take($0) { try append($0) }
            }
            ticker.end()
            try plan.finish { try append($0) }
        }
        var report = plan.finalReport
        report.changesets = changesets
        return report
    }

    /// Says what an import would do, and writes nothing.
    private func tryImport(
        _ dataset: DatasetID, _ files: [InputFile], _ format: any AnnotationFormat,
        _ plan: ImportPlan
    ) throws -> ImportReport {
        try catchUp(dataset)
        try plan.start()
        let ticker = plan.ticker
        if try plan.hasLabels && format.mayNameEntries(files) {
            ticker.begin(.comparing)
            try format.read(files, context: plan.context(isFirst: true)) {
                try ticker.count($0)
                try plan.survey($0)
            }
        }
        ticker.begin(.reading)
        try format.read(files, context: plan.context(isFirst: false)) {
            try ticker.count($0)
            try plan.take($0) { _ in nil }
        }
        ticker.end()
        try plan.finish { _ in nil }
        return plan.finalReport
    }
}
