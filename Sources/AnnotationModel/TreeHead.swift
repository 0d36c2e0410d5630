import CanonicalCBOR

/// How large a log was, and its root: what a release freezes.
public struct TreeHead: Hashable, Sendable {
    /// The organisation whose log it is.
    public var origin: Origin
    /// The number of entries.
    public var size: UInt64
    /// The root hash at that size, 32 bytes.
    public var root: [UInt8]

    /// A tree head.
    public init(origin: Origin, size: UInt64, root: [UInt8]) {
        (self.origin, self.size, self.root) = (origin, size, root)
    }

    /// `[origin, size, root]`.
    public var cbor: CBORValue {
        .array([
            .text(origin.description), .integer(Int64(clamping: size)), .bytes(root),
        ])
    }

    /// Reads what ``cbor`` wrote; nil for anything else.
    public init?(cbor: CBORValue) {
        guard let parts = cbor.arrayValue, parts.count == 3, let name = parts[0].textValue,
            let origin = try? Origin(name), let size = parts[1].integerValue, size >= 0,
            let root = parts[2].bytesValue, root.count == 32
        else { return nil }
        self.init(origin: origin, size: UInt64(size), root: root)
    }
}
