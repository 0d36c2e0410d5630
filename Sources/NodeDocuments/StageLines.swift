import AnnotationModel
import AnnotationStore

/// A summary of stages as people read it.
package struct StageLines {
    private let summary: StageSummary

    package init(_ summary: StageSummary) { self.summary = summary }

    /// Lines for people: what is nought is left out, but for what is not started.
    package var lines: [String] {
        var lines = ["\(summary.items) items, \(summary.annotations) annotations"]
        for stage in ProcessingStage.allCases {
            if let progress = summary.ofItems[stage] {
                lines.append("  \(stage.rawValue): " + Self.line(progress, stage))
            }
            guard let progress = summary.ofAnnotations[stage],
                progress.notStarted + progress.excluded < progress.total
            else { continue }
            lines.append("  \(stage.rawValue) of annotations: " + Self.line(progress, stage))
        }
        for (origin, look) in summary.looks.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "  \(origin): "
                    + Self.line([
                        (look.examinedWithLabels, "examined with labels"),
                        (look.examinedNothingFound, "examined and nothing found"),
                        (look.labelledOnly, "labelled and not said to be examined"),
                        (look.excluded, "excluded"), (look.notLooked, "not looked yet"),
                    ]))
        }
        return lines
    }

    private static func line(_ progress: StageProgress, _ stage: ProcessingStage) -> String {
        line(
            stage.states.map { (progress.states[$0] ?? 0, $0) } + [
                (progress.sources, "sources of cleaned items"),
                (progress.contested, "contested"), (progress.other, "of a state unknown here"),
                (progress.excluded, "excluded"), (progress.notStarted, "not started"),
            ])
    }

    private static func line(_ figures: [(Int, String)]) -> String {
        let shown = figures.dropLast().filter { $0.0 > 0 } + figures.suffix(1)
        return shown.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }
}
