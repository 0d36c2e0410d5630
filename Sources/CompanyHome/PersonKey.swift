import AnnotationModel
import Signing

/// A key of a person whose private half lies in a browser, with the certificate that the organisation issued.
public struct PersonKey: Sendable {
    /// The person, as it is called on this node.
    public let person: String
    /// The certificate first, then its issuers without the root.
    public let chain: [Certificate]
    /// When it was issued, in seconds since 1970.
    public let time: Int64

    /// The certificate.
    public var certificate: Certificate { chain[0] }
    /// The name that changesets give as their author: the mail address in the certificate.
    public var author: String { NodeIdentity.name(of: certificate) }

    package init?(person: String, chain: [Certificate], time: Int64) {
        if chain.isEmpty { return nil }
        (self.person, self.chain, self.time) = (person, chain, time)
    }
}

/// A key that a browser has made and nobody has approved yet.
public struct PersonKeyRequest: Sendable, Equatable {
    /// The person who asks.
    public let person: String
    /// 32 bytes, Ed25519.
    public let publicKey: [UInt8]
    /// When, in seconds since 1970.
    public let time: Int64
}
