import AnnotationModel

/// The fields that an annotation was added with, as its row shows them: the status apart, nothing that is null.
public struct AddedFields {
    /// True if it was retracted as it was added.
    public private(set) var isRetracted = false
    /// The other fields under local ids, ascending (``FieldList``).
    public private(set) var list: [UInt8] = []

    /// Reads the fields of an operation.
    ///
    /// - Parameter id: The local id of a field by its number in the changeset.
    /// - Throws: What `id` throws.
    public init(_ fields: FieldPairs, id: (_ code: Int) throws -> Int64) throws {
        if fields.count == 0 { return }
        var pairs: [(field: Int64, value: [UInt8])] = []
        isRetracted = try Self.forEachOther(fields) { code, value in
            pairs.append((try id(code), Array(value)))
        }
        pairs.sort { $0.field < $1.field }
        list = FieldList.encode(pairs)
    }

    /// Whether an annotation was retracted as it was added.
    public static func isRetracted(_ fields: FieldPairs) -> Bool {
        fields.count > 0 && forEachOther(fields) { _, _ in }
    }

    /// Calls `body` with each field that has a value and is not the status, by its number in the changeset.
    public static func forEach(
        _ fields: FieldPairs, _ body: (_ code: Int, UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        if fields.count > 0 { _ = try forEachOther(fields, body) }
    }

    /// Calls `body` with each field that has a value and is not the status.
    ///
    /// - Returns: Whether the status is that of a retracted annotation.
    @inline(__always)
    static func forEachOther(
        _ fields: FieldPairs, _ body: (_ code: Int, UnsafeRawBufferPointer) throws -> Void
    ) rethrows -> Bool {
        var isRetracted = false
        try fields.forEach { code, value in
            if code == Field.Known.status.rawValue {
                isRetracted = value.elementsEqual([UInt8(AnnotationStatus.retracted.rawValue)])
            } else if !value.elementsEqual([0xf6]) {
                try body(code, value)
            }
        }
        return isRetracted
    }
}
