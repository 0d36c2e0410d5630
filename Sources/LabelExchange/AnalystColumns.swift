import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Shapes

/// What the tables for analysts have of a label beyond what its record says; Docs/Analysts.md says what is in them.
package struct AnalystColumns {
    private let label: LabelView
    private let record: LabelRecord
    /// Where it lies.
    package let place: Place

    /// What the tables have of a selector.
    package struct Place {
        package let kind: Selector.Kind
        /// The smallest upright box of a flat shape.
        package let box: Selector.Box?
        /// Where it lies on one axis: seconds of a recording, or the scalars of a text.
        package let start, end: Double?

        package init(_ selector: Selector) {
            (kind, box) = (selector.kind, selector.bounds)
            (start, end) = AnalystColumns.extent(selector)
        }
    }

    package init(_ label: LabelView, _ record: LabelRecord) {
        (self.label, self.record) = (label, record)
        place = Place(label.selector)
    }

    package var selector: String { SelectorJSON.text(label.selector) }
    package var status: String { Self.status(isRetracted: label.isRetracted) }
    package var attributes: String { FieldValue.json(record.attributes) }
    package var stageClassify: String? { Self.state(.classify, label.fields) }
    package var stageMark: String? { Self.state(.mark, label.fields) }
    package var stageQuality: String? { Self.state(.quality, label.fields) }

    package static func status(isRetracted: Bool) -> String {
        isRetracted ? "retracted" : "active"
    }

    static func state(_ stage: ProcessingStage, _ fields: [String: FieldValue]) -> String? {
        fields[stage.field.name].map { state(stage, $0) }
    }

    /// The state of a stage: its name, or what stands in its place as JSON.
    package static func state(_ stage: ProcessingStage, _ value: FieldValue) -> String {
        StageState(of: stage, value)?.state ?? value.json
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
