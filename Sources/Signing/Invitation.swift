import COpenSSL
import CanonicalCBOR

/// An invitation to a dataset: one text that fits into a mail, signed by the steward's node.
///
/// It is a secret and a pin at once. The newcomer learns where the steward's node is and which root its
/// certificate has to chain to; the steward recognises the newcomer by the secret (``JoinProof``) and
/// accepts the nonce once. Whether the mail itself was forged, its signature cannot say, because the
/// key comes with it: for that the two compare ``InvitationWords``.
public struct Invitation: Sendable, Equatable {
    /// The media type of the signed payload.
    public static let contentType = "application/vnd.countermark.invitation+cbor"
    /// The version that is written and read.
    public static let version: UInt64 = 1
    /// The number of bytes of the secret.
    public static let secretBytes = 32
    /// The number of bytes of the nonce.
    public static let nonceBytes = 16
    /// The longest address.
    public static let urlBytesMax = 512
    /// The longest name of a role.
    public static let roleBytesMax = 32
    /// The longest text: a node's certificate and its issuers, as base64; mail carries that easily.
    public static let textBytesMax = 32_768
    /// Half a year: an invitation is answered soon or made anew.
    public static let lifetimeSecondsMax: Int64 = 183 * 86_400

    /// The steward's origin.
    public let steward: String
    /// Where the steward's node is.
    public let url: String
    /// The SHA-256 of the steward's root certificate.
    public let rootFingerprint: Digest
    /// The dataset, `owner/name`.
    public let dataset: String
    /// The role that is offered.
    public let role: String
    /// What only those who hold the invitation know.
    public let secret: [UInt8]
    /// The last second, in Unix time, in which it may be used.
    public let expiresAt: Int64
    /// When it was made, in Unix time.
    public let issuedAt: Int64
    /// What tells the invitation from all others, so that the steward can see that it was used.
    public let nonce: [UInt8]

    /// An invitation with a new secret and nonce.
    ///
    /// - Throws: ``InvitationError`` for parts that no reader would accept.
    public init(
        steward: String, url: String, rootFingerprint: Digest, dataset: String, role: String,
        issuedAt: Int64, expiresAt: Int64
    ) throws(InvitationError) {
        var random = [UInt8](repeating: 0, count: Self.secretBytes + Self.nonceBytes)
        guard RAND_bytes(&random, Int32(random.count)) == 1 else {
            throw .signature(.lastFailure(of: "draw random numbers"))
        }
        try self.init(
            steward: steward, url: url, rootFingerprint: rootFingerprint, dataset: dataset,
            role: role, secret: Array(random.prefix(Self.secretBytes)), issuedAt: issuedAt,
            expiresAt: expiresAt, nonce: Array(random.suffix(Self.nonceBytes)))
    }

    /// A new nonce.
    ///
    /// - Throws: ``InvitationError/signature(_:)``.
    public static func newNonce() throws(InvitationError) -> [UInt8] {
        var nonce = [UInt8](repeating: 0, count: nonceBytes)
        guard RAND_bytes(&nonce, Int32(nonceBytes)) == 1 else {
            throw .signature(.lastFailure(of: "draw random numbers"))
        }
        return nonce
    }

    /// An invitation with a given secret and nonce.
    ///
    /// - Throws: ``InvitationError`` for parts that no reader would accept.
    public init(
        steward: String, url: String, rootFingerprint: Digest, dataset: String, role: String,
        secret: [UInt8], issuedAt: Int64, expiresAt: Int64, nonce: [UInt8]
    ) throws(InvitationError) {
        self.steward = steward
        self.url = url
        self.rootFingerprint = rootFingerprint
        self.dataset = dataset
        self.role = role
        self.secret = secret
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.nonce = nonce
        try check()
    }

    /// Whether a text is the address of a node.
    static func isAddress(_ url: String) -> Bool {
        (1...urlBytesMax).contains(url.utf8.count) && url.hasPrefix("https://")
            && url.utf8.allSatisfy { (0x21...0x7e).contains($0) }
            && OriginRules.host(ofURI: url)?.isEmpty == false
    }

    private func check() throws(InvitationError) {
        guard OriginRules.isValid(steward) else { throw .badField("steward", value: steward) }
        guard Self.isAddress(url) else {
            throw .badField("address", value: String(url.prefix(100)))
        }
        guard (1...COSESign1.nameByteCountMax).contains(dataset.utf8.count),
            dataset.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), dataset.contains("/")
        else { throw .badField("dataset", value: String(dataset.prefix(100))) }
        guard (1...Self.roleBytesMax).contains(role.utf8.count),
            role.utf8.allSatisfy({ (0x61...0x7a).contains($0) || $0 == 0x2d })
        else { throw .badField("role", value: String(role.prefix(100))) }
        guard secret.count == Self.secretBytes, nonce.count == Self.nonceBytes else {
            throw .badField("secret or nonce", value: "\(secret.count) and \(nonce.count) bytes")
        }
        guard issuedAt >= 0, expiresAt > issuedAt,
            expiresAt - issuedAt <= Self.lifetimeSecondsMax
        else { throw .badField("lifetime", value: "from \(issuedAt) to \(expiresAt)") }
    }

    // MARK: Text

    private static let armour = Armour(name: "INVITATION", bytesMax: textBytesMax)
    /// Version, address, root, role, secret, expiry and nonce.
    private static let partCount = 7

    /// Signs the invitation and writes it as a text between two lines.
    ///
    /// - Parameters:
    ///   - key: the steward's node key.
    ///   - chain: its certificate and the issuers up to the root, which must be the pinned one.
    /// - Throws: ``InvitationError`` if a reader would refuse it.
    public func text(
        signedWith key: SigningKey, chain: [Certificate]
    ) throws(InvitationError) -> String {
        var payload = CBOREncoder(capacity: 256)
        payload.arrayHead(Self.partCount)
        payload.unsigned(Self.version)
        payload.text(url)
        rootFingerprint.withUnsafeBytes { payload.byteString($0) }
        payload.text(role)
        payload.byteString(secret)
        payload.integer(expiresAt)
        payload.byteString(nonce)
        let header = COSEHeader(
            contentType: Self.contentType, issuer: steward, subject: dataset, issuedAt: issuedAt,
            certificateThumbprint: nil, certificateChain: chain)
        let message: [UInt8]
        do throws(SigningError) {
            message = try COSESign1.sign(payload: payload.bytes, header: header, key: key)
        } catch {
            throw .signature(error)
        }
        let text = Self.armour.text(message)
        _ = try Invitation.open(text, at: issuedAt)
        return text
    }

    private static func message(in text: String) throws(InvitationError) -> [UInt8] {
        do throws(Armour.Problem) {
            return try armour.message(in: text)
        } catch {
            switch error {
            case .tooLong: throw .tooLong(bytes: text.utf8.count, limit: textBytesMax)
            case .missing: throw .notAnInvitation
            case .several: throw .severalInvitations
            case .damaged: throw .damaged
            }
        }
    }

    /// Reads an invitation and checks it at a moment.
    ///
    /// The signature, the certificate's path to the pinned root, its origin, and the lifetime all hold
    /// afterwards. Whether it was used already only the steward knows, by its ``nonce``.
    ///
    /// - Parameter time: Unix seconds.
    /// - Throws: ``InvitationError``.
    public static func open(
        _ text: String, at time: Int64
    ) throws(InvitationError) -> Invitation {
        try openWithChain(text, at: time).invitation
    }

    /// Reads an invitation as ``open(_:at:)`` does, with the certificates that came along: the steward's
    /// own first, its pinned root last.
    ///
    /// - Throws: ``InvitationError``.
    public static func openWithChain(
        _ text: String, at time: Int64
    ) throws(InvitationError) -> (invitation: Invitation, chain: [Certificate]) {
        let bytes = try message(in: text)
        let (invitation, chain) = try read(bytes)
        guard let leaf = chain.first, let root = chain.last, chain.count > 1,
            root.fingerprint == invitation.rootFingerprint
        else { throw .otherRoot(pinned: invitation.rootFingerprint) }
        do throws(SigningError) {
            // At the moment of signing: the node's certificate may be renewed before an answer comes.
            try CertificatePath.validate(
                leaf: leaf, intermediates: Array(chain[1..<(chain.count - 1)]), roots: [root],
                at: invitation.issuedAt, purpose: .signing)
            guard leaf.speaks(for: invitation.steward) else {
                throw SigningError.wrongOrigin(subject: leaf.subject, origin: invitation.steward)
            }
        } catch {
            throw .untrusted(error)
        }
        guard time <= invitation.expiresAt else { throw .expired(at: invitation.expiresAt) }
        guard time >= invitation.issuedAt - CertificateAuthority.clockToleranceSeconds else {
            throw .notYetValid(from: invitation.issuedAt)
        }
        return (invitation, chain)
    }

    /// Reads a message whose signature fits the certificate that it carries.
    private static func read(
        _ bytes: [UInt8]
    ) throws(InvitationError) -> (Invitation, [Certificate]) {
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
                    let issuedAt = message.issuedAt
                else { throw InvitationError.notAnInvitation }
                let invitation = try payload(
                    message.payload(in: bytes), steward: message.issuer(in: bytes),
                    dataset: message.subject(in: bytes), issuedAt: issuedAt)
                return (invitation, chain)
            }
        }
        return try result.get()
    }

    /// Reads the head and the version, which stands first because a later one may have more parts.
    static func checkVersion(
        _ reader: inout CBORReader, _ expected: UInt64, _ partCount: Int
    ) throws(InvitationError) {
        let count: Int
        let version: UInt64
        do throws(CBORError) {
            count = try reader.arrayHead()
            version = try reader.unsigned()
        } catch {
            throw .damaged
        }
        guard version == expected else { throw .otherVersion(found: version) }
        guard count == partCount else { throw .damaged }
    }

    private static func payload(
        _ bytes: UnsafeRawBufferPointer, steward: String, dataset: String, issuedAt: Int64
    ) throws(InvitationError) -> Invitation {
        var reader = CBORReader(bytes)
        try checkVersion(&reader, version, partCount)
        let url: String
        let root: Digest?
        let role: String
        let secret: [UInt8]
        let expiresAt: Int64
        let nonce: [UInt8]
        do throws(CBORError) {
            url = try reader.text()
            root = Digest(try reader.byteString(count: Digest.byteCount))
            role = try reader.text()
            secret = Array(try reader.byteString(count: secretBytes))
            expiresAt = try reader.integer()
            nonce = Array(try reader.byteString(count: nonceBytes))
            try reader.finish()
        } catch {
            throw .damaged
        }
        guard let root else { throw .damaged }
        return try Invitation(
            steward: steward, url: url, rootFingerprint: root, dataset: dataset, role: role,
            secret: secret, issuedAt: issuedAt, expiresAt: expiresAt, nonce: nonce)
    }
}

extension Invitation: CustomStringConvertible, CustomReflectable {
    /// What it is for; never the secret, which would end up in a log.
    public var description: String {
        "invitation \(Hex.encode(nonce)) of \(steward) to \(dataset) as \(role) until \(expiresAt)"
    }

    /// What debuggers and test failures show.
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}
