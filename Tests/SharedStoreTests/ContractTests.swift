import Foundation
import LogStorage
import Signing
import Synchronization
import Testing
import TransparencyLog

@testable import SharedStore

/// What every back end of a shared store has to do.
@Suite("A shared store", .serialized)
struct ContractTests {
    private static func name() -> String { "oem.example/\(UUID().uuidString)" }

    private static func store(
        _ backEnd: BackEnd, objects: (any PartBytes)? = nil
    ) throws -> SharedLogStore {
        SharedLogStore(address: backEnd.rawValue, table: try backEnd.table(), objects: objects)
    }

    /// All entries of a log as the store has them.
    private static func entries(
        _ store: SharedLogStore, _ log: String, from: UInt64 = 0
    ) throws -> [String] {
        let head = try #require(try store.head(of: log))
        var found: [String] = []
        for stretch in try store.stretches(of: log, from: from, to: head.size) {
            for part in stretch.parts {
                let batch = try store.batch(part, of: log, from: from)
                for position in 0..<batch.count {
                    found.append(
                        batch.withEntry(position) { String(decoding: $0.prefix(24), as: UTF8.self) }
                    )
                }
            }
        }
        return found
    }

    @Test("gives back what was put there, whole or from an entry on", arguments: BackEnd.here)
    func giving(_ backEnd: BackEnd) throws {
        let store = try Self.store(backEnd)
        let log = Self.name()
        #expect(try store.head(of: log) == nil)
        let sample = SharedSample(log)
        let first = try sample.grow(by: 3)
        try store.append(log, from: 0, first, isBound: true)
        let second = try sample.grow(by: 2)
        try store.append(log, from: 3, second, isBound: false)
        #expect(
            try store.head(of: log)
                == SharedHead(log: log, size: 5, root: second.statedRoot))
        #expect(try Self.entries(store, log) == (0..<5).map { "a \($0)" })
        #expect(try Self.entries(store, log, from: 2) == ["a 2", "a 3", "a 4"])
        #expect(try Self.entries(store, log, from: 4) == ["a 4"])
        #expect(try store.root(of: log, size: 5) == second.statedRoot)
        let stretches = try store.stretches(of: log, from: 0, to: 5)
        #expect(stretches.map(\.end) == [3, 5])
        #expect(stretches.map(\.checkpoint) == [first.checkpoint, second.checkpoint])
    }

    @Test("holds a long log in parts under one checkpoint", arguments: BackEnd.here)
    func parts(_ backEnd: BackEnd) throws {
        let store = try Self.store(backEnd)
        let log = Self.name()
        let reader = try SharedSample(log).grow(by: 60, bytes: 60_000)
        try store.append(log, from: 0, reader, isBound: false)
        let stretches = try store.stretches(of: log, from: 0, to: 60)
        #expect(stretches.count == 1)
        #expect(stretches[0].parts.count > 2)
        #expect(stretches[0].parts.filter { !$0.checkpoint.isEmpty }.count == 1)
        #expect(try store.root(of: log, size: 60) == reader.statedRoot)
    }

    @Test(
        "refuses what does not go on from its head, and keeps nothing of it",
        arguments: BackEnd.here)
    func moved(_ backEnd: BackEnd) throws {
        let store = try Self.store(backEnd)
        let log = Self.name()
        let (one, other) = (SharedSample(log), SharedSample(log))
        try store.append(log, from: 0, try one.grow(by: 2), isBound: false)
        let late = try other.grow(by: 3, writer: "b")
        #expect(throws: LogMoved(log: log)) {
            try store.append(log, from: 0, late, isBound: false)
        }
        #expect(throws: LogMoved(log: log)) {
            try store.append(log, from: 1, late, isBound: false)
        }
        #expect(try store.head(of: log)?.size == 2)
        #expect(try Self.entries(store, log) == ["a 0", "a 1"])
        try store.append(log, from: 2, try one.grow(by: 1), isBound: false)
        #expect(try Self.entries(store, log) == ["a 0", "a 1", "a 2"])
    }

    @Test("keeps nothing of a write that breaks off", arguments: BackEnd.here)
    func brokenOff(_ backEnd: BackEnd) throws {
        struct Broken: Error {}
        let table = try backEnd.table()
        let log = Self.name()
        let part = SharedPart(
            first: 0, count: 1, sha256: SHA256Hasher.hash([1]), checkpoint: [1], isBound: false,
            isObject: false)
        let head = SharedHead(log: log, size: 1, root: part.sha256)
        #expect(throws: Broken.self) {
            try table.append(from: 0, to: head) { put in
                try put(part, [1])
                throw Broken()
            }
        }
        #expect(try table.heads().allSatisfy { $0.log != log })
        #expect(try table.parts(of: log, from: 0).isEmpty)
        #expect(try table.append(from: 0, to: head) { try $0(part, [1]) })
        #expect(try table.bytes(of: log, first: 0) == [1])
    }

    @Test("lets one of 32 racing writers win, and keeps no other's bytes", arguments: BackEnd.here)
    func race(_ backEnd: BackEnd) throws {
        let rounds =
            ProcessInfo.processInfo.environment["COUNTERMARK_RACE_ROUNDS"].flatMap { Int($0) } ?? 5
        let table = try backEnd.table()
        let log = Self.name()
        for round in 0..<rounds {
            let winners = Mutex<[Int]>([])
            let failures = Mutex<[String]>([])
            let size = UInt64(round)
            Self.atOnce(32) { writer in
                let bytes = Array("\(round) \(writer)".utf8)
                let part = SharedPart(
                    first: size, count: 1, sha256: SHA256Hasher.hash(bytes), checkpoint: bytes,
                    isBound: false, isObject: false)
                let head = SharedHead(log: log, size: size + 1, root: part.sha256)
                do {
                    if try table.append(from: size, to: head, parts: { try $0(part, bytes) }) {
                        winners.withLock { $0.append(writer) }
                    }
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
            #expect(failures.withLock { $0 } == [])
            let winner = try #require(winners.withLock { $0.count == 1 ? $0[0] : nil })
            #expect(try table.bytes(of: log, first: size) == Array("\(round) \(winner)".utf8))
        }
        #expect(try table.heads().first { $0.log == log }?.size == UInt64(rounds))
    }

    @Test("lets one of 32 witnesses move on", arguments: BackEnd.here)
    func witnesses(_ backEnd: BackEnd) throws {
        let table = try backEnd.table()
        let log = Self.name()
        #expect(try table.witnessed(log) == nil)
        for old in [nil, 3, 5] as [UInt64?] {
            let winners = Mutex<[[UInt8]]>([])
            Self.atOnce(32) { witness in
                let note = Array("note \(witness) \(old ?? 0)".utf8)
                let isDone = try? table.moveWitness(
                    log, from: old, to: (old ?? 1) + 2, note: note)
                if isDone == true { winners.withLock { $0.append(note) } }
            }
            let winner = try #require(winners.withLock { $0.count == 1 ? $0[0] : nil })
            #expect(try table.witnessed(log) == winner)
        }
    }

    @Test("lets one of 32 changes of a document win, and keeps no other's", arguments: BackEnd.here)
    func documents(_ backEnd: BackEnd) throws {
        let table = try backEnd.table()
        let name = "partner/\(UUID().uuidString.lowercased()).example"
        #expect(try table.document(name) == nil)
        for old in [nil, 1, 2] as [Int64?] {
            let winners = Mutex<[SharedDocument]>([])
            let failures = Mutex<[String]>([])
            Self.atOnce(32) { node in
                let document = SharedDocument(
                    name: name, version: (old ?? 0) + 1,
                    bytes: [UInt8](repeating: UInt8(node), count: 100 + node))
                do {
                    if try table.moveDocument(document, from: old) {
                        winners.withLock { $0.append(document) }
                    }
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
            #expect(failures.withLock { $0 } == [])
            let winner = try #require(winners.withLock { $0.count == 1 ? $0[0] : nil })
            #expect(try table.document(name) == winner)
            #expect(try table.documents().filter { $0.name == name } == [winner.mark])
        }
        let next = SharedDocument(name: name, version: 4, bytes: [1])
        for old in [nil, 0, 2, 4] as [Int64?] {
            #expect(try !table.moveDocument(next, from: old))
        }
        // Whoever has the later version gives it back to a store that has lost it: versions may be left out.
        #expect(
            try table.moveDocument(.init(name: name, version: 9, bytes: [2]), from: 3))
        #expect(try table.document(name)?.version == 9)
    }

    @Test(
        "holds no document that is too large, and none once a home has left",
        arguments: BackEnd.here)
    func documentLimits(_ backEnd: BackEnd) throws {
        let table = try backEnd.table()
        let name = "left/\(UUID().uuidString.lowercased()).example/boards"
        let most = [UInt8](repeating: 7, count: SharedDocument.bytesMax)
        for document in [
            SharedDocument(name: name, version: 1, bytes: most + [7]),
            SharedDocument(
                name: String(repeating: "a", count: SharedDocument.nameBytesMax + 1), version: 1,
                bytes: []),
        ] {
            #expect(throws: SharedStoreError.self) { try table.moveDocument(document, from: nil) }
        }
        let largest = SharedDocument(name: name, version: 1, bytes: most)
        #expect(try table.moveDocument(largest, from: nil))
        #expect(try table.document(name) == largest)
        if backEnd == .memory {
            for number in 1..<SharedDocument.countMax {
                let small = SharedDocument(name: "\(number)", version: 1, bytes: [])
                try #require(try table.moveDocument(small, from: nil))
            }
            #expect(throws: SharedStoreError.self) {
                try table.moveDocument(.init(name: "more", version: 1, bytes: []), from: nil)
            }
            #expect(try table.documents().count == SharedDocument.countMax)
        }
        try table.leave(by: "here")
        defer { try? table.reenter(by: "here") }
        let next = SharedDocument(name: name, version: 2, bytes: [])
        #expect(throws: SharedStoreError.self) { try table.moveDocument(next, from: 1) }
        #expect(try table.document(name) == largest)
        try table.reenter(by: "here")
        #expect(try table.moveDocument(next, from: 1))
    }

    private static func atOnce(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let group = DispatchGroup()
        for number in 0..<count {
            group.enter()
            let thread = Thread {
                body(number)
                group.leave()
            }
            thread.start()
        }
        group.wait()
    }

    @Test(
        "lets one writer ask for its turn, which ends with a write and with its time",
        arguments: BackEnd.here)
    func turns(_ backEnd: BackEnd) throws {
        let store = try Self.store(backEnd)
        let table = store.table
        let log = Self.name()
        let sample = SharedSample(log)
        try store.append(log, from: 0, try sample.grow(by: 1), isBound: false)
        #expect(try table.turn(of: log) == nil)
        try table.takeTurn(log, for: "a", seconds: 60)
        try table.takeTurn(log, for: "b", seconds: 60)
        #expect(try table.turn(of: log) == "a")
        // Whoever is not polite writes all the same.
        try store.append(log, from: 1, try sample.grow(by: 1), isBound: false)
        #expect(try table.turn(of: log) == nil)
        try table.takeTurn(log, for: "b", seconds: 0)
        #expect(try table.turn(of: log) == nil)
        try table.takeTurn(log, for: "c", seconds: 60)
        #expect(try table.turn(of: log) == "c")
    }

    @Test("belongs to one company with one key", arguments: BackEnd.here)
    func owners(_ backEnd: BackEnd) throws {
        let table = try backEnd.table()
        #expect(try table.owner() == BackEnd.owner)
        try table.claim(BackEnd.owner)
        for other in [
            StoreOwner(org: "tier.example", key: [1, 2, 3]), .init(org: "oem.example", key: [9]),
        ] {
            #expect(throws: SharedStoreError.self) { try table.claim(other) }
        }
        #expect(try table.owner() == BackEnd.owner)
    }

    @Test(
        "takes nothing more once a home has taken the logs out, until that home comes back",
        arguments: BackEnd.here)
    func leaving(_ backEnd: BackEnd) throws {
        let store = try Self.store(backEnd)
        let (log, fresh) = (Self.name(), Self.name())
        let sample = SharedSample(log)
        try store.append(log, from: 0, try sample.grow(by: 1), isBound: false)
        try store.table.leave(by: "here")
        defer { try? store.table.reenter(by: "here") }
        try store.table.leave(by: "here")
        let next = try sample.grow(by: 1)
        let first = try SharedSample(fresh).grow(by: 1)
        #expect(throws: SharedStoreError.self) {
            try store.append(log, from: 1, next, isBound: false)
        }
        #expect(throws: SharedStoreError.self) {
            try store.append(fresh, from: 0, first, isBound: false)
        }
        #expect(throws: SharedStoreError.self) { try store.table.leave(by: "there") }
        #expect(throws: SharedStoreError.self) { try store.table.reenter(by: "there") }
        #expect(try Self.entries(store, log) == ["a 0"])
        try store.table.reenter(by: "here")
        try store.append(log, from: 1, next, isBound: false)
        #expect(try Self.entries(store, log) == ["a 0", "a 1"])
    }

    @Test("puts bytes into an object store, which decides nothing", arguments: BackEnd.here)
    func objects(_ backEnd: BackEnd) throws {
        let objects = MemoryObjects()
        let store = try Self.store(backEnd, objects: objects)
        let log = Self.name()
        let sample = SharedSample(log)
        try store.append(log, from: 0, try sample.grow(by: 4), isBound: false)
        let late = try SharedSample(log).grow(by: 2, writer: "b")
        #expect(throws: LogMoved.self) { try store.append(log, from: 0, late, isBound: false) }
        #expect(objects.objects.withLock { $0.count } == 2)
        #expect(try Self.entries(store, log) == (0..<4).map { "a \($0)" })
        // Without it, and with other bytes in it, nothing is taken for the log.
        let blind = SharedLogStore(address: "", table: store.table)
        #expect(throws: SharedStoreError.self) { try Self.entries(blind, log) }
        for spoil in [{ $0.map { _ in 1 } }, { Array($0.dropLast()) }, { _ in nil }]
            as [([UInt8]) -> [UInt8]?]
        {
            let kept = objects.objects.withLock { all in
                defer { for (name, bytes) in all { all[name] = spoil(bytes) } }
                return all
            }
            #expect(throws: SharedStoreError.self) { try Self.entries(store, log) }
            objects.objects.withLock { $0 = kept }
        }
        #expect(try Self.entries(store, log).count == 4)
    }

    @Test("goes on over its own lost connections")
    func connections() throws {
        guard BackEnd.address != nil else { return print("SKIPPED: no PostgreSQL") }
        let store = try Self.store(.postgres)
        let other = try PostgresConnection(try StoreAddress(BackEnd.address ?? ""))
        let log = Self.name()
        let sample = SharedSample(log)
        for round in 0..<5 {
            try store.append(
                log, from: UInt64(round), try sample.grow(by: 1), isBound: false)
            try other.run(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()
                    AND application_name = 'countermark'
                """)
        }
        #expect(try Self.entries(store, log) == (0..<5).map { "a \($0)" })
    }
}
