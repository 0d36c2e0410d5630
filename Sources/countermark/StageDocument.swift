import AnnotationModel
import AnnotationStore
import Foundation

/// A summary of stages as commands print it.
struct StageDocument {
    private let summary: StageSummary

    init(_ summary: StageSummary) { self.summary = summary }

    /// The JSON document.
    var document: [String: Any] {
        func stages(_ stages: [ProcessingStage: StageProgress]) -> [String: Any] {
            var documents: [String: Any] = [:]
            for (stage, progress) in stages { documents[stage.rawValue] = Self.document(progress) }
            return documents
        }
        let looks = summary.looks.map { ($0.description, Self.document($1)) }
        return [
            "items": summary.items, "annotations": summary.annotations,
            "ofItems": stages(summary.ofItems), "ofAnnotations": stages(summary.ofAnnotations),
            "examined": [String: Any](looks, uniquingKeysWith: { first, _ in first }),
        ]
    }

    private static func document(_ progress: StageProgress) -> [String: Any] {
        [
            "states": progress.states, "contested": progress.contested, "other": progress.other,
            "sources": progress.sources, "excluded": progress.excluded,
            "notStarted": progress.notStarted,
        ]
    }

    private static func document(_ look: LookProgress) -> [String: Any] {
        [
            "examinedWithLabels": look.examinedWithLabels,
            "examinedNothingFound": look.examinedNothingFound,
            "labelledOnly": look.labelledOnly, "excluded": look.excluded,
            "notLooked": look.notLooked,
        ]
    }

    /// Lines for people: what is nought is left out, but for what is not started.
    var lines: [String] {
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
