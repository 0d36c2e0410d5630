import AnnotationModel
import AnnotationStore
import LabelDocuments

extension StageSummaryDocument {
    /// A summary of stages.
    package init(_ summary: StageSummary, groups: [String: StageSummary]? = nil) {
        func stages(_ stages: [ProcessingStage: StageProgress]) -> [String: Progress] {
            [String: Progress](
                stages.map { ($0.rawValue, Progress($1)) }, uniquingKeysWith: { first, _ in first })
        }
        self.init(
            items: summary.items, annotations: summary.annotations,
            ofItems: stages(summary.ofItems), ofAnnotations: stages(summary.ofAnnotations),
            examined: [String: Look](
                summary.looks.map { ($0.description, Look($1)) },
                uniquingKeysWith: { first, _ in first }),
            groups: groups?.mapValues { StageSummaryDocument($0) })
    }
}

extension StageSummaryDocument.Progress {
    /// What is how far in one stage.
    package init(_ progress: StageProgress) {
        self.init(
            states: progress.states, contested: progress.contested, other: progress.other,
            sources: progress.sources, excluded: progress.excluded,
            notStarted: progress.notStarted)
    }
}

extension StageSummaryDocument.Look {
    /// What one company says to have looked at.
    package init(_ look: LookProgress) {
        self.init(
            examinedWithLabels: look.examinedWithLabels,
            examinedNothingFound: look.examinedNothingFound, labelledOnly: look.labelledOnly,
            excluded: look.excluded, notLooked: look.notLooked)
    }
}
