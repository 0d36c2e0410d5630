import Signing

/// How much of a log a witness has cosigned: all that it has to remember.
public struct WitnessedTree: Sendable, Equatable {
    /// The number of entries.
    public let size: UInt64
    /// The root at that size.
    public let root: Digest

    /// A log of which nothing was cosigned yet.
    public static let none = WitnessedTree(size: 0, root: TreeHasher.emptyRoot)

    /// A cosigned tree.
    public init(size: UInt64, root: Digest) { (self.size, self.root) = (size, root) }
}

/// What a witness answers where it cosigns.
public struct WitnessAnswer: Sendable, Equatable {
    /// The body to send: one signature line with its newline.
    public let body: [UInt8]
    /// What the witness has to remember from now on.
    public let tree: WitnessedTree
    /// The checkpoint that was cosigned.
    public let checkpoint: Checkpoint
}

/// Cosigns checkpoints that extend what it has cosigned before, and no others (C2SP tlog-witness).
///
/// It keeps nothing itself. Reading what was cosigned last, deciding, and making ``WitnessAnswer/tree``
/// durable have to be one step under one lock, and the answer may be sent only after it: otherwise
/// two requests in flight could take the witness back to a smaller tree.
public struct Witness: Sendable {
    /// The key's name and public half, for those who check the cosignatures.
    public let verifier: NoteVerifier
    private let key: SigningKey

    /// A witness.
    ///
    /// - Parameter key: an Ed25519 key that signs nothing but cosignatures.
    /// - Throws: ``TransparencyLogError/badVerifierKey(_:)`` for another kind of key or a name that a
    ///   note cannot carry.
    public init(name: String, key: SigningKey) throws(TransparencyLogError) {
        guard let publicKey = key.verificationKey.ed25519Bytes else { throw .badVerifierKey(name) }
        verifier = try NoteVerifier(name: name, kind: .cosignature, publicKey: publicKey)
        self.key = key
    }

    /// Decides about a request.
    ///
    /// - Parameters:
    ///   - request: what was asked.
    ///   - origin: the log that the request was looked up under.
    ///   - logKeys: the keys that may sign for that log; no other signature counts.
    ///   - latest: what was cosigned last, ``WitnessedTree/none`` for nothing.
    ///   - time: seconds since 1970, above zero.
    /// - Throws: ``WitnessRefusal`` in the order of the specification; nothing has to be remembered.
    public func answer(
        _ request: AddCheckpointRequest, origin: String, logKeys: [NoteVerifier],
        latest: WitnessedTree, time: Int64
    ) throws(WitnessRefusal) -> WitnessAnswer {
        let (note, checkpoint) = try Self.signedCheckpoint(
            request.note, origin: origin, logKeys: logKeys)
        guard request.oldSize <= checkpoint.size else {
            throw .oldSizeAbove(old: request.oldSize, size: checkpoint.size)
        }
        guard request.oldSize == latest.size else { throw .otherSize(latest: latest.size) }
        try Self.check(request.proof, from: latest, to: checkpoint)
        guard time > 0 else { throw .clockNotSet(time: time) }
        let line: [UInt8]
        do throws(SigningError) {
            line = try SignedNote.cosignatureLine(
                note.text, time: time, keyID: verifier.keyID, name: verifier.name, key: key)
        } catch {
            throw .signing(error)
        }
        return WitnessAnswer(
            body: line, tree: WitnessedTree(size: checkpoint.size, root: checkpoint.root),
            checkpoint: checkpoint)
    }

    private static func signedCheckpoint(
        _ bytes: [UInt8], origin: String, logKeys: [NoteVerifier]
    ) throws(WitnessRefusal) -> (SignedNote, Checkpoint) {
        let note: SignedNote
        do throws(TransparencyLogError) { note = try SignedNote(bytes) } catch {
            throw .malformed(error)
        }
        let claimed = note.text.prefix { $0 != 0x0a }
        guard claimed.elementsEqual(origin.utf8) else {
            throw .unknownLog(origin: String(decoding: claimed.prefix(200), as: UTF8.self))
        }
        let checkpoint = Result { () throws(TransparencyLogError) in
            try Checkpoint(text: note.text)
        }
        // An impossible root is the signer's fault and answered after the signature; a text that is no
        // checkpoint at all is malformed whoever signed it.
        if case .failure(let error) = checkpoint, !error.isEmptyTreeWithRoot {
            throw .malformed(error)
        }
        do throws(TransparencyLogError) {
            try note.verify(logKeys.filter { $0.kind == .ed25519 })
        } catch {
            throw .notSigned(error)
        }
        do throws(TransparencyLogError) { return (note, try checkpoint.get()) } catch {
            throw .badProof(error)
        }
    }

    private static func check(
        _ proof: [Digest], from latest: WitnessedTree, to checkpoint: Checkpoint
    ) throws(WitnessRefusal) {
        if latest.size == checkpoint.size, latest.root != checkpoint.root {
            throw .otherRoot(
                size: latest.size, cosigned: latest.root, received: checkpoint.root)
        }
        if latest.size == 0 {
            guard proof.isEmpty else { throw .badProof(.proofLength(hashes: proof.count)) }
            return
        }
        do throws(TransparencyLogError) {
            try MerkleProof.verifyConsistency(
                proof, old: latest.size, new: checkpoint.size, oldRoot: latest.root,
                newRoot: checkpoint.root)
        } catch {
            throw .badProof(error)
        }
    }
}

/// Why a witness does not cosign, with the status of the answer.
public enum WitnessRefusal: Error, Equatable, Sendable {
    /// A request or a checkpoint that cannot be read.
    case malformed(TransparencyLogError)
    /// A log that the witness does not follow.
    case unknownLog(origin: String)
    /// No signature of the log's key, or one that does not hold.
    case notSigned(TransparencyLogError)
    /// A request that begins beyond the checkpoint's own size.
    case oldSizeAbove(old: UInt64, size: UInt64)
    /// A request that begins at another size than the witness has cosigned last.
    case otherSize(latest: UInt64)
    /// A proof that does not lead from what was cosigned to the checkpoint.
    case badProof(TransparencyLogError)
    /// Another root at the size that was cosigned: with both checkpoints this is evidence of a fork.
    case otherRoot(size: UInt64, cosigned: Digest, received: Digest)
    /// A clock that stands before 1970, which a cosignature cannot say.
    case clockNotSet(time: Int64)
    /// The witness's own key fails.
    case signing(SigningError)

    /// The HTTP status of the answer.
    public var status: Int {
        switch self {
        case .malformed, .oldSizeAbove: 400
        case .notSigned: 403
        case .unknownLog: 404
        case .otherSize: 409
        case .badProof, .otherRoot: 422
        case .clockNotSet, .signing: 500
        }
    }

    /// Whether the witness itself fails: its operator has to learn why, and whoever asks only that.
    public var isOfWitness: Bool { status == 500 }

    /// The media type of the answer.
    public var contentType: String {
        if case .otherSize = self { return "text/x.tlog.size" }
        return "text/plain; charset=utf-8"
    }

    /// The body of the answer: the size for a client that has to begin elsewhere, a text otherwise.
    public var body: String {
        if case .otherSize(let latest) = self { return "\(latest)\n" }
        return description + "\n"
    }
}

extension WitnessRefusal: CustomStringConvertible {
    /// What happened, with the figures, and what to do.
    public var description: String {
        switch self {
        case .malformed(let error): "\(error); send it as tlog-witness has it"
        case .unknownLog(let origin):
            "the log \(origin) is not followed here; ask the witness's operator to add it"
        case .notSigned(let error): "\(error); send a checkpoint that the log's key signed"
        case .oldSizeAbove(let old, let size):
            "the old size \(old) is above the checkpoint's size \(size); exchange them"
        case .otherSize(let latest):
            "\(latest) entries were cosigned last; send a proof from that size"
        case .badProof(let error): "\(error); send the proof from the size cosigned last"
        case .otherRoot(let size, let cosigned, let received):
            "at \(size) entries the root \(cosigned.base64) was cosigned, and now \(received.base64) is "
                + "signed: the log has forked; keep both checkpoints as evidence"
        case .clockNotSet(let time):
            "the witness's clock says \(time) seconds since 1970; set it"
        case .signing(let error): "the witness cannot sign: \(error)"
        }
    }
}

extension TransparencyLogError {
    fileprivate var isEmptyTreeWithRoot: Bool {
        if case .emptyTreeWithRoot = self { return true }
        return false
    }
}
