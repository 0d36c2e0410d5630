import AnnotationModel

extension Selector {
    /// The smallest upright box around a flat shape in pixels; nil for what is none, or holds no point.
    public var bounds: Box? {
        if case .keypoints(let points) = self, points.allSatisfy({ $0.visibility == .absent }) {
            return nil
        }
        return Geometry.bounds(of: self)
    }
}
