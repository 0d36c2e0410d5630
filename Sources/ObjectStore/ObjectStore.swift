/// Keeps objects that never change under their names: bundles and tiles of logs, media.
///
/// An object is the same for ever once it is there, so whoever puts the same bytes again succeeds, and whoever puts
/// others is refused. What comes back has the length that the store announced and may still be other bytes than were
/// put: the caller compares hashes. No name may be a folder of another (`a` and `a/b`): what then happens differs
/// between stores. All calls wait for their end on the calling thread; several threads may call at once.
public protocol ObjectStore: Sendable {
    /// What messages call the store; no keys are in it.
    var place: String { get }

    /// Keeps an object, durably once it returns.
    ///
    /// - Returns: Whether the bytes were there already.
    /// - Throws: ``ObjectStoreError/otherBytes(store:name:stored:given:)`` where another object has the name.
    @discardableResult
    func put(_ name: ObjectName, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome

    /// The bytes of an object; nil where there is none of the name.
    ///
    /// - Parameter atMost: The most bytes that the caller has room for, up to ``ObjectLimits/objectBytesMax``.
    /// - Throws: ``ObjectStoreError/answerTooLarge(store:name:limitBytes:)`` for a larger object.
    func get(_ name: ObjectName, atMost: Int) throws(ObjectStoreError) -> [UInt8]?

    /// Removes an object if it is there.
    func delete(_ name: ObjectName) throws(ObjectStoreError)

    /// Some names that begin with a text, for cleaning up: a store may list late, and what it lists proves nothing.
    ///
    /// - Parameters:
    ///   - prefix: The beginning of names; empty for all.
    ///   - position: ``ObjectPage/next`` of the page before; nil for the first.
    func list(_ prefix: String, from position: String?) throws(ObjectStoreError) -> ObjectPage
}

/// What became of a put.
public enum PutOutcome: Equatable, Sendable {
    /// The object was made.
    case written
    /// The same object was there already.
    case wasThere
}

/// Some names of a listing.
public struct ObjectPage: Equatable, Sendable {
    /// The names, in the order of their bytes; a page may be empty and not the last.
    public let names: [ObjectName]
    /// Where the next page begins; nil for the last.
    public let next: String?

    /// A page of a listing.
    public init(names: [ObjectName], next: String?) {
        self.names = names
        self.next = next
    }

    /// The page of a store that knows all its names, which begins behind a position.
    static func cut(_ names: some Sequence<ObjectName>, _ prefix: String, _ position: String?)
        -> Self
    {
        var page = names.filter {
            $0.text.hasPrefix(prefix) && position.map($0.text.utf8.isBehind) ?? true
        }.sorted()
        guard page.count > ObjectLimits.pageNamesMax else { return Self(names: page, next: nil) }
        page.removeSubrange(ObjectLimits.pageNamesMax...)
        return Self(names: page, next: page.last?.text)
    }
}

extension String.UTF8View {
    fileprivate func isBehind(_ other: String) -> Bool {
        other.utf8.lexicographicallyPrecedes(self)
    }
}

/// Bounds of what is stored.
public enum ObjectLimits {
    /// The largest object, since it is held in memory: a full bundle has 16 MiB, and a store takes 5 GiB at once.
    public static let objectBytesMax = 64 << 20
    /// Names of one page: what S3 gives at most.
    public static let pageNamesMax = 1_000
}
