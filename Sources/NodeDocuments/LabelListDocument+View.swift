import AnnotationModel
import AnnotationStore
import CountermarkNode
import DatasetReading
import LabelDocuments
import LabelText
import Provenance

extension LabelListDocument.Label {
    /// A label as lists show it.
    package init(_ label: LabelView, _ judging: LabelJudging, _ same: SameItems) throws {
        self.init(
            id: label.id.description, item: try same.shown(label), itemAsWritten: label.item,
            class: judging.schema.className(label.className), classAsWritten: label.className,
            outsideSchema: try judging.reasons(label),
            selector: Output.selector(label.selector), org: label.id.origin.description,
            status: label.isRetracted ? "retracted" : "active",
            contested: label.flags.isConflict, author: label.shownAuthor,
            source: label.fields["source"]?.textValue ?? label.source,
            fields: label.fields.mapValues { JSONValue($0) })
    }
}

extension LabelView {
    /// Who labelled, as the label itself or its changeset says.
    package var shownAuthor: String? { fields["author"]?.textValue ?? author }
}
