import AnnotationModel
import Signing

/// A governance act of a stored entry, with what decides whether it takes effect.
public struct NotedAct: Sendable, Equatable {
    /// The certificate that an `addKey` introduces.
    public struct Introduced: Sendable, Equatable {
        /// SHA-256 of the certificate.
        public let fingerprint: Digest
        /// The first second of its validity, in Unix time.
        public let notBefore: Int64
        /// The last second.
        public let notAfter: Int64
    }

    /// Where it stands.
    public let operation: OperationKey
    /// The act.
    public let act: GovernanceAct
    /// The fingerprint of the certificate that signed the entry.
    public let signer: Digest?
    /// Seconds since 1970 as the signer claims.
    public let time: Int64
    /// The key that the act introduces.
    public let introduced: Introduced?

    /// An act of a stored entry.
    public init(_ operation: OperationKey, _ act: GovernanceAct, signer: Digest?, time: Int64) {
        (self.operation, self.act, self.signer, self.time) = (operation, act, signer, time)
        guard case .addKey(let chain, _) = act, let first = chain.first,
            // The verifier has read the certificate before the entry was stored.
            let leaf = try? Certificate(der: first)
        else {
            introduced = nil
            return
        }
        introduced = Introduced(
            fingerprint: leaf.fingerprint, notBefore: leaf.notBefore, notAfter: leaf.notAfter)
    }
}
