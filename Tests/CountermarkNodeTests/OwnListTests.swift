import AnnotationModel
import Foundation
import Signing
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors

@Suite("Own revocation lists across a new root")
struct OwnListTests {
    private let oem = "oem.example"

    /// Puts a new root of the same name in the place of the home's.
    private func renewRoot(_ node: Node) throws {
        let time = Int64(Date().timeIntervalSince1970)
        let next = try CertificateAuthority.create(origin: oem, kind: .ed25519, at: time)
        let pem = try next.key.pem(passphrase: nil)
        _ = try node.rotateKey(
            kind: nil, caKeyText: pem, keyText: nil, chain: nil,
            authority: try IssuingAuthority(certificate: next.certificate, keyText: pem, above: []),
            passphrase: { "" })
    }

    @Test("what the former authority took back stays so, and its list is published still")
    func staysRevoked() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let home = node.home
        let stolen = try home.certificate()
        let former = try home.root()
        _ = try node.rotateKey(
            kind: nil, caKeyText: nil, keyText: nil, chain: nil, passphrase: { "" })
        let time = Int64(Date().timeIntervalSince1970)
        _ = try home.revoke(stolen, isStolen: true, caKeyText: nil, at: time)
        try renewRoot(node)
        let renewed = try home.revoke(nil, isStolen: false, caKeyText: nil, at: time + 1)
        #expect(renewed.list.isSigned(by: try home.root()))
        #expect(renewed.list.entry(for: stolen) == nil)
        let lists = try home.ownRevocationLists()
        #expect(lists.count == 2)
        let kept = try #require(lists.first { $0.isSigned(by: former) })
        #expect(kept.entry(for: stolen)?.reason == 1)
        #expect(try home.hasRevoked(stolen))
    }

    @Test("what a list of another authority names is put on that of its own")
    func otherAuthority() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let home = node.home
        let (stolen, former) = (try home.certificate(), try home.root())
        let time = Int64(Date().timeIntervalSince1970)
        _ = try node.rotateKey(
            kind: nil, caKeyText: nil, keyText: nil, chain: nil, passphrase: { "" })
        _ = try home.revoke(stolen, isStolen: true, caKeyText: nil, at: time)
        try renewRoot(node)
        // As a home is left whose one list the present authority has issued anew.
        let file = "\(home.path)/keys/revoked.json"
        var known = try JSONDecoder().decode(
            Home.RevokedList.self, from: Data(contentsOf: URL(fileURLWithPath: file)))
        known.list = try home.authority().issuing().issueRevocationList(
            [.init(certificate: stolen, time: time, isKeyCompromised: true)], number: 7, at: time
        ).pem
        try JSONEncoder().encode(known).write(to: URL(fileURLWithPath: file))
        let made = try home.revoke(stolen, isStolen: true, caKeyText: nil, at: time + 1)
        #expect(made.list.isSigned(by: former))
        #expect(try !made.list.isSigned(by: home.root()))
        #expect(made.list.entry(for: stolen)?.reason == 1)
    }

    @Test("what the former authority issued is taken back with its key, which was kept")
    func formerAuthority() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let home = node.home
        let (old, former) = (try home.certificate(), try home.root())
        let key = try String(
            decoding: Data(contentsOf: URL(fileURLWithPath: "\(home.path)/keys/ca.key")),
            as: UTF8.self)
        try renewRoot(node)
        let time = Int64(Date().timeIntervalSince1970)
        let made = try home.revoke(old, isStolen: false, caKeyText: nil, at: time)
        #expect(made.isNew && made.list.isSigned(by: former))
        // The present authority's own is another list.
        let present = try home.certificate()
        _ = try node.rotateKey(
            kind: nil, caKeyText: nil, keyText: nil, chain: nil, passphrase: { "" })
        _ = try home.revoke(present, isStolen: false, caKeyText: nil, at: time + 1)
        #expect(try home.ownRevocationLists().count == 2)
        #expect(try home.hasRevoked(old))
        #expect(try home.hasRevoked(present))
        let again = try home.revoke(old, isStolen: true, caKeyText: key, at: time + 2)
        #expect(again.list.entry(for: old)?.reason == 1)
    }
}
