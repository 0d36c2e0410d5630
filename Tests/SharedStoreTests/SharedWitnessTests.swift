import Foundation
import LogStorage
import Signing
import Synchronization
import Testing
import TransparencyLog

@testable import SharedStore

/// The witness of a company whose nodes have a register each, and a row in common.
@Suite("A witness with several nodes", .serialized)
struct SharedWitnessTests {
    private static let folder =
        NSTemporaryDirectory() + "countermark-witnesses-\(UUID().uuidString)"

    /// A checkpoint; each node that is asked is shown another history.
    private static func note(_ log: String, _ size: UInt64, _ node: Int = 0) -> [UInt8] {
        let root = SHA256Hasher.hash(Array("\(size) \(node)".utf8))
        let text = Checkpoint(origin: log, size: size, root: root).text
        return Array("\(text)\n\u{2014} \(log) AAAAAAAAAAAA\n".utf8)
    }

    @Test("never says two things of one size, whichever node is asked", arguments: BackEnd.here)
    func race(_ backEnd: BackEnd) throws {
        defer { try? FileManager.default.removeItem(atPath: Self.folder) }
        let store = SharedLogStore(address: "", table: try backEnd.table())
        let log = "tier.example/oem.example/\(UUID().uuidString)"
        let seen = Mutex<[UInt64]>([])
        let failures = Mutex<[String]>([])
        let group = DispatchGroup()
        for node in 0..<8 {
            group.enter()
            Thread {
                defer { group.leave() }
                let register = WitnessRegister(folder: "\(Self.folder)/\(node)", shared: store)
                for _ in 0..<4 {
                    do {
                        let last = try register.cosign(log, lockTimeoutSeconds: 10) { tree in
                            (Self.note(log, tree.size + 1, node), tree.size)
                        }
                        seen.withLock { $0.append(last) }
                    } catch {
                        failures.withLock { $0.append("\(error)") }
                    }
                }
            }.start()
        }
        group.wait()
        #expect(failures.withLock { $0 } == [])
        #expect(seen.withLock { $0.sorted() } == Array(0..<32))
        let last = try #require(try store.latest(of: log))
        #expect(try Checkpoint(text: try SignedNote(last).text).size == 32)
    }

    @Test("goes by what a node knows where the row has lost it", arguments: BackEnd.here)
    func lost(_ backEnd: BackEnd) throws {
        defer { try? FileManager.default.removeItem(atPath: Self.folder) }
        let log = "tier.example/oem.example/\(UUID().uuidString)"
        let alone = WitnessRegister(folder: Self.folder)
        _ = try alone.cosign(log, lockTimeoutSeconds: 1) { _ in (Self.note(log, 7), ()) }
        let store = SharedLogStore(address: "", table: try backEnd.table())
        let register = WitnessRegister(folder: Self.folder, shared: store)
        #expect(try store.latest(of: log) == nil)
        let known = try register.cosign(log, lockTimeoutSeconds: 1) { tree in
            (Self.note(log, tree.size + 1), tree.size)
        }
        #expect(known == 7)
        #expect(try store.latest(of: log) == Self.note(log, 8))
        // Another node's register is as empty as it may be: the row counts.
        let other = WitnessRegister(folder: Self.folder + "/other", shared: store)
        let there = try other.cosign(log, lockTimeoutSeconds: 1) { tree in
            (Self.note(log, tree.size + 1), tree.size)
        }
        #expect(there == 8)
        #expect(try other.latest(of: log) == Self.note(log, 9))
    }
}
