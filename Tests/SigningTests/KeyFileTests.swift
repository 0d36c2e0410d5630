import Foundation
import Signing
import Testing

@Suite("Key files of others")
struct KeyFileTests {
    /// One Ed25519 test key, sealed by OpenSSL's command line in two ways.
    static let scrypt = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIGTME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAin2vJUYSVp9QICQAAC
        AQgCAQEwHQYJYIZIAWUDBAEqBBBIfcLcqzJq83eEc6zHAorABEBL+FRHRuIMWrSh
        dvXLVRiTeMyAbfos9jrjp6UIVgLO1YzwGN19HDtOghM+7Z15b/1EFboi1TLavsKm
        J1f7YNkn
        -----END ENCRYPTED PRIVATE KEY-----

        """
    static let pbkdf2 = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgKuldgpavGNgICTiAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEDsaH5xSiNC+nifA8VoP78YEQDDM
        972Js/KbdVfixbCtiEsuXzc6XJYxIVTg4BXLdXbFSjAzWbQIcl1lUrOOLq5ULbnM
        fWFfLkOalzlK/JkxIWE=
        -----END ENCRYPTED PRIVATE KEY-----

        """
    static let publicKey = "MCowBQYDK2VwAyEA4PGt1hS+ctrXBPHLVahCORer8W8lQ6cQN8o5zQ/zGlE="

    @Test("keys sealed with scrypt and with PBKDF2 are opened", arguments: [scrypt, pbkdf2])
    func foreign(_ pem: String) throws {
        let key = try SigningKey(pem: pem, passphrase: "correct horse")
        #expect(Base64.encode(key.verificationKey.spkiDER) == Self.publicKey)
        #expect(key.isExportable)
        #expect(throws: SigningError.wrongPassphrase) {
            try SigningKey(pem: pem, passphrase: "correct horsf")
        }
        #expect(throws: SigningError.passphraseNeeded) { try SigningKey(pem: pem) }
    }

    @Test("our files name AES-256-CBC and 600,000 rounds of PBKDF2 with HMAC-SHA-256")
    func parameters() throws {
        let pem = try SigningKey.generate(.ed25519).pem(passphrase: "correct horse")
        let body = pem.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
        let hex = Hex.encode(try #require(Base64.decode(body)))
        #expect(hex.contains("060960864801650304012a"), "AES-256-CBC")
        #expect(hex.contains("06092a864886f70d01050c"), "PBKDF2")
        #expect(hex.contains("06082a864886f70d0209"), "hmacWithSHA256")
        #expect(hex.contains("0203" + "0927c0"), "600,000")
    }

    @Test(
        "OpenSSL's command line opens our files",
        .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/openssl")),
        arguments: KeyKind.allCases)
    func commandLine(_ kind: KeyKind) throws {
        let key = try SigningKey.generate(kind)
        let file = FileManager.default.temporaryDirectory
            .appending(path: "countermark-\(UUID().uuidString).pem")
        try key.pem(passphrase: "correct horse").write(
            to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = [
            "pkey", "-in", file.path, "-passin", "pass:correct horse", "-pubout", "-outform", "DER",
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(Array(output) == key.verificationKey.spkiDER)
    }
}
