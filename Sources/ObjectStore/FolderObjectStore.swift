import LogStorage

/// Objects as files below a folder, each under its name.
public final class FolderObjectStore: ObjectStore {
    /// The folder.
    public let place: String

    /// A store in a folder, which is made with the first object.
    public init(_ folder: String) { place = folder }

    /// Keeps an object; it is on the disk when this returns.
    @discardableResult
    public func put(_ name: ObjectName, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome {
        try checkSize(name, bytes)
        let path = path(name)
        var outcome = PutOutcome.wasThere
        let stored = try attempt { () throws(LogStorageError) -> [UInt8] in
            if let stored = try Self.read(path) { return stored }
            try DurableFile.create(path, with: bytes)
            outcome = .written
            // Another may have been first.
            return try Self.read(path) ?? bytes
        }
        try compare(name, stored: stored, given: bytes)
        return outcome
    }

    /// The bytes of an object.
    public func get(_ name: ObjectName, atMost: Int) throws(ObjectStoreError) -> [UInt8]? {
        guard let bytes = try attempt({ () throws(LogStorageError) in try Self.read(path(name)) })
        else { return nil }
        try checkRoom(name, bytes.count, atMost)
        return bytes
    }

    /// Removes an object if it is there.
    public func delete(_ name: ObjectName) throws(ObjectStoreError) {
        try attempt { () throws(LogStorageError) in
            guard try DurableFile.isThere(path(name)) else { return }
            try DurableFile.remove(path(name))
        }
    }

    /// Some names that begin with a text.
    public func list(_ prefix: String, from position: String?) throws(ObjectStoreError)
        -> ObjectPage
    {
        let files = try attempt { () throws(LogStorageError) in
            try DurableFile.files(below: place, depth: ObjectName.bytesMax / 2)
        }
        // Other files are none of ours.
        return .cut(files.compactMap { try? ObjectName($0) }, prefix, position)
    }

    private func path(_ name: ObjectName) -> String { "\(place)/\(name.text)" }

    private static func read(_ path: String) throws(LogStorageError) -> [UInt8]? {
        try DurableFile.read(path, max: ObjectLimits.objectBytesMax + 1)
    }

    private func attempt<Value>(
        _ body: () throws(LogStorageError) -> Value
    ) throws(ObjectStoreError) -> Value {
        do throws(LogStorageError) { return try body() } catch { throw .disk(error) }
    }
}
