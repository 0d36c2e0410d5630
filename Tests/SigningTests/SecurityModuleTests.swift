import Foundation
import Testing

@testable import Signing

/// Keys in SoftHSM, a security module in software: needs the Debian packages softhsm2 and
/// libengine-pkcs11-openssl (or pkcs11-provider).
@Suite("Keys in a security module", .serialized)
struct SecurityModuleTests {
    static let tool = "/usr/bin/softhsm2-util"
    static let module = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"]
        .first { FileManager.default.fileExists(atPath: $0) }

    /// Whether the tools are there; says so if not.
    static let isPresent: Bool = {
        let engine = "/usr/lib/x86_64-linux-gnu/engines-3/pkcs11.so"
        let isThere =
            FileManager.default.fileExists(atPath: tool) && module != nil
            && FileManager.default.fileExists(atPath: engine)
        if !isThere { print("SKIPPED: softhsm2 or libengine-pkcs11-openssl is not installed") }
        return isThere
    }()

    /// A token with one key of each curve, in a folder of its own.
    struct Token {
        let folder: URL
        let keys: [KeyKind: SigningKey]

        init() throws {
            folder = FileManager.default.temporaryDirectory
                .appending(path: "countermark-hsm-\(UUID().uuidString)")
            let tokens = folder.appending(path: "tokens")
            try FileManager.default.createDirectory(at: tokens, withIntermediateDirectories: true)
            let configuration = folder.appending(path: "softhsm2.conf")
            try
                "directories.tokendir = \(tokens.path)\nobjectstore.backend = file\nlog.level = ERROR\n"
                .write(to: configuration, atomically: true, encoding: .utf8)
            setenv("SOFTHSM2_CONF", configuration.path, 1)
            try Self.run([
                "--init-token", "--free", "--label", "acme", "--pin", "12 34&5", "--so-pin", "5678",
            ])
            var keys: [KeyKind: SigningKey] = [:]
            for (number, kind) in [KeyKind.p256, .p384].enumerated() {
                let key = try SigningKey.generate(kind)
                let file = folder.appending(path: "\(number).pem")
                try key.pem().write(to: file, atomically: true, encoding: .utf8)
                try Self.run([
                    "--import", file.path, "--token", "acme", "--label", kind.rawValue, "--id",
                    "0\(number + 1)", "--pin", "12 34&5",
                ])
                keys[kind] = key
            }
            self.keys = keys
        }

        static func run(_ arguments: [String]) throws {
            let process = Process()
            process.executableURL = URL(filePath: tool)
            process.arguments = arguments
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0, "softhsm2-util \(arguments[0])")
        }
    }

    @Test(
        "a key that stays in the module signs, and a wrong PIN or name is refused",
        .enabled(if: isPresent))
    func sign() throws {
        let token = try Token()
        defer { try? FileManager.default.removeItem(at: token.folder) }
        // The wrong PIN comes first: a module lets a process that is logged in once do as it likes.
        for kind in [KeyKind.p256, .p384] {
            let original = try #require(token.keys[kind])
            let uri = "pkcs11:token=acme;object=\(kind.rawValue);type=private"
            if kind == .p256 {
                let wrong = #expect(throws: SigningError.self) {
                    try SigningKey(uri: uri, pin: "0000", module: Self.module)
                }
                guard case .keyNotReached(uri, _) = wrong else {
                    Issue.record("\(String(describing: wrong))")
                    return
                }
                // Without one nobody is asked at the terminal.
                #expect(throws: SigningError.self) {
                    try SigningKey(uri: uri, module: Self.module)
                }
            }
            let key = try SigningKey(uri: uri, pin: "12 34&5", module: Self.module)
            #expect(key.kind == kind)
            #expect(key.verificationKey == original.verificationKey)
            let message = Array("a changeset".utf8)
            for _ in 0..<20 {
                #expect(original.verificationKey.verify(try key.sign(message), over: message))
            }
            DispatchQueue.concurrentPerform(iterations: 64) { number in
                let message = [UInt8](repeating: UInt8(number), count: 100)
                let signature = try? key.sign(message)
                #expect(original.verificationKey.verify(signature ?? [], over: message))
            }
            #expect(throws: SigningError.keyNotExportable) { try key.pem() }
            let authority = try CertificateAuthority.create(
                origin: "acme.example", kind: .p256, at: 1_790_000_000)
            let certificate = try authority.issueNode(
                origin: "acme.example", key: key.verificationKey, at: 1_790_000_000)
            let header = COSEHeader(
                contentType: "text/plain", issuer: "acme.example", subject: "oem.example/boards",
                issuedAt: 1_790_000_000, certificateThumbprint: certificate.fingerprint)
            let statement = try COSESign1.sign(payload: message, header: header, key: key)
            let parsed = try COSESign1.parse(statement)
            statement.withUnsafeBytes { bytes in
                #expect(
                    COSEVerifier().verify(parsed, in: bytes, with: original.verificationKey))
            }
        }
        let missing = "pkcs11:token=acme;object=none;type=private"
        let error = #expect(throws: SigningError.self) {
            try SigningKey(uri: missing, pin: "12 34&5", module: Self.module)
        }
        guard case .keyNotReached(missing, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("a provider is handed the PIN, and without it finds nothing and asks nobody")
    func provider() throws {
        // OpenSSL's own provider reads files, where the passphrase takes the place of the PIN.
        let key = try SigningKey.generate(.p256)
        let file = FileManager.default.temporaryDirectory
            .appending(path: "countermark-\(UUID().uuidString).pem")
        try key.pem(passphrase: "12 34&5").write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let uri = "file:\(file.path)"
        let found = try SigningKey(
            adopting: try #require(SigningKey.providerKey(uri, pin: "12 34&5")))
        #expect(found.verificationKey == key.verificationKey)
        #expect(SigningKey.providerKey(uri, pin: "0000") == nil)
        #expect(SigningKey.providerKey(uri, pin: nil) == nil)
        #expect(SigningKey.providerKey(uri + "x", pin: "12 34&5") == nil)
    }

    @Test(
        "URIs that name no key, or carry a PIN into configurations and messages, are refused",
        arguments: [
            "", "file:///key.pem", "pkcs11", "pkcs11:token=a b", "pkcs11:object=k?pin-value=1234",
            "pkcs11:object=k?pin-source=file:/pin",
            "pkcs11:" + String(repeating: "a", count: 2_048),
        ])
    func refused(_ uri: String) {
        let error = #expect(throws: SigningError.self) { try SigningKey(uri: uri, pin: "1") }
        guard case .invalidKeyURI(let shown) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!shown.contains("1234"))
    }
}
