import AnnotationModel
import CompanyHome
import Provenance
import Signing

/// Whose key signed an entry, as its certificate says it.
public struct EntrySigner: Sendable, Equatable {
    /// What a certificate stands for.
    public enum Kind: String, Sendable {
        /// A company's node: the author that its entries name is the node's word.
        case node
        /// A person, by mail address: the entry is this person's own word.
        case person
        /// A tool, by a URI.
        case tool
    }

    /// What the certificate stands for.
    public let kind: Kind
    /// The name in it for people.
    public let name: String

    /// What a certificate says: one that also names a machine is a node's.
    public init(_ certificate: Certificate) {
        kind =
            !certificate.dnsNames.isEmpty
            ? .node
            : !certificate.emails.isEmpty ? .person : certificate.uris.isEmpty ? .node : .tool
        name = NodeIdentity.name(of: certificate)
    }
}

extension Node {
    /// Whose key has a fingerprint that a log's entry names; nil where the log has introduced none.
    public func signer(
        _ fingerprint: Digest, in log: Origin, _ dataset: DatasetID
    ) throws -> EntrySigner? {
        try read(dataset) { merge in
            let chains = merge.state.number(log).flatMap { merge.state.chains[$0] } ?? []
            let leaf = chains.lazy.compactMap(\.first)
                .first { SHA256Hasher.hash($0) == fingerprint }
            return try leaf.map { EntrySigner(try Certificate(der: $0)) }
        }
    }
}
