import AnnotationModel
import Signing

/// The six words by which a person and the operator compare a public key that a browser has made.
///
/// The browser computes them of its own key, the node of the key that came: whoever put another one in its place would
/// have to find one with the same words, and each try costs as many hashes as one with an invitation does.
public enum EnrolmentWords {
    /// As for invitations.
    static let rounds = 131_072

    /// The words of a key.
    ///
    /// - Parameter key: 32 bytes, Ed25519.
    /// - Throws: `SigningError`.
    public static func words(
        _ key: [UInt8], of person: String, at org: Origin
    ) throws -> InvitationWords {
        let salt = Array("countermark person words v1\n\(org)\n\(person)".utf8)
        let stretched = try MessageAuthentication.stretch(key, salt: salt, rounds: rounds)
        return InvitationWords(SHA256Hasher.hash(stretched))
    }
}
