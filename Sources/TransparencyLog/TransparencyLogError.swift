import Signing

/// Why a log's bytes, a proof or a checkpoint are refused.
public enum TransparencyLogError: Error, Equatable, Sendable {
    /// A name that no log can have.
    case badLogOrigin(String)
    /// An index that the tree does not have.
    case indexBeyondSize(index: UInt64, size: UInt64)
    /// A proof with another number of hashes than its sizes call for.
    case proofLength(hashes: Int)
    /// A proof that leads to another root.
    case rootMismatch(expected: Digest, computed: Digest)
    /// Sizes that no consistency proof can connect.
    case sizesDoNotAscend(old: UInt64, new: UInt64)
    /// A path that names no tile.
    case badTilePath(String)
    /// An entry bundle that is cut, too long or of another number of entries.
    case badBundle(entry: Int, why: String)
    /// An entry larger than sixteen bits can count.
    case entryTooLarge(bytes: Int, max: Int)
    /// A note that is not of the signed-note form.
    case badNote(why: String)
    /// A note that none of the known keys signed.
    case noKnownSignature
    /// A known key's signature that does not hold.
    case badSignature(key: String)
    /// A verifier key that is not of the form `name+hash+key`.
    case badVerifierKey(String)
    /// A note's text that is not a checkpoint.
    case badCheckpoint(why: String)
    /// A checkpoint of another log.
    case otherOrigin(expected: String, found: String)
    /// A checkpoint of size 0 whose root is not that of the empty tree.
    case emptyTreeWithRoot(Digest)
    /// A request to a witness that is not of the tlog-witness form.
    case badRequest(why: String)
    /// A witness policy that is not of the tlog-policy form, or that nothing can fulfil.
    case badPolicy(line: Int, why: String)
    /// A checkpoint that too few of the trusted witnesses have cosigned.
    case quorumMissing(signed: Int, known: Int)
    /// A proof file that is not of the tlog-proof form.
    case badProofFile(why: String)
    /// A COSE receipt whose message or signature is refused.
    case badReceipt(SigningError)
    /// A receipt that proves something else than what was asked for.
    case otherReceipt(why: String)
    /// A file of evidence that is not of its form.
    case badEvidence(why: String)
    /// Two checkpoints that one honest log can have signed.
    case noEquivocation(why: String)
}

extension TransparencyLogError: CustomStringConvertible {
    /// One line: what happened, with the figures.
    public var description: String {
        switch self {
        case .badLogOrigin(let name): "\"\(name)\" is not the name of a log"
        case .indexBeyondSize(let index, let size): "index is beyond size: \(index) >= \(size)"
        case .proofLength(let hashes): "a proof of \(hashes) hashes does not fit its sizes"
        case .rootMismatch(let expected, let computed):
            "the root is \(computed.base64), not \(expected.base64)"
        case .sizesDoNotAscend(let old, let new): "no proof leads from size \(old) to \(new)"
        case .badTilePath(let path): "\"\(path)\" names no tile"
        case .badBundle(let entry, let why): "the entry bundle is broken at entry \(entry): \(why)"
        case .entryTooLarge(let bytes, let max): "an entry of \(bytes) bytes, the limit is \(max)"
        case .badNote(let why): "the signed note is malformed: \(why)"
        case .noKnownSignature: "no known key signed the note"
        case .badSignature(let key): "the signature of \(key) does not hold"
        case .badVerifierKey(let text): "\"\(text.prefix(80))\" is not a verifier key"
        case .badCheckpoint(let why): "the checkpoint is malformed: \(why)"
        case .otherOrigin(let expected, let found):
            "the checkpoint is of \(found), not of \(expected)"
        default: fileDescription
        }
    }

    private var fileDescription: String {
        switch self {
        case .emptyTreeWithRoot(let root):
            "the checkpoint counts no entries, and its root \(root.base64) is not the empty tree's"
        case .badRequest(let why): "the request to the witness is malformed: \(why)"
        case .badPolicy(let line, let why): "line \(line) of the witness policy is refused: \(why)"
        case .quorumMissing(let signed, let known):
            "\(signed) of \(known) known witnesses cosigned the checkpoint, and the policy asks for "
                + "more; fetch it again later or ask another witness"
        case .badProofFile(let why): "the proof file is malformed: \(why); ask for it again"
        case .badReceipt(let error): "the receipt is refused: \(error)"
        case .otherReceipt(let why): "the receipt does not prove what it should: \(why)"
        case .badEvidence(let why): "the file of evidence is malformed: \(why); ask for it again"
        case .noEquivocation(let why):
            "the two checkpoints show no fork: \(why); an honest log can have signed both"
        default: ""
        }
    }
}
