import AnnotationModel
import CanonicalCBOR

/// The fields of one row: pairs of a field's local id and its encoded value, ascending by id.
public enum FieldList {
    /// The pairs of an encoded list; the list was written by ``encode(_:)``.
    public static func decode(_ bytes: [UInt8]) -> [(field: Int64, value: [UInt8])] {
        var pairs: [(field: Int64, value: [UInt8])] = []
        bytes.withUnsafeBytes { forEach($0) { pairs.append(($0, Array($1))) } }
        return pairs
    }

    /// Calls `body` with each pair of an encoded list, where it lies.
    public static func forEach(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (_ field: Int64, _ value: UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        var reader = CBORReader(bytes)
        while !reader.isAtEnd {
            guard let field = try? reader.integer(), let value = try? reader.item() else { return }
            try body(field, value)
        }
    }

    /// The encoded list of pairs that ascend by id.
    public static func encode(_ pairs: [(field: Int64, value: [UInt8])]) -> [UInt8] {
        var encoder = CBOREncoder()
        for (field, value) in pairs {
            encoder.integer(field)
            encoder.encoded(value)
        }
        return encoder.bytes
    }

    /// Puts a value in the place of another, or removes it (`null`).
    static func set(
        _ field: Int64, _ value: [UInt8], in pairs: inout [(field: Int64, value: [UInt8])]
    ) {
        let index = pairs.firstIndex { $0.field >= field } ?? pairs.endIndex
        let isPresent = index < pairs.endIndex && pairs[index].field == field
        if isPresent { pairs.remove(at: index) }
        if value != [0xf6] { pairs.insert((field, value), at: index) }
    }
}
