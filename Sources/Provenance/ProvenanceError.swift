import AnnotationModel
import Signing

/// What a merge or a verification could not go on with.
public enum ProvenanceError: Error, Equatable, Sendable {
    /// A row names a log that the state does not know: the derived tables are damaged.
    case unknownLog(Int)
    /// A row names an item that the table does not have: the derived tables are damaged.
    case unknownItem(Int64)
    /// An entry that must not be stored.
    case refused(log: String, index: UInt64, Refusal)

    /// Why an entry must not be stored.
    public enum Refusal: Error, Equatable, Sendable {
        /// It is not a signed statement of the profile.
        case statement(SigningError)
        /// The payload is not a changeset.
        case payload(AnnotationModelError)
        /// The claims speak of another organisation, dataset or content.
        case otherClaims(String)
        /// No certificate of the log has the thumbprint.
        case unknownSigner(String)
        /// The signature does not hold.
        case badSignature
        /// The certificate that an `addKey` brings leads to no pinned root.
        case untrustedKey(SigningError)
        /// No root is pinned for the organisation.
        case noPinnedRoot
        /// It cites its own log, of which an author has always merged everything.
        case ownHead
        /// Its signer has signed it for another place in the log.
        case otherPlace(UInt64)
        /// The log has introduced as many keys as one log may.
        case tooManyKeys(limit: Int)
    }
}

extension ProvenanceError: CustomStringConvertible {
    /// One line: what happened and what to do.
    public var description: String {
        switch self {
        case .unknownLog(let number):
            "the label table names log \(number), which is not known; run countermark rebuild"
        case .unknownItem(let id):
            "the label table names item \(id), which is not there; run countermark rebuild"
        case .refused(let log, let index, let refusal):
            "entry \(index) of \(log) is refused: \(refusal)"
        }
    }
}

extension ProvenanceError.Refusal: CustomStringConvertible {
    /// What is wrong with the entry.
    public var description: String {
        switch self {
        case .statement(let error): "\(error)"
        case .payload(let error): "\(error)"
        case .otherClaims(let what): "its claims speak of \(what)"
        case .unknownSigner(let thumbprint):
            "no certificate in the log has the thumbprint \(thumbprint)"
        case .badSignature: "its signature does not hold"
        case .untrustedKey(let error): "its key cannot be trusted: \(error)"
        case .ownHead: "it cites its own log"
        case .otherPlace(let index): "it was signed to be entry \(index)"
        case .tooManyKeys(let limit): "the log would introduce more than \(limit) signing keys"
        case .noPinnedRoot: "no root is pinned for the organisation; run countermark partner add"
        }
    }
}
