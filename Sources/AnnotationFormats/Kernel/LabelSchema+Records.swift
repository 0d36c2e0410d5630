import AnnotationModel
import LabelSchema

extension LabelSchema {
    /// The classes as label files describe them, in order, without those that no label carries.
    public var classRecords: [ClassRecord] {
        (classes ?? []).filter { !$0.isAbstract }.map {
            ClassRecord(
                name: $0.name, parent: $0.parent, keypoints: $0.keypoints, skeleton: $0.skeleton,
                color: $0.color, attributes: listedAttributes(of: $0))
        }
    }

    /// The attributes of a class whose values the schema lists.
    private func listedAttributes(of labelClass: LabelClass) -> [ClassAttribute] {
        let all =
            (labelClass.attributes ?? [])
            + (attributes ?? []).filter { $0.classes?.contains(labelClass.name) ?? true }
        return all.compactMap { attribute in
            guard let permitted = attribute.permitted else { return nil }
            return ClassAttribute(
                name: attribute.name, type: "select", values: permitted.map(\.plainText))
        }
    }
}
