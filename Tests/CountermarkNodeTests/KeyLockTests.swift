import AnnotationModel
import CompanyHome
import Foundation
import LogStorage
import Signing
import Synchronization
import Testing
import TransparencyLog

@testable import CountermarkNode
@testable import PlainErrors

@Suite("Several commands at once on the keys and the trust of one home")
struct KeyLockTests {
    private let oem = "oem.example"

    /// Runs `body` on several threads, each with a home of its own as a process has it; returns what succeeded.
    private func atOnce<R: Sendable>(
        _ count: Int, _ path: String, _ body: @Sendable (Int, Node) throws -> R
    ) -> [R] {
        let results = Mutex<[R]>([])
        DispatchQueue.concurrentPerform(iterations: count) { number in
            do {
                let result = try body(number, try Node(try Home(opening: path)))
                results.withLock { $0.append(result) }
            } catch {
                Issue.record("\(error)")
            }
        }
        return results.withLock { $0 }
    }

    @Test(
        "of several rotations each waits for the one before, and all keys but the last are retired")
    func rotations() throws {
        let all = try Companies([oem])
        let path = try all.node(oem).home.path
        for _ in 0..<3 {
            let made = atOnce(4, path) { _, node in
                try node.rotateKey(
                    kind: nil, caKeyText: nil, keyText: nil, chain: nil, passphrase: { "" }
                ).certificate.fingerprint
            }
            let node = try Node(try Home(opening: path))
            #expect(try made.contains(node.home.identity().certificate.fingerprint))
            let keys = try node.keys(all.dataset)
            #expect(Set(made).isSubset(of: Set(keys.map(\.certificate.fingerprint))))
            #expect(keys.allSatisfy { $0.isCurrent != ($0.retiredAt != nil) })
            try node.write(all.dataset, [all.label("first.png")])
        }
    }

    @Test("a home that has lost its node's key makes a new one")
    func lostKey() throws {
        let all = try Companies([oem])
        let home = try all.node(oem).home
        let other = try SigningKey.generate(.ed25519).pem(passphrase: nil)
        try WholeFile.replace("\(home.path)/keys/node.key", with: other, mode: 0o600)
        let node = try Node(try Home(opening: home.path))
        #expect(throws: NodeError.self) {
            try node.write(all.dataset, [all.label("first.png")])
        }
        _ = try node.rotateKey(
            kind: nil, caKeyText: nil, keyText: nil, chain: nil, passphrase: { "" })
        try node.write(all.dataset, [all.label("first.png")])
        #expect(try node.verify(all.dataset).problems.isEmpty)
    }

    @Test("of several revocations none is lost")
    func revocations() throws {
        let all = try Companies([oem])
        let home = try all.node(oem).home
        let time = Int64(Date().timeIntervalSince1970)
        let folder = "\(all.folder.path)/people"
        let people = try (0..<6).map { number in
            try home.issuePerson(
                email: "p\(number)@\(oem)", kind: .p256, caKeyText: nil, passphrase: nil,
                folder: folder, at: time
            ).certificate
        }
        _ = atOnce(people.count, home.path) { number, node in
            try node.home.revoke(people[number], isStolen: true, caKeyText: nil, at: time).isNew
        }
        #expect(try people.allSatisfy { try home.hasRevoked($0) })
    }

    @Test("what two commands say of one partner at once both holds")
    func pinning() throws {
        let all = try Companies([oem, "tier.example"])
        let home = try all.node(oem).home
        let vkey = try all.node("tier.example").ownVerifier(all.dataset).vkey
        let time = Int64(Date().timeIntervalSince1970)
        for port in 7001...7020 {
            let url = "https://127.0.0.1:\(port)"
            _ = try home.pin(
                try Origin("tier.example"), pem: nil, url: nil, forgetsURL: true, vkey: nil,
                at: time)
            _ = atOnce(2, home.path) { number, node in
                try node.home.pin(
                    try Origin("tier.example"), pem: nil, url: number == 0 ? url : nil,
                    forgetsURL: false, vkey: number == 0 ? nil : vkey, at: time
                ).changed
            }
            let known = try Home(opening: home.path).partners()
            #expect(known.map(\.url) == [url] && known.map(\.vkey) == [vkey])
        }
    }

    @Test("of two commands that say the same of a dataset one writes")
    func acts() throws {
        let all = try Companies([oem, "tier.example"])
        let home = try all.node(oem).home
        for number in 0..<6 {
            let dataset = try DatasetID("\(oem)/more\(number)")
            let made = atOnce(2, home.path) { _, node in
                do {
                    try node.create(dataset, title: "More", schema: "{}")
                    return true
                } catch let error as NodeError where error.code == .datasetExists {
                    return false
                }
            }
            #expect(made.count { $0 } == 1)
            _ = atOnce(2, home.path) { _, node in
                try node.setMember(dataset, try Origin("tier.example"), role: .reviewer, roots: [])
            }
            #expect(try home.log(home.origin, dataset).size == 2)
        }
    }

    @Test("a backup does not copy keys while they change")
    func backup() throws {
        let all = try Companies([oem])
        let path = try all.node(oem).home.path
        let backup = "\(all.folder.path)/backup"
        _ = atOnce(2, path) { number, node in
            for _ in 0..<8 {
                if number == 0 {
                    _ = try node.rotateKey(
                        kind: nil, caKeyText: nil, keyText: nil, chain: nil, passphrase: { "" })
                    continue
                }
                _ = try node.backUp(to: backup)
                let pem = try #require(
                    FileManager.default.contents(atPath: "\(backup)/keys/node.key"))
                let chain = try #require(
                    FileManager.default.contents(atPath: "\(backup)/trust/own.pem"))
                let (key, own) = (
                    try SigningKey(pem: String(decoding: pem, as: UTF8.self)),
                    try Certificate.all(pem: String(decoding: chain, as: UTF8.self))
                )
                #expect(try own[0].verificationKey == key.verificationKey)
            }
        }
    }
}
