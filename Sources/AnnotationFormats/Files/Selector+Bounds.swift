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

extension FieldValue {
    /// The value as JSON without loss: bytes are `{"$bytes": "<hexadecimal>"}`.
    public var json: String {
        var writer = JSONWriter()
        FieldValueJSON.write(self, to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// Named values as a JSON object, the names in ascending order.
    public static func json(_ fields: [String: FieldValue]) -> String {
        var writer = JSONWriter()
        FieldValueJSON.write(fields: fields, to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
