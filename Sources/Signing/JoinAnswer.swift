import COpenSSL
import CanonicalCBOR

/// A newcomer's answer to an invitation: who it is, signed by its node, with the proof that it holds the
/// invitation.
///
/// The same text goes over the connection to the steward or by mail. It names the steward's certificate as
/// the newcomer knows it, so an answer to somebody in the middle is no answer to the steward.
public struct JoinAnswer: Sendable, Equatable {
    /// The media type of the signed payload.
    public static let contentType = "application/vnd.countermark.join+cbor"
    /// The version that is written and read.
    public static let version: UInt64 = 2
    /// The number of bytes of ``random``.
    public static let randomBytes = 16
    /// The longest text: a node's certificate, its issuers and a root, as base64.
    public static let textBytesMax = 49_152

    /// The newcomer's origin.
    public let org: String
    /// The dataset.
    public let dataset: String
    /// The nonce of the invitation that is answered.
    public let nonce: [UInt8]
    /// The steward's certificate as the newcomer sees it.
    public let steward: Digest
    /// The newcomer's certificate, then its issuers without the root.
    public let chain: [Certificate]
    /// The newcomer's root, which the steward is to pin.
    public let root: Certificate
    /// The key that signs the newcomer's checkpoints, Ed25519, 32 bytes: the steward makes it known to all members.
    public let logKey: [UInt8]
    /// Where the newcomer's node can be dialled; nil if only it dials.
    public let url: String?
    /// Fresh bytes, so that nobody can prepare certificates that give chosen words.
    public let random: [UInt8]
    /// The newcomer's ``JoinProof``.
    public let proof: Digest
    /// When it was made, in Unix time.
    public let answeredAt: Int64

    private static let armour = Armour(name: "ANSWER", bytesMax: textBytesMax)
    /// Version, nonce, steward, root, log key, url, random and proof.
    private static let partCount = 8

    /// The newcomer's certificate.
    public var certificate: Certificate { chain[0] }

    /// Answers an invitation.
    ///
    /// - Parameters:
    ///   - steward: the fingerprint of the steward's certificate: the one that came with the invitation.
    ///   - chain: the newcomer's certificate and its issuers without the root.
    ///   - logKey: the key of the newcomer's checkpoints, Ed25519, 32 bytes.
    ///   - url: where the newcomer's node can be dialled, if it can.
    /// - Returns: The answer, and its text signed with the newcomer's node key.
    /// - Throws: ``InvitationError`` if a reader would refuse it.
    public static func make(
        to invitation: Invitation, steward: Digest, org: String, chain: [Certificate],
        root: Certificate, logKey: [UInt8], url: String?, key: SigningKey, at time: Int64
    ) throws(InvitationError) -> (answer: JoinAnswer, text: String) {
        let random: [UInt8]
        do throws(SigningError) { random = try newRandom() } catch { throw .signature(error) }
        guard let leaf = chain.first else { throw .signature(.noCertificate) }
        var payload = CBOREncoder(capacity: 1_024)
        payload.arrayHead(partCount)
        payload.unsigned(version)
        payload.byteString(invitation.nonce)
        steward.withUnsafeBytes { payload.byteString($0) }
        payload.byteString(root.der)
        payload.byteString(logKey)
        if let url { payload.text(url) } else { payload.null() }
        payload.byteString(random)
        let message: [UInt8]
        do throws(SigningError) {
            let proof = try JoinProof(
                secret: invitation.secret, nonce: invitation.nonce, steward: steward,
                newcomer: leaf.fingerprint
            ).code(from: .newcomer)
            proof.withUnsafeBytes { payload.byteString($0) }
            let header = COSEHeader(
                contentType: contentType, issuer: org, subject: invitation.dataset, issuedAt: time,
                certificateThumbprint: nil, certificateChain: chain)
            message = try COSESign1.sign(payload: payload.bytes, header: header, key: key)
        } catch {
            throw .signature(error)
        }
        let text = armour.text(message)
        return (try open(text), text)
    }

    /// Fresh bytes for the words.
    ///
    /// - Throws: ``SigningError/openSSL(operation:reason:)``.
    public static func newRandom() throws(SigningError) -> [UInt8] {
        var random = [UInt8](repeating: 0, count: randomBytes)
        guard RAND_bytes(&random, Int32(random.count)) == 1 else {
            throw .lastFailure(of: "draw random numbers")
        }
        return random
    }

    /// Reads an answer: its signature, the path from its certificate to the root that it brings, and its
    /// origin hold afterwards.
    ///
    /// Whether it answers an invitation that is open, and whether the proof holds, only the steward
    /// knows.
    ///
    /// - Throws: ``InvitationError``.
    public static func open(_ text: String) throws(InvitationError) -> JoinAnswer {
        let bytes: [UInt8]
        do throws(Armour.Problem) {
            bytes = try armour.message(in: text)
        } catch {
            switch error {
            case .tooLong: throw .tooLong(bytes: text.utf8.count, limit: textBytesMax)
            case .missing, .several: throw .notAnAnswer
            case .damaged: throw .damaged
            }
        }
        let answer = try read(bytes)
        do throws(SigningError) {
            try CertificatePath.validate(
                leaf: answer.certificate, intermediates: Array(answer.chain.dropFirst()),
                roots: [answer.root], at: answer.answeredAt, purpose: .signing)
            guard answer.certificate.speaks(for: answer.org) else {
                throw SigningError.wrongOrigin(
                    subject: answer.certificate.subject, origin: answer.org)
            }
        } catch {
            throw .untrusted(error)
        }
        return answer
    }

    private static func read(_ bytes: [UInt8]) throws(InvitationError) -> JoinAnswer {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(InvitationError) in
                let message: COSESign1
                let chain: [Certificate]
                do throws(SigningError) {
                    message = try COSESign1.parse(bytes)
                    chain = try message.certificates(in: bytes)
                    guard let leaf = chain.first else {
                        throw SigningError.missingHeader(.certificateChain)
                    }
                    try COSEVerifier().check(message, in: bytes, with: try leaf.verificationKey)
                } catch {
                    throw InvitationError(reading: error)
                }
                guard message.hasContentType(contentType, in: bytes),
                    let time = message.issuedAt
                else { throw InvitationError.notAnAnswer }
                return try payload(
                    message.payload(in: bytes), org: message.issuer(in: bytes),
                    dataset: message.subject(in: bytes), chain: chain, time: time)
            }
        }
        return try result.get()
    }

    private static func payload(
        _ bytes: UnsafeRawBufferPointer, org: String, dataset: String, chain: [Certificate],
        time: Int64
    ) throws(InvitationError) -> JoinAnswer {
        var reader = CBORReader(bytes)
        try Invitation.checkVersion(&reader, version, partCount)
        let parts: (nonce: [UInt8], steward: Digest?, root: [UInt8], logKey: [UInt8])
        do throws(CBORError) {
            parts = (
                Array(try reader.byteString(count: Invitation.nonceBytes)),
                Digest(try reader.byteString(count: Digest.byteCount)),
                Array(try reader.byteString()),
                Array(try reader.byteString(count: 32))
            )
        } catch {
            throw .damaged
        }
        let url = try url(&reader)
        let random: [UInt8]
        let proof: Digest?
        do throws(CBORError) {
            random = Array(try reader.byteString(count: randomBytes))
            proof = Digest(try reader.byteString(count: Digest.byteCount))
            try reader.finish()
        } catch {
            throw .damaged
        }
        guard let steward = parts.steward, let proof else { throw .damaged }
        let root: Certificate
        do throws(SigningError) { root = try Certificate(der: parts.root) } catch {
            throw .unreadable(error)
        }
        return JoinAnswer(
            org: org, dataset: dataset, nonce: parts.nonce, steward: steward, chain: chain,
            root: root, logKey: parts.logKey, url: url, random: random, proof: proof,
            answeredAt: time)
    }

    private static func url(_ reader: inout CBORReader) throws(InvitationError) -> String? {
        let url: String
        do throws(CBORError) {
            if try reader.peek() == .null {
                try reader.null()
                return nil
            }
            url = try reader.text()
        } catch {
            throw .damaged
        }
        guard Invitation.isAddress(url) else {
            throw .badField("address", value: String(url.prefix(100)))
        }
        return url
    }
}

extension InvitationWords {
    /// Guesses at the words cost this many hashes each; an honest side waits for a tenth of a second.
    static let stretchRounds = 131_072

    /// The words of a pairing, equal on both sides if and only if both see the same certificates and
    /// roots, know the same secret, and have the same random bytes of both.
    ///
    /// Somebody who intercepts both mails cannot look for certificates that give the same words
    /// on both sides beforehand, because the random bytes are drawn late, and not while the companies
    /// wait, because every guess is dear.
    ///
    /// - Parameters:
    ///   - stewardRandom: what the steward drew; empty where the answer went by mail.
    /// - Throws: ``SigningError/openSSL(operation:reason:)``.
    public init(
        pairing nonce: [UInt8], secret: [UInt8], steward: Digest, stewardRoot: Digest,
        newcomer: Digest, newcomerRoot: Digest, newcomerRandom: [UInt8], stewardRandom: [UInt8]
    ) throws(SigningError) {
        let transcript =
            secret + steward.bytes + stewardRoot.bytes + newcomer.bytes + newcomerRoot.bytes
        let stretched = try MessageAuthentication.stretch(
            transcript, salt: nonce + newcomerRandom + stewardRandom, rounds: Self.stretchRounds)
        self.init(fingerprints: [steward, stewardRoot, newcomer, newcomerRoot], secret: stretched)
    }
}
