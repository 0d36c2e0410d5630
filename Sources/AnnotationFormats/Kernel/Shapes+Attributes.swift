import AnnotationModel
import LabelText
import Shapes

extension Geometry {
    /// The box of a flat object: the one that its file gave beside the shape, or else the smallest around it.
    static func box(of label: LabelRecord) -> Selector.Box? {
        if case .box(let box) = label.selector { return box }
        guard let bounds = bounds(of: label.selector) else { return nil }
        return ObjectAttribute.box(label.attributes[ObjectAttribute.box]) ?? bounds
    }
}

extension Rotation {
    /// The angles of an imported label as they stood there, which are taken out of its attributes.
    ///
    /// If the label was turned since, those of the quaternion.
    static func kept(
        _ attributes: inout [String: FieldValue], _ name: String, for quaternion: [Double]
    ) -> [Double] {
        if case .array(let values)? = attributes[name],
            case let angles = values.compactMap(\.number), angles.count == 3, values.count == 3,
            agree(self.quaternion(euler: angles), quaternion)
        {
            attributes[name] = nil
            return angles
        }
        return euler(quaternion)
    }
}
