import AnnotationModel
import Foundation
import Signing
import Testing

@testable import CompanyHome
@testable import CountermarkNode

@Suite("The witness's key")
struct WitnessKeyTests {
    @Test("the witness's key is encrypted where the home's other keys are, or not made at all")
    func missingKeyOfEncryptedHome() throws {
        let path = NSTemporaryDirectory() + "witness-key-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var plan = KeyPlan()
        plan.passphrase = "correct horse"
        _ = try Home.make(
            path, origin: try Origin("oem.example"), name: "OEM", keys: plan,
            time: Int64(Date().timeIntervalSince1970))
        let file = "\(path)/keys/witness.key"
        try FileManager.default.removeItem(atPath: file)
        // Nobody can be asked for the passphrase here.
        #expect(throws: (any Error).self) { try Home(opening: path).witnessKey() }
        #expect(!FileManager.default.fileExists(atPath: file))
        let home = try Home(opening: path)
        _ = try home.ring.key(
            try home.read("keys/log.key"), name: "\(path)/keys/log.key",
            find: { _ in plan.passphrase })
        let made = try home.witnessKey().verificationKey
        let text = try home.read("keys/witness.key")
        #expect(text.contains("ENCRYPTED"))
        #expect(try SigningKey(pem: text, passphrase: plan.passphrase).verificationKey == made)
    }

    @Test("a home without a witness key gets one, which stays")
    func missingKey() throws {
        let all = try Companies(["oem.example"])
        let home = try all.node("oem.example").home
        let file = "\(home.path)/keys/witness.key"
        let before = try home.witnessKey().verificationKey
        try FileManager.default.removeItem(atPath: file)
        let made = try home.witnessKey().verificationKey
        #expect(made != before)
        #expect(try Home(opening: home.path).witnessKey().verificationKey == made)
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(home.path)/keys")
        #expect(!left.contains { $0.hasSuffix(".tmp") })
    }
}
