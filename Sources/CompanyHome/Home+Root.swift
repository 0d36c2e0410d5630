import AnnotationModel
import Foundation
import LogStorage
import PlainErrors
import Signing

extension Home {
    /// Puts a new authority of this organisation in the place of its own one.
    ///
    /// The old root stays behind the new one: what was signed below it is checked with it. Whoever checks this
    /// organisation needs both by then. A crash on the way leaves a home that signs as before; the same command
    /// finishes the work.
    ///
    /// - Parameters:
    ///   - keyText: the new authority's key, PEM or a PKCS #11 URI; kept where the old one was kept.
    ///   - passphrase: asked where the home's keys are encrypted.
    package func change(
        to authority: IssuingAuthority, keyText: String?, passphrase: () throws -> String
    ) throws {
        let roots = try certificates(in: "trust/ca.pem")
        if roots[0] == authority.root { return }
        let file = "\(path)/keys/ca.key"
        if let old = try WholeFile.read(file) {
            // One that comes out of another home carries that file's seal.
            guard let keyText = keyText.map({ Seal.open(Array($0.utf8)) ?? $0 }) else {
                throw NodeError(
                    .noAuthorityKey, kind: .usage,
                    "this home holds its authority's key, and the new one's is not given",
                    hint: "give --ca-key FILE, or move \(file) out of the home first")
            }
            let aside = "\(path)/keys/ca.\(roots[0].fingerprint.hex.prefix(8)).key"
            try Self.writeSecret(old, aside)
            let isPlain = try keyText.hasPrefix("pkcs11:") || !hasEncryptedKeys()
            let text =
                isPlain
                ? keyText
                : try ring.key(keyText, name: "the authority's key").pem(passphrase: passphrase())
            try Self.writeSecret(text, file)
        }
        try WholeFile.replace(
            "\(path)/trust/issuer.pem", with: authority.issuers.map(\.pem).joined())
        let known = roots.filter { $0 != authority.root }
        try WholeFile.replace(
            "\(path)/trust/ca.pem", with: ([authority.root] + known).map(\.pem).joined())
    }
}
