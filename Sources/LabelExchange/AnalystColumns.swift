import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Shapes

/// What the tables for analysts have of a label beyond what its record says; Docs/Analysts.md says what is in them.
package struct AnalystColumns {
    private let label: LabelView
    private let record: LabelRecord
    /// The smallest upright box of a flat shape.
    package let box: Selector.Box?
    /// Where it lies on one axis: seconds of a recording, or the scalars of a text.
    package let start, end: Double?

    package init(_ label: LabelView, _ record: LabelRecord) {
        (self.label, self.record) = (label, record)
        box = label.selector.bounds
        (start, end) = Self.extent(label.selector)
    }

    package var kind: String { label.selector.kindName }
    package var selector: String { SelectorJSON.text(label.selector) }
    package var status: String { label.isRetracted ? "retracted" : "active" }
    package var attributes: String { FieldValue.json(record.attributes) }
    package var stageClassify: String? { Self.state(.classify, label.fields) }
    package var stageMark: String? { Self.state(.mark, label.fields) }
    package var stageQuality: String? { Self.state(.quality, label.fields) }

    /// The state of a stage: its name, or what stands in its place as JSON.
    static func state(_ stage: ProcessingStage, _ fields: [String: FieldValue]) -> String? {
        fields[stage.field.name].map { StageState(of: stage, $0)?.state ?? $0.json }
    }

    private static func extent(_ selector: Selector) -> (Double?, Double?) {
        switch selector {
        case .interval(let start, let end, _): (start, end)
        case .textSpan(let start, let end, _): (Double(start), Double(end))
        case .track(let frames): (frames.first?.time, frames.last?.time)
        default: (nil, nil)
        }
    }
}
