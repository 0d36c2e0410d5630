import LabelText

/// What `schema check` prints of a file alone.
public struct SchemaFileDocument: Document {
    /// It is a schema; what is none is an error.
    public let ok: Bool = true
    /// The schema.
    public let schema: JSONValue

    /// Makes one of its members.
    public init(schema: JSONValue) {
        self.schema = schema
    }
}
