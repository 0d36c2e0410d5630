import Dispatch
import Foundation
import ObjectStore
import PartnerTLS
import Signing
import Synchronization
import Testing

/// What every store does.
///
/// Where the environment names a store, it is the one that is tried.
@Suite("Object stores keep what is put into them")
struct ObjectStoreContractTests {
    /// A store of each kind, empty or with a prefix that nobody has used.
    enum Kind: String, CaseIterable, CustomTestStringConvertible {
        case memory, folder, smallS3, named

        var testDescription: String { rawValue }

        static var here: [Kind] {
            NamedStore.isThere ? [.named] : allCases.filter { $0 != .named }
        }
    }

    /// A store and what it stands on.
    final class Fixture {
        let store: any ObjectStore
        private var folder: TemporaryFolder?
        private var server: SmallS3?

        init(_ kind: Kind, limits: ServiceClient.Limits = ServiceClient.Limits()) throws {
            switch kind {
            case .memory: store = MemoryObjectStore()
            case .folder:
                let folder = try TemporaryFolder()
                self.folder = folder
                store = FolderObjectStore(folder.path + "/objects")
            case .smallS3:
                let server = try SmallS3()
                self.server = server
                store = try server.store()
            case .named: store = try NamedStore.open(limits: limits)
            }
        }
    }

    private func name(_ text: String) throws -> ObjectName { try ObjectName(text) }

    @Test("what was put comes back, also nothing and a full bundle", arguments: Kind.here)
    func comesBack(_ kind: Kind) throws {
        let fixture = try Fixture(kind)
        defer { withExtendedLifetime(fixture) {} }
        let store = fixture.store
        for count in [0, 1, 4_096, 16 << 20] {
            var bytes = (0..<min(count, 4_093)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            while bytes.count < count { bytes += bytes.prefix(count - bytes.count) }
            let name = try name("tile/entries/x\(count)/000.p/7")
            #expect(try store.get(name, atMost: count) == nil)
            #expect(try store.put(name, bytes) == .written)
            #expect(try store.get(name, atMost: count) == bytes)
        }
    }

    @Test(
        "the same bytes again are success, others are refused and change nothing",
        arguments: Kind.here)
    func neverChanges(_ kind: Kind) throws {
        let fixture = try Fixture(kind)
        defer { withExtendedLifetime(fixture) {} }
        let store = fixture.store
        let name = try name("tile/0/000")
        let (first, other) = (Array("first".utf8), Array("another".utf8))
        #expect(try store.put(name, first) == .written)
        #expect(try store.put(name, first) == .wasThere)
        #expect(
            throws: ObjectStoreError.otherBytes(
                store: store.place, name: name, stored: SHA256Hasher.hash(first),
                given: SHA256Hasher.hash(other))
        ) { try store.put(name, other) }
        #expect(try store.get(name, atMost: 100) == first)
        #expect(try store.put(name, first) == .wasThere)
    }

    @Test(
        "an object that was removed can be put again, and removing nothing is no fault",
        arguments: Kind.here)
    func removing(_ kind: Kind) throws {
        let fixture = try Fixture(kind)
        defer { withExtendedLifetime(fixture) {} }
        let store = fixture.store
        let name = try name("media/ab/cd")
        try store.delete(name)
        try store.put(name, [1])
        try store.delete(name)
        #expect(try store.get(name, atMost: 1) == nil)
        #expect(try store.put(name, [2]) == .written)
        #expect(try store.get(name, atMost: 1) == [2])
    }

    @Test("no more comes back than there is room for", arguments: Kind.here)
    func room(_ kind: Kind) throws {
        let fixture = try Fixture(kind)
        defer { withExtendedLifetime(fixture) {} }
        let store = fixture.store
        let name = try name("large")
        try store.put(name, [UInt8](repeating: 7, count: 100_000))
        for limit in [0, 10, 70_000, 99_999] {
            #expect {
                _ = try store.get(name, atMost: limit)
            } throws: { error in
                guard case .answerTooLarge = error as? ObjectStoreError else { return false }
                return true
            }
        }
        #expect(try store.get(name, atMost: 100_000)?.count == 100_000)
    }

    @Test("names of all characters and lengths are kept apart", arguments: Kind.here)
    func names(_ kind: Kind) throws {
        let fixture = try Fixture(kind)
        defer { withExtendedLifetime(fixture) {} }
        let store = fixture.store
        let long = [String](repeating: String(repeating: "n", count: 127), count: 4)
        let texts = [
            "A", "a", "0", "x/-._~", "b.example/a.example/set/checkpoint",
            long.joined(separator: "/"),
        ]
        for (number, text) in texts.enumerated() { try store.put(name(text), [UInt8(number)]) }
        for (number, text) in texts.enumerated() {
            #expect(try store.get(name(text), atMost: 1) == [UInt8(number)], "\(text)")
        }
        #expect(
            try allNames(of: store, "").map(\.text)
                == texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }

    @Test("a listing goes on page by page, in the order of bytes", arguments: Kind.here)
    func listing(_ kind: Kind) throws {
        let fixture = try Fixture(kind)
        defer { withExtendedLifetime(fixture) {} }
        let store = fixture.store
        let count = kind == .smallS3 ? 40 : 1_010
        let names = try (0..<count).map { try name("tile/0/x\($0 / 100)/\($0 % 100)") }.sorted()
        try store.put(name("tile/1/000"), [1])
        let failures = Mutex<[any Error]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { part in
            for number in stride(from: part, to: count, by: 8) {
                do { try store.put(names[number], [0]) } catch {
                    failures.withLock { $0.append(error) }
                }
            }
        }
        #expect(failures.withLock { $0.isEmpty })
        #expect(try allNames(of: store, "tile/0/") == names)
        #expect(
            try allNames(of: store, "tile/0/x3/")
                == names.filter { $0.text.hasPrefix("tile/0/x3/") })
        #expect(try allNames(of: store, "tile/1").map(\.text) == ["tile/1/000"])
        #expect(try allNames(of: store, "nothing") == [])
        try store.delete(names[3])
        #expect(try allNames(of: store, "tile/0/").count == count - 1)
    }

    private func allNames(of store: any ObjectStore, _ prefix: String) throws -> [ObjectName] {
        var names: [ObjectName] = []
        var position: String?
        repeat {
            let page = try store.list(prefix, from: position)
            names += page.names
            position = page.next
        } while position != nil
        return names
    }

    @Test("of writers who race for one name one wins", arguments: Kind.here)
    func race(_ kind: Kind) throws {
        let fixture = try Fixture(kind)
        defer { withExtendedLifetime(fixture) {} }
        let store = fixture.store
        var probe = ConditionalWriteProbe()
        // A real store may let losers wait for seconds.
        if kind == .named { probe.rounds = 1 }
        let report = try probe.run(on: store)
        #expect(report == .init(rounds: probe.rounds, writers: 32))
        #expect(try store.list("probe/", from: nil).names.isEmpty)
    }

    @Test("an object that no store takes is refused before it is sent", arguments: Kind.here)
    func tooLarge(_ kind: Kind) throws {
        let fixture = try Fixture(kind)
        defer { withExtendedLifetime(fixture) {} }
        let store = fixture.store
        let name = try name("huge")
        let bytes = [UInt8](repeating: 0, count: ObjectLimits.objectBytesMax + 1)
        #expect(
            throws: ObjectStoreError.objectTooLarge(
                store: store.place, name: name, bytes: bytes.count,
                limitBytes: ObjectLimits.objectBytesMax)
        ) { try store.put(name, bytes) }
    }
}

/// A folder of one test.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/objects-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
