import Foundation
import PartnerTLS
import Synchronization
import Testing

@testable import ObjectStore

/// The store that `COUNTERMARK_TEST_OBJECTS` names, with its keys in the environment: Tests/EndToEnd/objects.py.
enum NamedStore {
    private static let environment = ProcessInfo.processInfo.environment
    private static let url = environment["COUNTERMARK_TEST_OBJECTS"]

    static var isThere: Bool { url != nil }
    /// The folder in which a script and a test tell each other how far they are.
    static let folder = environment["COUNTERMARK_TEST_FOLDER"]
    /// How many races a script asks for.
    static let races = environment["COUNTERMARK_TEST_RACES"].flatMap { Int($0) }
    /// How many of them are run at once.
    static let lanes = environment["COUNTERMARK_TEST_LANES"].flatMap { Int($0) } ?? 1

    /// A part of the store that nobody has used.
    ///
    /// - Parameters:
    ///   - key: Words of the environment that are others.
    ///   - bucket: Another bucket.
    ///   - secondsAhead: What the client's clock is wrong by.
    ///   - limits: Bounds of a call.
    ///   - namesAuthorities: Whether the URL says whom to trust.
    static func open(
        key: [String: String] = [:], bucket: String? = nil, secondsAhead: Int64 = 0,
        limits: ServiceClient.Limits = ServiceClient.Limits(), namesAuthorities: Bool = true
    ) throws -> S3ObjectStore {
        let parts = (url ?? "").split(separator: "?", maxSplits: 1).map(String.init)
        let place = bucket.map { "s3://\($0)" } ?? parts.first ?? ""
        let query = (parts.last ?? "").split(separator: "&")
            .filter { namesAuthorities || !$0.hasPrefix("ca=") }.joined(separator: "&")
        let location = try S3Location("\(place)/test-\(UUID().uuidString)?\(query)")
        let keys = try S3CredentialsSource(
            for: location, environment: environment.merging(key) { _, new in new })
        return try S3ObjectStore(location, keys: keys, limits: limits) {
            Int64(time(nil)) + secondsAhead
        }
    }

    /// Tells the script that something may happen, and waits until it has.
    static func reach(_ name: String) throws {
        let folder = try #require(folder)
        try "".write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        while access("\(folder)/\(name).done", F_OK) != 0 { usleep(20_000) }
    }
}

@Suite("A store of several machines", .enabled(if: NamedStore.isThere, "no store is named"))
struct NamedStoreTests {
    @Test(
        "what was put is there, and more is put, while a machine is gone and when it is back",
        .enabled(if: NamedStore.folder != nil, "nobody ends a machine"))
    func machineGone() throws {
        let store = try NamedStore.open()
        var kept: [ObjectName: [UInt8]] = [:]
        func work(_ part: String) throws {
            for number in 0..<100 {
                let name = try ObjectName("\(part)/\(number)")
                let bytes = [UInt8](repeating: UInt8(number), count: 8_192)
                try store.put(name, bytes)
                kept[name] = bytes
            }
            for (name, bytes) in kept { #expect(try store.get(name, atMost: 8_192) == bytes) }
        }
        try work("before")
        try NamedStore.reach("gone")
        try work("without")
        try NamedStore.reach("back")
        try work("after")
    }

    @Test(
        "where the URL names no authority, the system's are asked",
        .enabled(
            if: ProcessInfo.processInfo.environment["SSL_CERT_FILE"] != nil, "nobody is trusted"))
    func authorities() throws {
        let store = try NamedStore.open(namesAuthorities: false)
        try store.put(ObjectName("name"), [1])
        #expect(try store.get(ObjectName("name"), atMost: 1) == [1])
    }

    @Test("a wrong secret, an unknown key, a wrong clock and another bucket are named")
    func refusals() throws {
        let name = try ObjectName("name")
        let wrong = try NamedStore.open(key: ["AWS_SECRET_ACCESS_KEY": "wrong"])
        #expect(
            throws: ObjectStoreError.keyRefused(store: wrong.place, code: "SignatureDoesNotMatch")
        ) { try wrong.get(name, atMost: 1) }
        let stranger = try NamedStore.open(key: ["AWS_ACCESS_KEY_ID": "stranger"])
        #expect(
            throws: ObjectStoreError.keyRefused(store: stranger.place, code: "InvalidAccessKeyId")
        ) { try stranger.get(name, atMost: 1) }
        let other = try NamedStore.open(bucket: "of-somebody-else")
        #expect(
            throws: ObjectStoreError.accessDenied(store: other.place, action: "put objects")
        ) { try other.put(name, [1]) }
        let ahead = try NamedStore.open(secondsAhead: 3_600)
        #expect {
            _ = try ahead.get(name, atMost: 1)
        } throws: { error in
            guard case .clockSkew(_, let seconds?) = error as? ObjectStoreError else {
                return false
            }
            return (-3_660 ... -3_540).contains(seconds)
        }
    }
}

@Suite("Races by hand", .enabled(if: NamedStore.races != nil, "nobody asks for races"))
struct RaceTests {
    @Test("so many races have one winner each", arguments: ObjectStoreContractTests.Kind.here)
    func races(_ kind: ObjectStoreContractTests.Kind) {
        let rounds = max(1, (NamedStore.races ?? 1) / NamedStore.lanes)
        let tally = Tally(kind.rawValue)
        for _ in 0..<NamedStore.lanes {
            Thread {
                tally.attempt {
                    var probe = ConditionalWriteProbe()
                    probe.rounds = rounds
                    probe.progress = { _ in tally.count() }
                    // Hundreds of connections are made at once, and losers wait for their turns.
                    let fixture = try ObjectStoreContractTests.Fixture(kind, limits: .patient)
                    _ = try probe.run(on: fixture.store)
                }
            }.start()
        }
        while !tally.isOver { usleep(100_000) }
        #expect(tally.failures.isEmpty, "\(tally.failures)")
        tally.tell()
    }

    /// What several lanes of races have come to.
    private final class Tally: Sendable {
        private let name: String
        private let start = ContinuousClock.now
        private let state = Mutex<(races: Int, lanes: Int, failures: [String])>((0, 0, []))

        init(_ name: String) { self.name = name }

        var failures: [String] { state.withLock { $0.failures } }
        var isOver: Bool { state.withLock { $0.lanes == NamedStore.lanes } }

        func count() {
            let races = state.withLock { state in
                state.races += 1
                return state.races
            }
            if races.isMultiple(of: 100) { tell() }
        }

        func tell() {
            let (races, failures) = state.withLock { ($0.races, $0.failures.count) }
            let time = ContinuousClock.now - start
            print(
                "\(name): \(races) races of 32 writers had one winner each, \(failures) failed, \(time)"
            )
            fflush(nil)
        }

        func attempt(_ body: () throws -> Void) {
            do { try body() } catch { state.withLock { $0.failures.append("\(error)") } }
            state.withLock { $0.lanes += 1 }
        }
    }
}
