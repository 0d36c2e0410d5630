import Foundation
import Glibc
import ObjectStore
import SharedStore
import Signing

/// An object store as the place of the bytes that a company's nodes share: it decides nothing, and what comes back is
/// compared with the hash that the rows have.
package struct StoredParts: PartBytes {
    private let store: any ObjectStore

    /// The object store at a URL, with the keys that the environment or a file has.
    ///
    /// - Throws: `ObjectStoreError`.
    package init(_ url: String) throws {
        let location = try S3Location(url)
        let keys = try S3CredentialsSource(
            for: location, environment: ProcessInfo.processInfo.environment)
        store = try S3ObjectStore(location, keys: keys) { Int64(time(nil)) }
    }

    package func put(_ name: String, _ bytes: [UInt8]) throws {
        try store.put(ObjectName(name), bytes)
    }

    package func get(_ name: String, atMost bytesMax: Int) throws -> [UInt8]? {
        try store.get(ObjectName(name), atMost: bytesMax)
    }

    /// Throws unless an object that is put can be read again.
    package func examine() throws {
        let bytes = Array("countermark\n".utf8)
        let name = "probe/\(SHA256Hasher.hash(bytes).hex)"
        try put(name, bytes)
        guard try get(name, atMost: bytes.count) == bytes else {
            throw SharedStoreError.damaged(
                log: name, why: "\(store.place) does not give back what was put there")
        }
    }
}
