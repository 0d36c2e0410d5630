/// A company's name in the system: a DNS-like, lower-case name such as `tier1.example`.
public struct Origin: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name.
    public let description: String
    /// The longest name in bytes (RFC 1035 §2.3.4 gives 255 octets on the wire, 253 as text).
    public static let bytesMax = 253

    /// Checks a name.
    public init(_ text: String) throws(AnnotationModelError) {
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isValid =
            text.utf8.count <= Self.bytesMax
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != UInt8(ascii: "-")
                    && label.last != UInt8(ascii: "-")
                    && label.allSatisfy(Self.isNameByte)
            }
        guard isValid else {
            throw .badIdentifier(
                kind: "organisation origin", text: String(text.prefix(80)),
                rule: "use a lower-case DNS name such as tier1.example")
        }
        description = text
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
    }

    /// Bytewise order of the names.
    public static func < (left: Origin, right: Origin) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }
}

/// A dataset's id: its owner's origin and a name, `oem.example/boards`.
public struct DatasetID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The organisation that created the dataset and governs it.
    public let owner: Origin
    /// The name within that organisation.
    public let name: String
    /// The longest name in bytes.
    public static let nameBytesMax = 64

    /// Checks an id; where the owner is left out, `defaultOwner` is taken.
    public init(_ text: String, defaultOwner: Origin? = nil) throws(AnnotationModelError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch (parts.count, defaultOwner) {
        case (2, _):
            owner = try Origin(parts[0])
            name = parts[1]
        case (1, .some(let defaultOwner)):
            owner = defaultOwner
            name = parts[0]
        default:
            throw .badIdentifier(
                kind: "dataset id", text: String(text.prefix(80)), rule: "use owner-origin/name")
        }
        guard Self.isName(name) else {
            throw .badIdentifier(
                kind: "dataset name", text: String(name.prefix(80)),
                rule: "use up to \(Self.nameBytesMax) of a-z, 0-9, '.', '_', '-', not '.' first")
        }
    }

    private static func isName(_ name: String) -> Bool {
        (1...nameBytesMax).contains(name.utf8.count) && name.utf8.first != UInt8(ascii: ".")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// `owner/name`.
    public var description: String { "\(owner)/\(name)" }

    /// Bytewise order of the ids.
    public static func < (left: DatasetID, right: DatasetID) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }
}

/// The place of an operation in one log: `entry << 12 | position`.
public struct Slot: Hashable, Sendable, Comparable {
    /// The packed number.
    public let packed: UInt64
    /// Bits for the position in the changeset.
    public static let positionBits: UInt64 = 12
    /// One more than the largest entry index.
    public static let entryLimit: UInt64 = 1 << 36

    /// A place from its packed number.
    @inlinable
    public init(packed: UInt64) { self.packed = packed }

    /// A place from the entry's index and the position in the changeset.
    @inlinable
    public init(entry: UInt64, position: Int) {
        packed = entry << Self.positionBits | UInt64(position)
    }

    /// The index of the entry in its log.
    @inlinable
    public var entry: UInt64 { packed >> Self.positionBits }

    /// The position of the operation in the changeset.
    @inlinable
    public var position: Int { Int(packed & 0xfff) }

    /// Log order.
    @inlinable
    public static func < (left: Slot, right: Slot) -> Bool { left.packed < right.packed }
}

/// The id of an operation, and of the annotation that it adds: `tier1.example:123.4`.
public struct OperationID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The organisation whose log holds the operation.
    public let origin: Origin
    /// Where in the log.
    public let slot: Slot

    /// An id from its parts.
    public init(origin: Origin, slot: Slot) { (self.origin, self.slot) = (origin, slot) }

    /// Reads the display form; a dataset id before the colon, `origin/owner/name:entry.position`, is
    /// returned beside it.
    public static func parse(
        _ text: String
    ) throws(AnnotationModelError) -> (id: OperationID, dataset: DatasetID?) {
        let bad = AnnotationModelError.badIdentifier(
            kind: "annotation id", text: String(text.prefix(80)),
            rule: "use origin:entry.position, such as tier1.example:12.0")
        guard let colon = text.lastIndex(of: ":") else { throw bad }
        let place = text[text.index(after: colon)...].split(
            separator: ".", omittingEmptySubsequences: false)
        guard place.count == 2, let entry = decimal(place[0]), let position = decimal(place[1]),
            entry < Slot.entryLimit, position < 1 << Slot.positionBits
        else { throw bad }
        let slot = Slot(entry: entry, position: Int(position))
        let name = text[..<colon]
        guard let slash = name.firstIndex(of: "/") else {
            return (OperationID(origin: try Origin(String(name)), slot: slot), nil)
        }
        let dataset = try DatasetID(String(name[name.index(after: slash)...]))
        return (OperationID(origin: try Origin(String(name[..<slash])), slot: slot), dataset)
    }

    private static func decimal(_ text: Substring) -> UInt64? {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            text == "0" || text.first != "0"
        else { return nil }
        return UInt64(text)
    }

    /// `origin:entry.position`.
    public var description: String { "\(origin):\(slot.entry).\(slot.position)" }

    /// By origin, then by place.
    public static func < (left: OperationID, right: OperationID) -> Bool {
        left.origin != right.origin ? left.origin < right.origin : left.slot < right.slot
    }
}
