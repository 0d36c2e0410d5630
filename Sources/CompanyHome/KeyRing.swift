import Foundation
import PlainErrors
import Signing
import Synchronization

/// The private keys that a process has opened: decrypting one takes a fifth of a second, a security
/// module longer.
///
/// A key is opened again when its file has other bytes than before, so a rotation is noticed.
package final class KeyRing: Sendable {
    private struct Open {
        let text: Digest
        let key: SigningKey
    }

    private let keys = Mutex<[String: Open]>([:])
    private let passphrase = Mutex<String?>(nil)

    /// The passphrase that has opened a key file; nil where none was needed so far.
    var knownPassphrase: String? { passphrase.withLock { $0 } }

    /// The key that a text holds or names: PKCS #8 in PEM, encrypted or not, or a PKCS #11 URI.
    ///
    /// - Parameters:
    ///   - name: the file, for messages.
    ///   - find: gets the passphrase if one is needed.
    /// - Throws: ``NodeError`` or `SigningError`.
    package func key(
        _ text: String, name: String, find: (String) throws -> String? = Passphrase.keyFiles
    ) throws -> SigningKey {
        let digest = SHA256Hasher.hash(Array(text.utf8))
        if let known = keys.withLock({ $0[name] }), known.text == digest { return known.key }
        let key =
            text.hasPrefix("pkcs11:")
            ? try Self.moduleKey(text) : try fileKey(text, name: name, find: find)
        keys.withLock { $0[name] = Open(text: digest, key: key) }
        return key
    }

    private func fileKey(
        _ text: String, name: String, find: (String) throws -> String?
    ) throws -> SigningKey {
        guard text.contains("ENCRYPTED") else { return try SigningKey(pem: text) }
        // All of a home's files usually have one passphrase: nobody is asked twice.
        if let known = passphrase.withLock({ $0 }) {
            do throws(SigningError) {
                return try SigningKey(pem: text, passphrase: known)
            } catch {
                guard error == .wrongPassphrase else { throw error }
            }
        }
        guard let given = try find(name) else {
            throw NodeError(
                .passphraseNeeded, "\(name) is encrypted and there is no passphrase",
                hint: "set COUNTERMARK_PASSPHRASE, give --passphrase-file, or run at a terminal")
        }
        do throws(SigningError) {
            let key = try SigningKey(pem: text, passphrase: given)
            passphrase.withLock { $0 = given }
            return key
        } catch {
            guard error == .wrongPassphrase else { throw error }
            throw NodeError(
                .wrongPassphrase, "\(name) is encrypted with another passphrase",
                hint: "check COUNTERMARK_PASSPHRASE or the file that --passphrase-file names")
        }
    }

    /// The key behind `pkcs11:…`; the module's library may stand in it as `module-path` (RFC 7512 §2.4).
    private static func moduleKey(_ text: String) throws -> SigningKey {
        let line = text.prefix { !$0.isNewline }
        let parts = line.split(separator: "?", maxSplits: 1)
        var module: String?
        var others: [Substring] = []
        for attribute in parts.count > 1 ? parts[1].split(separator: "&") : [] {
            if attribute.hasPrefix("module-path=") {
                module = String(attribute.dropFirst(12)).removingPercentEncoding
            } else {
                others.append(attribute)
            }
        }
        let uri = String(parts[0]) + (others.isEmpty ? "" : "?" + others.joined(separator: "&"))
        let pin = try Passphrase.pin()
        do throws(SigningError) {
            return try SigningKey(uri: uri, pin: pin, module: module)
        } catch {
            guard case .keyNotReached(_, let reason) = error else { throw error }
            throw NodeError(
                .keyNotReached,
                "the security module does not give access to \(uri) (\(reason))",
                hint: "set COUNTERMARK_PIN or COUNTERMARK_PIN_FILE; is the module installed, and "
                    + "named by ?module-path= or OpenSSL's configuration?")
        }
    }
}
