import AnnotationModel

/// What a caller knows beforehand and a format may need: the items that the dataset has.
public struct ReadContext {
    /// The fields of an item by its key; nil for an unknown item.
    public internal(set) var itemFields: (String) throws -> [String: FieldValue]?
    /// Calls back for each item that the dataset has.
    public var forEachItem: ((String, [String: FieldValue]) throws -> Void) throws -> Void = { _ in
    }
    /// True if the dataset has no items, so that no name can mean one.
    public var isEmpty = false
    /// The SHA-256 of a file, for pictures that lie beside their labels; nil where it cannot be read.
    public var digest: (_ path: String) throws -> [UInt8]? = { _ in nil }
    /// What the user says about the names in the files.
    public var rules = ItemRules()
    /// Remembers which of that meant anything.
    public var use = ItemRuleUse()
    /// Hears from a sidecar what the export was made of.
    public var noteBase: (ExportBase) -> Void = { _ in }
    /// Hears, before a label is handed over, what the same label was when it was exported.
    public var noteExported: (LabelRecord) -> Void = { _ in }
    /// Hears which file the next records are of, counted from one, and how many there are, from a format in which the
    /// files of one import speak of the same labels under the same ids.
    public var noteFile: (_ number: Int, _ count: Int) -> Void = { _, _ in }

    /// A context that asks by itself.
    public init(itemFields: @escaping (String) throws -> [String: FieldValue]?) {
        self.itemFields = itemFields
    }

    /// A context that knows nothing.
    public static var empty: ReadContext {
        var context = ReadContext { _ in nil }
        context.isEmpty = true
        return context
    }

    /// A context of items at hand.
    public init(items: [ItemRecord]) {
        let fields = ByteMap<[String: FieldValue]>(
            items.map { ($0.key, $0.fields) }, uniquingKeysWith: { first, _ in first })
        itemFields = { fields[$0] }
        forEachItem = { body in
            for (key, value) in fields.sortedByKey() { try body(key, value) }
        }
        isEmpty = items.isEmpty
    }
}
