import AnnotationModel
import Foundation
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors

@Suite("Addresses that cannot be called")
struct UncallableAddressTests {
    @Test(
        "what is no address of a node is refused wherever one is given",
        arguments: [
            "https://h:99999", "https://h:0", "https://h/path", "https://u:p@h", "http://h", "",
            "https://h:7443?x",
        ])
    func refused(_ url: String) throws {
        #expect(throws: NodeError.self) { try PartnerAddress.required(url) }
        let all = try Companies(["oem.example"])
        let node = try all.node("oem.example")
        #expect(throws: (any Error).self) {
            try node.invite(
                all.dataset, role: .annotator, url: url, seconds: 60, isAutomatic: false)
        }
        let (text, _) = try node.invite(
            all.dataset, role: .annotator, url: "https://127.0.0.1:7443", seconds: 60,
            isAutomatic: false)
        let other = try Companies(["new.example"])
        let home = try other.node("new.example").home
        #expect(throws: (any Error).self) {
            try Joining(
                home, invitation: text, listenURL: url, isMailed: true,
                at: Int64(Date().timeIntervalSince1970))
        }
    }

    @Test("an address that cannot be called is the failure of one partner, and of nobody else")
    func oneFailure() async throws {
        let all = try Companies(["oem.example", "tier.example", "third.example"])
        let home = try all.node("oem.example").home
        for (org, url) in [
            ("tier.example", "https://h:99999/p"), ("third.example", "https://127.0.0.1:9"),
        ] {
            let known = try #require(try home.partners().first { $0.org == org })
            try home.add(.init(org: org, url: url, roots: known.roots, vkey: known.vkey))
        }
        let sync = try PartnerSync(SharedNode(try Node(home)), home: home)
        let reports = try await sync.syncAll()
        #expect(reports.count == 2 && reports.allSatisfy { $0.error != nil })
        #expect(reports.first { $0.org == "tier.example" }?.error?.contains("no address") == true)
    }
}
