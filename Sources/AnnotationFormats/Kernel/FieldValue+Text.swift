import AnnotationModel
import LabelText

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
