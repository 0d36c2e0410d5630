import Foundation
import LogStorage
import Signing
import Synchronization
import Testing
import TransparencyLog

@testable import SharedStore

/// A log in a scratch folder, whose entries say who wrote them.
final class SharedSample {
    let log: String
    let directory = "\(folder)/\(UUID().uuidString)"

    /// Readers outlive the sample: the folders go with the process.
    private static let folder: String = {
        atexit { try? FileManager.default.removeItem(atPath: SharedSample.path) }
        return path
    }()
    private static let path = NSTemporaryDirectory() + "countermark-shared-\(getpid())"

    init(_ log: String) { self.log = log }

    /// Adds entries under one checkpoint; that of another writer has other bytes.
    @discardableResult
    func grow(by count: Int, writer name: String = "a", bytes: Int = 0) throws -> LogReader {
        let writer = try LogWriter(directory: directory, lockTimeoutSeconds: 0)
        defer { writer.close() }
        var batch = EntryBatch()
        var hasher = TreeHasher()
        for index in writer.size..<writer.size + UInt64(count) {
            var entry = Array("\(name) \(index)".utf8)
            entry += [UInt8](repeating: 7, count: max(0, bytes - entry.count))
            try entry.withUnsafeBytes { try batch.append($0, leaf: hasher.leaf($0)) }
        }
        try writer.append(batch) { [log] size, root in
            let text = Checkpoint(origin: log, size: size, root: root).text
            return Array("\(text)\n\u{2014} \(log) AAAAAAAAAAAA\n".utf8)
        }
        return try LogReader(directory: directory)
    }
}

/// The back ends that the contract is tried with.
enum BackEnd: String, CaseIterable, CustomTestStringConvertible {
    case memory
    case postgres = "PostgreSQL"

    /// The address of an empty database; the step `store` of Tests/run.sh starts one.
    static let address = ProcessInfo.processInfo.environment["COUNTERMARK_TEST_STORE"]

    /// Those that can be tried here.
    static var here: [BackEnd] {
        if address != nil { return allCases }
        print("SKIPPED: PostgreSQL, of which no address is in COUNTERMARK_TEST_STORE")
        return [.memory]
    }

    var testDescription: String { rawValue }

    /// Tables that are taken for one company.
    func table() throws -> any SharedLogTable {
        let table: any SharedLogTable =
            switch self {
            case .memory: MemoryLogTable()
            case .postgres:
                PostgresLogTable(try StoreAddress(Self.address ?? ""), idleMax: 40)
            }
        try table.claim(Self.owner)
        return table
    }

    static let owner = StoreOwner(org: "oem.example", key: [1, 2, 3])
}

/// Objects in memory, which a test can spoil.
final class MemoryObjects: PartBytes {
    let objects = Mutex<[String: [UInt8]]>([:])

    func put(_ name: String, _ bytes: [UInt8]) throws { objects.withLock { $0[name] = bytes } }

    func get(_ name: String, atMost bytesMax: Int) throws -> [UInt8]? {
        objects.withLock { $0[name] }.flatMap { $0.count <= bytesMax ? $0 : nil }
    }
}
