import Signing
import Synchronization
import Testing

@testable import ObjectStore

@Suite("The probe finds stores that let two win")
struct ConditionalWriteProbeTests {
    /// A store in which everybody wins, or in which a loser's object replaces the winner's.
    private final class Careless: ObjectStore {
        let place = "careless"
        let objects = Mutex<[ObjectName: [UInt8]]>([:])
        /// Whether a loser is told that it lost, and replaces the object all the same.
        let replaces: Bool

        init(replaces: Bool) { self.replaces = replaces }

        func put(_ name: ObjectName, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome {
            let isFree = objects.withLock { objects in
                defer { if replaces || objects[name] == nil { objects[name] = bytes } }
                return objects[name] == nil
            }
            if !replaces {
                return .written
            }
            guard isFree else {
                throw .otherBytes(store: place, name: name, stored: .zero, given: .zero)
            }
            return .written
        }

        func get(_ name: ObjectName, atMost: Int) -> [UInt8]? { objects.withLock { $0[name] } }
        func delete(_ name: ObjectName) { objects.withLock { $0[name] = nil } }
        func list(_ prefix: String, from position: String?) -> ObjectPage {
            ObjectPage(names: objects.withLock { Array($0.keys) }, next: nil)
        }
    }

    @Test("two winners of one race are refused")
    func twoWinners() {
        let store = Careless(replaces: false)
        #expect(
            throws: ObjectStoreError.raceLost(
                store: store.place, round: 1, winners: 32, writers: 32)
        ) { try ConditionalWriteProbe().run(on: store) }
        #expect(store.list("", from: nil).names.isEmpty, "what a probe wrote is removed")
    }

    @Test("a winner whose object is replaced is refused")
    func overwritten() {
        let store = Careless(replaces: true)
        #expect(throws: ObjectStoreError.raceOverwritten(store: store.place, round: 1)) {
            try ConditionalWriteProbe().run(on: store)
        }
    }

    @Test("a store that fails has no verdict")
    func failing() throws {
        let server = try ScriptedServer { _ in .answer(403, [], SmallS3.error("AccessDenied")) }
        let store = try S3ObjectStore.calling(server.port)
        #expect(throws: ObjectStoreError.accessDenied(store: store.place, action: "put objects")) {
            try ConditionalWriteProbe().run(on: store)
        }
    }
}
