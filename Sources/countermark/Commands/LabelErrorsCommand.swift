import AnnotationModel
import ArgumentParser
import CountermarkNode
import LabelDocuments
import NodeDocuments

/// Labels that a model's predictions speak against.
struct LabelErrorsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label-errors",
        abstract: "Labels of whole items that a model's predictions speak against, to look at.",
        discussion: """
            By confident learning, as cleanlab. Nothing is written: pass the items on with queue assign, or look at \
            them with show.
            """)
    @OptionGroup var common: CommonOptions
    @Argument var dataset: String
    @Option(help: "model:NAME@VERSION; needed where several have predicted.") var model: String?
    @Option(help: "The most labels.") var limit = 100

    func validate() throws {
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit is 1...100000") }
    }

    func run() throws {
        let node = try common.node()
        let id = try common.dataset(dataset, node)
        let report = try node.labelErrors(id, model: model)
        let document = LabelErrorsDocument(
            dataset: id.description, model: report.model, digest: report.digest,
            compared: report.compared, withoutPrediction: report.withoutPrediction,
            labels: report.rows.prefix(limit).map {
                .init(
                    id: $0.id.description, item: $0.item, class: $0.className,
                    suggested: $0.suggested, selfConfidence: $0.selfConfidence)
            }, more: max(0, report.rows.count - limit), hidden: report.hidden)
        try common.print(
            document: document,
            document.labels.map {
                "\($0.id)  \($0.item)  \($0.class), probably \($0.suggested)  "
                    + AgreementDocument.rounded($0.selfConfidence)
            } + [
                "\(report.rows.count) of \(report.compared) labels are doubtful by \(report.model); "
                    + "\(report.withoutPrediction) have no prediction"
                    + (report.hidden > 0
                        ? "; \(report.hidden) are not shown, the dataset is blind" : "")
            ])
    }
}
