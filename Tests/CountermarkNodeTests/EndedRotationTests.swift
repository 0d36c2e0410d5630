import AnnotationModel
import Foundation
import Signing
import Testing

@testable import CompanyHome
@testable import CountermarkNode

@Suite("Changes of keys that were ended")
struct EndedRotationTests {
    @Test(
        "a rotation that is ended behind another that was ended leaves the key of the certificate")
    func twice() throws {
        let all = try Companies(["oem.example"])
        let node = try all.node("oem.example")
        let home = node.home
        func rotated() throws -> (NodeIdentity, String) {
            let key = try SigningKey.generate(.p256)
            let chain = try home.authority(keyText: nil).issueNode(
                home.origin.description, key: key.verificationKey,
                at: Int64(Date().timeIntervalSince1970))
            return (NodeIdentity(unchecked: chain, key: key), try key.pem(passphrase: nil))
        }
        // The first ends when its certificate is in place, its key still beside it.
        let (first, text) = try rotated()
        let old = try home.read(Home.nodeKeyFile)
        try home.change(to: first, keyText: text)
        try Home.writeSecret(text, "\(home.path)/\(Home.nextNodeKeyFile)")
        try Home.writeSecret(old, "\(home.path)/\(Home.nodeKeyFile)")
        #expect(try home.identity().certificate.fingerprint == first.certificate.fingerprint)
        // The second is ended when it has written its key, and nothing more.
        let list = "\(home.path)/keys/retired.json"
        try FileManager.default.removeItem(atPath: list)
        try FileManager.default.createDirectory(
            atPath: list, withIntermediateDirectories: false)
        let (second, other) = try rotated()
        #expect(throws: (any Error).self) { try home.change(to: second, keyText: other) }
        #expect(try home.read(Home.nextNodeKeyFile) == other)
        #expect(try home.identity().certificate.fingerprint == first.certificate.fingerprint)
        try FileManager.default.removeItem(atPath: list)
        try home.change(to: second, keyText: other)
        #expect(try home.identity().certificate.fingerprint == second.certificate.fingerprint)
        try node.write(all.dataset, [all.label("first.png")])
    }
}
