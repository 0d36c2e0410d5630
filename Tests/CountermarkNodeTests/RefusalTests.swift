import Foundation
import SharedStore
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PartnerNet
@testable import PlainErrors

@Suite("What a partner is told of errors here")
struct RefusalTests {
    @Test(
        "where the home lies, and what its files are called, is for its operator alone",
        arguments: ["trust/own.pem", "keys/log.key", "config.json"])
    func ofOwnHome(file: String) throws {
        let all = try Companies(["oem.example"])
        defer { withExtendedLifetime(all) {} }
        let home = try all.node("oem.example").home
        let path = "\(home.path)/\(file)"
        for damage in [
            { try Data("x".utf8).write(to: URL(fileURLWithPath: path)) },
            { try FileManager.default.removeItem(atPath: path) },
        ] {
            try damage()
            do {
                let again = try Home(opening: home.path)
                _ = (try again.certificate(), try again.logKey())
                Issue.record("\(file) was not missed")
            } catch {
                if let refusal = Refusal(error) {
                    #expect(!refusal.message.contains(home.path), "\(refusal.message)")
                    #expect(!refusal.hint.contains(home.path))
                }
            }
        }
    }

    @Test("nor is a word said of the store that its nodes share")
    func ofStore() {
        let store = "postgresql://owner@db.oem.example/labels"
        for error in [
            SharedStoreError.unreachable(store: store, why: "refused"),
            .otherOwner(store: store, org: "x"), .damaged(log: "x", why: store),
        ] {
            #expect(Refusal(error) == nil)
        }
        #expect(Refusal(NodeError(.ownLogDiffers, "the store \(store) holds", hint: "")) == nil)
    }

    @Test("what is wrong with what a partner sent, it is told")
    func ofPartners() {
        let refusal = Refusal(
            NodeError(.cutPush, "3 of 4 entries have come", hint: "send it again"))
        #expect(refusal?.message == "3 of 4 entries have come")
    }
}
