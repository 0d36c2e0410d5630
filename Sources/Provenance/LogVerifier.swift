import AnnotationModel
import Signing

/// Decides whether an entry may be stored in one organisation's log of one dataset.
///
/// The decision rests on the entry and its own log's past alone, so it is final: the form, the claims,
/// a certificate that the log itself introduced (`addKey`) under a pinned root of the organisation, and
/// the signature over the bytes as they came. Whether an entry counts is another question, which
/// ``Membership`` and ``Merge`` answer.
public struct LogVerifier: Sendable {
    /// The organisation whose log it is.
    public let member: Origin
    /// The dataset.
    public let dataset: DatasetID
    private let roots: [Certificate]
    private var keys: [Digest: VerificationKey] = [:]
    /// How often the log has introduced a key, the same one again included.
    private var introducedCount = 0
    /// Whether an entry verified since ``begin()`` changes who may read the log.
    public private(set) var changesReaders = false
    /// The public key of the log's checkpoints, once an entry introduced it.
    public private(set) var logKey: [UInt8]?

    /// A verifier that trusts an organisation's pinned roots.
    public init(member: Origin, dataset: DatasetID, roots: [Certificate]) {
        (self.member, self.dataset, self.roots) = (member, dataset, roots)
    }

    /// What a verified entry brought along.
    public struct Verified {
        /// The envelope.
        public let statement: COSESign1
        /// What it says, in the bytes that were verified.
        public let content: StoredChangeset.Content
        /// Governance acts with their positions.
        public let acts: [(position: Int, act: GovernanceAct)]
        /// The number of operations.
        public let operationCount: Int
        /// True if it brings a key: what follows has to be checked with it.
        public var introducesKey: Bool {
            acts.contains { if case .addKey = $0.act { true } else { false } }
        }
        /// True if it changes who may read the log.
        public var changesReaders: Bool {
            acts.contains { if case .setAudience = $0.act { true } else { false } }
        }
    }

    /// Takes a key that an earlier, stored entry of the log introduced.
    public mutating func trust(chain: [[UInt8]], logKey: [UInt8]?) throws(SigningError) {
        guard let first = chain.first else { return }
        let leaf = try Certificate(der: first)
        keys[leaf.fingerprint] = try leaf.verificationKey
        introducedCount += 1
        if self.logKey == nil { self.logKey = logKey }
    }

    /// Forgets whether the log's readers change: the entries of another checkpoint follow.
    public mutating func begin() { changesReaders = false }

    /// Checks one entry in all respects.
    ///
    /// - Throws: ``ProvenanceError/refused(log:index:_:)``.
    public mutating func verify(
        _ entry: UnsafeRawBufferPointer, index: UInt64, with verifier: COSEVerifier
    ) throws(ProvenanceError) -> Verified {
        do throws(ProvenanceError.Refusal) {
            return try check(entry, index, verifier)
        } catch {
            throw .refused(log: "\(member)/\(dataset)", index: index, error)
        }
    }

    private mutating func check(
        _ entry: UnsafeRawBufferPointer, _ index: UInt64, _ verifier: COSEVerifier
    ) throws(ProvenanceError.Refusal) -> Verified {
        let statement: COSESign1
        do throws(SigningError) {
            statement = try COSESign1.parse(entry)
        } catch {
            throw .statement(error)
        }
        guard statement.hasIssuer(member.description, in: entry) else {
            throw .otherClaims("the organisation \(statement.issuer(in: entry))")
        }
        guard statement.hasSubject(dataset.description, in: entry) else {
            throw .otherClaims("the dataset \(statement.subject(in: entry))")
        }
        guard statement.hasContentType(Changeset.contentType, in: entry) else {
            throw .otherClaims("other content")
        }
        if let place = statement.place, place.index != index { throw .otherPlace(place.index) }
        let view: ChangesetView
        let acts: [(position: Int, act: GovernanceAct)]
        do throws(AnnotationModelError) {
            view = try ChangesetView(statement.payload(in: entry))
            try view.check()
            acts = try view.acts()
        } catch {
            throw .payload(error)
        }
        if view.heads.contains(where: { $0.origin == member }) { throw .ownHead }
        guard let thumbprint = statement.certificateThumbprint else {
            throw .unknownSigner("(none)")
        }
        // The key may be one that this very entry introduces; a chain to a pinned root decides.
        let introduced = try introduce(acts, at: statement.issuedAt)
        guard let key = keys[thumbprint] ?? introduced[thumbprint] else {
            throw .unknownSigner(thumbprint.hex)
        }
        guard verifier.verify(statement, in: entry, with: key) else { throw .badSignature }
        keys.merge(introduced) { first, _ in first }
        for (_, act) in acts {
            if case .addKey(_, let key?) = act, logKey == nil { logKey = key }
        }
        let content = StoredChangeset.Content(
            time: statement.issuedAt ?? 0, signer: thumbprint, view: view, acts: acts)
        let verified = Verified(
            statement: statement, content: content, acts: acts,
            operationCount: view.operationCount)
        if verified.changesReaders { changesReaders = true }
        return verified
    }

    private mutating func introduce(
        _ acts: [(position: Int, act: GovernanceAct)], at time: Int64?
    ) throws(ProvenanceError.Refusal) -> [Digest: VerificationKey] {
        var keys: [Digest: VerificationKey] = [:]
        for (_, act) in acts {
            guard case .addKey(let chain, _) = act else { continue }
            if roots.isEmpty { throw .noPinnedRoot }
            introducedCount += 1
            guard introducedCount <= MemberLimits.keysMax else {
                throw .tooManyKeys(limit: MemberLimits.keysMax)
            }
            do throws(SigningError) {
                let leaf = try validated(chain, at: time ?? 0)
                keys[leaf.fingerprint] = try leaf.verificationKey
            } catch {
                throw .untrustedKey(error)
            }
        }
        return keys
    }

    private func validated(_ chain: [[UInt8]], at time: Int64) throws(SigningError) -> Certificate {
        var certificates: [Certificate] = []
        for der in chain { certificates.append(try Certificate(der: der)) }
        guard let leaf = certificates.first else { throw .invalidOrigin("") }
        guard leaf.speaks(for: member.description) else {
            throw .wrongOrigin(subject: leaf.subject, origin: member.description)
        }
        try CertificatePath.validate(
            leaf: leaf, intermediates: Array(certificates.dropFirst()), roots: roots, at: time,
            purpose: .signing)
        return leaf
    }
}
