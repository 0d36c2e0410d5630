import AnnotationModel
import Signing

/// The 64-bit key of an operation in one node's tables: `log << 48 | entry << 12 | position`.
///
/// The log's number is local to the node; in (log, entry, position) order a bulk merge appends to the
/// table's B-tree.
public struct OperationKey: Hashable, Sendable, Comparable {
    /// The key.
    public let packed: Int64

    /// A key from its number.
    @inlinable
    public init(packed: Int64) { self.packed = packed }

    /// A key from its parts; `log` is 1...32,767.
    @inlinable
    public init(log: Int, slot: Slot) { packed = Int64(log) << 48 | Int64(slot.packed) }

    /// The log's local number.
    @inlinable
    public var log: Int { Int(packed >> 48) }

    /// The place in the log.
    @inlinable
    public var slot: Slot { Slot(packed: UInt64(packed) & 0xffff_ffff_ffff) }

    /// The key of the entry: the operation's without the position.
    @inlinable
    public var entryKey: Int64 { packed >> 12 }

    /// Order of the tables.
    @inlinable
    public static func < (left: OperationKey, right: OperationKey) -> Bool {
        left.packed < right.packed
    }
}

/// Where a merge keeps its label set: in memory, or in a database.
///
/// All ids are local to the storage. Names are interned texts (classes, attributes, authors, sources,
/// reviewers); ids below ``nameBase`` stand for the model's own fields.
public protocol LabelStorage: AnyObject {
    /// Whether annotations are kept as they are added; if not, the storage finds those that nobody touched in the
    /// logs' entries.
    var holdsAllLabels: Bool { get }

    /// The id of a text, given one if it is new.
    func nameID(_ utf8: UnsafeRawBufferPointer) throws -> Int64
    /// The text with an id.
    func name(_ id: Int64) throws -> [UInt8]

    /// The item with a key.
    func item(key: UnsafeRawBufferPointer) throws -> ItemRow?
    /// The id of the item with a key; nil if there is none.
    func itemID(key: UnsafeRawBufferPointer) throws -> Int64?
    /// The item with an id.
    func item(id: Int64) throws -> ItemRow?
    /// Adds an item and gives it its id; the row's own id means nothing.
    func insertItem(key: UnsafeRawBufferPointer, _ row: ItemRow) throws -> Int64
    /// Replaces all but the key.
    func updateItem(_ row: ItemRow) throws

    /// Takes note of the entry that is being applied, whose annotations its own operations may change.
    func begin(entry key: Int64)
    /// Adds an annotation; its key is larger than those of the same log before it.
    ///
    /// It is called where ``holdsAllLabels`` is true.
    func insertAnnotation(_ key: OperationKey, _ row: borrowing NewAnnotation) throws
    /// The annotation with a key.
    func annotation(_ key: OperationKey) throws -> AnnotationRow?
    /// Puts a row in the place of what the annotation was, which others' operations have changed.
    func updateAnnotation(_ key: OperationKey, _ row: AnnotationRow) throws
    /// Notes that the annotations of an item that one entry added lie between two keys.
    func insertRun(item: Int64, first: OperationKey, last: OperationKey) throws

    /// The surviving writes beyond the base of one target, by field and operation.
    func registers(_ target: Int64) throws -> [RegisterRow]
    /// Adds a surviving write.
    func insertRegister(_ target: Int64, _ row: RegisterRow) throws
    /// Removes a write that was replaced.
    func deleteRegister(_ target: Int64, field: Int64, operation: OperationKey) throws
    /// Notes that an operation speaks of a target, where no surviving write of it says so.
    func touch(_ target: Int64, _ operation: OperationKey) throws

    /// Adds an entry's figures, when all it says was applied.
    func insertEntry(_ key: Int64, _ row: EntryRow) throws
    /// An entry's figures.
    func entry(_ key: Int64) throws -> EntryRow?
    /// Calls `body` with the figures of a log's applied entries from an index on, until it returns false.
    func forEachEntry(
        of log: Int, from index: UInt64, _ body: (UInt64, EntryRow) throws -> Bool) throws
    /// Adds the accumulated context of an entry at which it moved.
    func insertContext(_ entryKey: Int64, _ context: CausalContext) throws
    /// The accumulated context at an entry: the last one noted at or before it in the same log.
    func context(_ entryKey: Int64) throws -> CausalContext
    /// Keeps a governance act of a stored entry.
    func insertAct(_ act: NotedAct) throws
    /// Notes that a log uses an attribute's name.
    ///
    /// - Returns: True if it had not used it before.
    func noteAttribute(_ name: Int64, of log: Int) throws -> Bool
    /// True if a log uses an attribute's name.
    func usesAttribute(_ name: Int64, of log: Int) throws -> Bool
    /// Notes an operation that is stored and not counted.
    func quarantine(_ operation: OperationKey, _ why: NotCounted) throws
    /// Takes an operation off that list.
    func release(_ operation: OperationKey) throws

    /// Adds a change that waits for somebody's acceptance.
    func insertSuggestion(_ operation: OperationKey, _ row: SuggestionRow) throws
    /// The change that waits under an operation.
    func suggestion(_ operation: OperationKey) throws -> SuggestionRow?
    /// Moves a suggestion on.
    func updateSuggestion(_ operation: OperationKey, _ state: SuggestionRow.State) throws
}

/// Ids of names begin here; below stand the numbers of ``Field/Known``.
public let nameBase: Int64 = 32

/// An item in a table.
public struct ItemRow: Sendable, Equatable {
    /// The local id.
    public var id: Int64
    /// The key in the dataset.
    public var key: [UInt8]
    /// The only operation that ever wrote to the item; nil if none or several did.
    public var base: OperationKey?
    /// What is noted of the row.
    public var flags: RowFlags
    /// The resolved fields (``FieldList``).
    public var fields: [UInt8]

    /// An item.
    public init(
        id: Int64, key: [UInt8], base: OperationKey? = nil, flags: RowFlags = [],
        fields: [UInt8] = []
    ) {
        (self.id, self.key, self.base, self.flags, self.fields) = (id, key, base, flags, fields)
    }

    /// Items and annotations share the register table; items take the negative numbers.
    public var target: Int64 { -id }
}

/// An annotation about to be added, as views into its changeset.
public struct NewAnnotation: ~Copyable {
    /// The item's local id.
    public let item: Int64
    /// The class's local id.
    public let className: Int64
    /// The encoded selector.
    public let selector: UnsafeRawBufferPointer
    /// True if it was retracted.
    public let isRetracted: Bool
    /// The source's local id; 0 for none.
    public let source: Int64
    /// The author's local id; 0 for none.
    public let author: Int64
    /// A ``FieldList``.
    public let fields: UnsafeRawBufferPointer
}

/// An annotation in a table: the resolved values.
public struct AnnotationRow: Sendable, Equatable {
    /// The item's local id.
    public var item: Int64
    /// The class's local id.
    public var className: Int64
    /// The encoded selector.
    public var selector: [UInt8]
    /// True if it was retracted.
    public var isRetracted: Bool
    /// What is noted of the row.
    public var flags: RowFlags
    /// The source's local id; 0 for none.
    public var source: Int64
    /// The author's local id; 0 for none.
    public var author: Int64
    /// A ``FieldList``.
    public var fields: [UInt8]

    /// An annotation.
    public init(
        item: Int64, className: Int64, selector: [UInt8], isRetracted: Bool, flags: RowFlags,
        source: Int64, author: Int64, fields: [UInt8]
    ) {
        self.item = item
        self.className = className
        self.selector = selector
        self.isRetracted = isRetracted
        self.flags = flags
        self.source = source
        self.author = author
        self.fields = fields
    }
}

/// What is noted of an item or an annotation.
public struct RowFlags: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: Int
    /// Flags from their bits.
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// A field has several surviving writes of different values.
    public static let contested = RowFlags(rawValue: 1)
    /// Somebody changed it while somebody else retracted it.
    public static let editedWhileRetracted = RowFlags(rawValue: 2)
    /// There are rows in the register table.
    public static let hasRegisters = RowFlags(rawValue: 4)

    /// Of an item: some operation has written to it.
    public static let written = RowFlags(rawValue: 8)

    /// Of an item: it says that it is another one.
    public static let namesAnother = RowFlags(rawValue: 16)

    /// Any kind of conflict.
    public var isConflict: Bool { rawValue & 3 != 0 }
    /// The flags that the state digest knows: those of conflicts.
    ///
    /// The others say how rows are kept.
    var inDigest: UInt8 { UInt8(truncatingIfNeeded: rawValue & 3) }
}

/// A surviving write.
public struct RegisterRow: Sendable, Equatable {
    /// The field's local id.
    public var field: Int64
    /// The operation that wrote.
    public var operation: OperationKey
    /// The encoded value.
    public var value: [UInt8]

    /// A write.
    public init(field: Int64, operation: OperationKey, value: [UInt8]) {
        (self.field, self.operation, self.value) = (field, operation, value)
    }
}

/// A change to an annotation by somebody who may not make it alone.
public struct SuggestionRow: Sendable, Equatable {
    /// How far it has come; a later one in this order stays, whichever decision arrives first.
    public enum State: Int, Sendable, Comparable {
        case pending = 0
        case rejected = 1
        case accepted = 2

        /// Acceptance outranks rejection.
        public static func < (left: State, right: State) -> Bool { left.rawValue < right.rawValue }
    }

    /// The annotation.
    public var target: OperationKey
    /// The fields (``FieldList``), the class as a text.
    public var fields: [UInt8]
    /// How far it has come.
    public var state: State

    /// A suggestion.
    public init(target: OperationKey, fields: [UInt8], state: State = .pending) {
        (self.target, self.fields, self.state) = (target, fields, state)
    }
}

/// The figures of an applied entry.
public struct EntryRow: Sendable, Equatable {
    /// The entry's leaf hash.
    public var leafHash: Digest
    /// The number of entries in its causal past, itself included.
    public var height: Int64
    /// Seconds since 1970 as the signer claims.
    public var time: Int64
    /// The number of operations.
    public var operationCount: Int
    /// How many annotations it added that count.
    public var labelCount: Int
    /// Why the entry does not count; nil if it does.
    public var notCounted: NotCounted?
    /// The place of the signer's key among those that the log introduced, from 1; 0 for an unknown one.
    public var signer: Int
    /// The role of the log at the entry; nil where it had none.
    public var role: Role?

    /// The figures of an entry.
    public init(
        leafHash: Digest, height: Int64, time: Int64, operationCount: Int, labelCount: Int = 0,
        notCounted: NotCounted?, signer: Int, role: Role?
    ) {
        self.leafHash = leafHash
        self.height = height
        self.time = time
        (self.operationCount, self.labelCount) = (operationCount, labelCount)
        self.notCounted = notCounted
        (self.signer, self.role) = (signer, role)
    }

    /// Why the entry is not in standing; nil if it is, whatever is wrong with what it says.
    var standing: NotCounted? {
        notCounted == .falseHead || notCounted == .unreadable ? nil : notCounted
    }
}

/// How much of each log an entry's author had merged, by the logs' local numbers.
public struct CausalContext: Sendable, Equatable {
    /// One log's part.
    public struct Part: Sendable, Equatable {
        /// The log's local number.
        public let log: Int
        /// The entries that were merged.
        public var size: UInt64
    }

    /// The parts, ascending by log.
    ///
    /// A dataset has few logs: an array is searched faster than a table is hashed, and the merge asks
    /// for each edit.
    public private(set) var parts: [Part] = []

    /// The context of nothing.
    public init() {}

    /// The size of one log within the context.
    public subscript(log: Int) -> UInt64 {
        get {
            let index = place(of: log)
            return index < parts.count && parts[index].log == log ? parts[index].size : 0
        }
        set {
            let index = place(of: log)
            if index < parts.count, parts[index].log == log {
                parts[index].size = newValue
            } else {
                parts.insert(Part(log: log, size: newValue), at: index)
            }
        }
    }

    private func place(of log: Int) -> Int {
        var (low, high) = (0, parts.count)
        while low < high {
            let middle = (low + high) / 2
            if parts[middle].log < log { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
