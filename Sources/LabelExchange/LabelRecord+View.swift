import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Provenance

extension LabelRecord {
    /// A label as files say it.
    package init(_ label: LabelView) {
        self.init(
            item: label.item, className: label.className, selector: label.selector,
            author: label.author, source: label.source, isRetracted: label.isRetracted,
            provenance: .init(
                id: label.id.description, org: label.id.origin.description,
                isContested: label.flags.isConflict))
        for (name, value) in label.fields {
            switch name {
            case "confidence": confidence = value.numberValue
            case "externalID": externalID = value.textValue
            case "author": author = value.textValue ?? label.author
            case "source": source = value.textValue ?? label.source
            default:
                if case .attribute(let attribute) = Field(name: name) {
                    attributes[attribute] = value
                }
            }
        }
    }
}
