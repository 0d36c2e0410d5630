import Foundation
import Signing
import Testing

/// Runs `Certs/issue.sh`, which needs the openssl tool.
@Suite("Certificates from the script")
struct IssueScriptTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "countermark-certs-\(UUID().uuidString)")

    private func issue(_ origin: String, kind: String = "ed25519") throws -> Int32 {
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(
                path: "Certs/issue.sh")
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [script.path, origin, folder.path]
        process.environment = ProcessInfo.processInfo.environment.merging(["KIND": kind]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    @Test("A set is issued that passes every check", arguments: ["ed25519", "p256"])
    func set(kind: String) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try issue("tier1.example", kind: kind) == 0)
        let root = try Certificate(pem: text("root.pem"))
        let node = try Certificate(pem: text("node.pem"))
        let authority = try CertificateAuthority(
            certificate: root, key: SigningKey(pem: text("root.key")))
        let key = try SigningKey(pem: text("node.key"))
        #expect(try node.verificationKey == key.verificationKey)
        #expect(node.speaks(for: "tier1.example"))
        #expect(!node.speaks(for: "tier2.example"))
        let now = Int64(Date().timeIntervalSince1970)
        for purpose in [CertificatePath.Purpose.signing, .tlsClient, .tlsServer] {
            try CertificatePath.validate(
                leaf: node, intermediates: [], roots: [root], at: now, purpose: purpose)
        }
        // The program issues further nodes from the same root.
        let second = try authority.issueNode(
            origin: "tier1.example", key: SigningKey.generate(.ed25519).verificationKey, at: now)
        try CertificatePath.validate(
            leaf: second, intermediates: [], roots: [root], at: now, purpose: .tlsServer)
        for name in ["root.key", "node.key"] {
            let attributes = try FileManager.default.attributesOfItem(
                atPath: folder.appending(path: name).path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test("Nothing is overwritten, and the root serves for a second node")
    func again() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try issue("tier1.example") == 0)
        let root = try text("root.pem")
        let node = try text("node.pem")
        #expect(try issue("tier1.example") != 0)
        #expect(try text("node.pem") == node)
        for name in ["node.pem", "node.key"] {
            try FileManager.default.removeItem(at: folder.appending(path: name))
        }
        #expect(try issue("tier1.example") == 0)
        #expect(try text("root.pem") == root)
        #expect(try text("node.pem") != node)
    }

    @Test(
        "Names that are no origin are refused",
        arguments: ["", "A.example", "a b", "a,DNS:b", "*.example", "a/CN=b", "-a", "a..b", "a\nb"])
    func badNames(name: String) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try issue(name) != 0)
        #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "root.pem").path))
    }
}
