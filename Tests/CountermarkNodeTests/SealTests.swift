import AnnotationModel
import Foundation
import LogStorage
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors

@Suite("The seal of a home's small files")
struct SealTests {
    private static let texts = [
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n",
        "https://oem.example:7443", "pkcs11:token=T;object=O", "{\"org\":\"tier.example\"}",
        "{\n  \"name\" : \"OEM\"\n}", "[\"00ff\",\"ff00\"]",
    ]

    @Test("what was sealed is what is opened; JSON stays JSON", arguments: texts)
    func opens(_ text: String) throws {
        let sealed = Seal.sealed(text)
        let opened = try #require(Seal.open(Array(sealed.utf8)))
        guard text.hasPrefix("{") || text.hasPrefix("[") else { return #expect(opened == text) }
        #expect(opened == sealed)
        let found = try JSONSerialization.jsonObject(with: Data(opened.utf8))
        let meant = try JSONSerialization.jsonObject(with: Data(text.utf8))
        if var found = found as? [String: String], let meant = meant as? [String: String] {
            found["sha256"] = nil
            #expect(found == meant)
        } else {
            #expect((found as? [String])?.dropFirst() == (meant as? [String])?[...])
        }
    }

    @Test("no flipped bit is taken for the text, and no cut in the middle", arguments: texts)
    func damage(_ text: String) {
        let sealed = Array(Seal.sealed(text).utf8)
        for index in sealed.indices {
            for bit in 0..<8 {
                var flipped = sealed
                flipped[index] ^= 1 << bit
                // A first byte that makes it another kind of text leaves no JSON and no known beginning.
                if index == 0, Seal.open(flipped) != nil { continue }
                #expect(Seal.open(flipped) == nil, "bit \(bit) of byte \(index)")
            }
            if index > 8 { #expect(Seal.open(Array(sealed[..<index])) == nil, "cut to \(index)") }
        }
    }

    @Test("a file without a seal is taken as it is", arguments: texts)
    func unsealed(_ text: String) {
        #expect(Seal.open(Array(text.utf8)) == text)
    }

    @Test("a flipped bit in any sealed file of a home is found by its check, and never signed with")
    func home() throws {
        let all = try Companies(["oem.example", "tier.example"])
        let node = try all.node("oem.example")
        let home = node.home
        #expect(try node.verifyHome() == [])
        let keys = ["ca", "log", "witness"].map { "keys/\($0).key" }
        for file in keys + ["config.json", "trust/own.pem"] {
            let path = "\(home.path)/\(file)"
            let whole = try Data(contentsOf: URL(fileURLWithPath: path))
            var damaged = whole
            damaged[whole.count * 2 / 3] ^= 1
            try damaged.write(to: URL(fileURLWithPath: path))
            #expect(try node.verifyHome().contains { $0.log == file }, "\(file)")
            try whole.write(to: URL(fileURLWithPath: path))
        }
    }

    @Test("a folder of partners that cannot be read is not one without partners")
    func unreadableTrust() throws {
        let all = try Companies(["oem.example", "tier.example"])
        let home = try all.node("oem.example").home
        try FileManager.default.removeItem(atPath: home.path + "/trust")
        try Data().write(to: URL(fileURLWithPath: home.path + "/trust"))
        #expect(throws: LogStorageError.self) { try home.partners() }
    }

    @Test("a key that the log has not introduced signs nothing in it")
    func otherLogKey() throws {
        let all = try Companies(["oem.example"])
        let node = try all.node("oem.example")
        let others = try Companies(["other.example"])
        let other = try others.node("other.example").home.read("keys/log.key")
        try WholeFile.replace("\(node.home.path)/keys/log.key", with: other, mode: 0o600)
        let again = try Node(try Home(opening: node.home.path))
        let error = #expect(throws: NodeError.self) { try again.write(all.dataset, []) }
        #expect(error?.code == .wrongLogKey)
        #expect(try again.verifyHome().contains { $0.what.contains("log.key") })
    }
}
