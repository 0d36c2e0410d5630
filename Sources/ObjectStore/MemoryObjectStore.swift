import Signing
import Synchronization

/// Objects in memory: for tests and simulations.
public final class MemoryObjectStore: ObjectStore {
    /// What messages call the store.
    public let place = "memory"
    private let objects = Mutex<[ObjectName: [UInt8]]>([:])

    /// An empty store.
    public init() {}

    /// Keeps an object.
    @discardableResult
    public func put(_ name: ObjectName, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome {
        try checkSize(name, bytes)
        let stored: [UInt8]? = objects.withLock { objects in
            if let stored = objects[name] { return stored }
            objects[name] = bytes
            return nil
        }
        guard let stored else { return .written }
        try compare(name, stored: stored, given: bytes)
        return .wasThere
    }

    /// The bytes of an object.
    public func get(_ name: ObjectName, atMost: Int) throws(ObjectStoreError) -> [UInt8]? {
        guard let bytes = objects.withLock({ $0[name] }) else { return nil }
        try checkRoom(name, bytes.count, atMost)
        return bytes
    }

    /// Removes an object if it is there.
    public func delete(_ name: ObjectName) { objects.withLock { $0[name] = nil } }

    /// Some names that begin with a text.
    public func list(_ prefix: String, from position: String?) -> ObjectPage {
        .cut(objects.withLock { Array($0.keys) }, prefix, position)
    }
}

extension ObjectStore {
    /// Refuses an object that is too large for any store.
    func checkSize(_ name: ObjectName, _ bytes: [UInt8]) throws(ObjectStoreError) {
        guard bytes.count <= ObjectLimits.objectBytesMax else {
            throw .objectTooLarge(
                store: place, name: name, bytes: bytes.count,
                limitBytes: ObjectLimits.objectBytesMax)
        }
    }

    /// Refuses an object for which the caller has no room.
    func checkRoom(_ name: ObjectName, _ count: Int, _ atMost: Int) throws(ObjectStoreError) {
        guard count <= min(atMost, ObjectLimits.objectBytesMax) else {
            throw .answerTooLarge(
                store: place, name: name.text, limitBytes: min(atMost, ObjectLimits.objectBytesMax))
        }
    }

    /// Refuses bytes that differ from those that are there.
    func compare(
        _ name: ObjectName, stored: [UInt8], given: [UInt8]
    ) throws(ObjectStoreError) {
        guard stored == given else {
            throw .otherBytes(
                store: place, name: name, stored: SHA256Hasher.hash(stored),
                given: SHA256Hasher.hash(given))
        }
    }
}
