import AnnotationModel
import Foundation
import LogStorage
import PlainErrors
import Signing

/// How a new home comes by its keys.
public struct KeyPlan: Sendable {
    /// The type of the keys that are made.
    public var kind = KeyKind.ed25519
    /// The company's own authority; nil makes a root.
    public var authority: IssuingAuthority?
    /// The node's key as a text, PEM or a PKCS #11 URI; nil makes one.
    public var nodeKey: String?
    /// The node's certificate and its issuers, from the company's own PKI; nil issues one.
    public var nodeChain: [Certificate]?
    /// Encrypts the key files that are made; nil leaves them plain.
    public var passphrase: String?

    /// New plain Ed25519 keys under a new root.
    public init() {}
}

extension Home {
    /// A key that the operator names: PEM, perhaps encrypted, or a PKCS #11 URI.
    package func signingKey(_ text: String, name: String) throws -> SigningKey {
        try ring.key(text, name: name)
    }

    package static let nodeKeyFile = "keys/node.key"
    package static let witnessKeyFile = "keys/witness.key"
    /// The key that the next certificate has, until the change is done.
    package static let nextNodeKeyFile = "keys/node.next.key"

    /// Makes a home's keys and certificates.
    static func makeKeys(
        _ plan: KeyPlan, path: String, origin: Origin, ring: KeyRing, time: Int64
    ) throws {
        let name = origin.description
        var authority = plan.authority
        if authority == nil {
            let own = try CertificateAuthority.create(origin: name, kind: plan.kind, at: time)
            try writeSecret(own.key.pem(passphrase: plan.passphrase), "\(path)/keys/ca.key")
            authority = IssuingAuthority(own)
        }
        guard let authority else { return }
        let key: SigningKey
        let text: String
        if let given = plan.nodeKey {
            key = try ring.key(given, name: "the node's key")
            text =
                given.hasPrefix("pkcs11:") || plan.passphrase == nil
                ? given : try key.pem(passphrase: plan.passphrase)
        } else {
            key = try SigningKey.generate(plan.kind)
            text = try key.pem(passphrase: plan.passphrase)
        }
        let chain =
            try plan.nodeChain ?? authority.issueNode(name, key: key.verificationKey, at: time)
        let identity = try NodeIdentity(
            chain: chain, key: key, root: authority.root, origin: name, at: time)
        let logKey = try SigningKey.generate(.ed25519)
        try writeSecret(text, "\(path)/\(nodeKeyFile)")
        try writeSecret(try logKey.pem(passphrase: plan.passphrase), "\(path)/keys/log.key")
        try writeSecret(
            try SigningKey.generate(.ed25519).pem(passphrase: plan.passphrase),
            "\(path)/\(witnessKeyFile)")
        try WholeFile.replace("\(path)/trust/ca.pem", with: authority.root.pem)
        try WholeFile.replace(
            "\(path)/trust/issuer.pem", with: authority.issuers.map(\.pem).joined())
        try WholeFile.replace(
            "\(path)/trust/own.pem", with: identity.chain.map(\.pem).joined())
    }

    package static func writeSecret(_ text: String, _ path: String, isSealed: Bool = true) throws {
        try WholeFile.replace(path, with: text, mode: 0o600, isSealed: isSealed)
    }

    /// The key in one of the home's files, or in the module that the file names.
    ///
    /// - Throws: ``NodeError``.
    public func key(inFile file: String) throws -> SigningKey {
        let text = try read(file)
        do {
            return try ring.key(text, name: "\(path)/\(file)")
        } catch let error as SigningError {
            throw NodeError(
                .damagedFile,
                "\(path)/\(file) holds no key that can be used: "
                    + PlainError.line(error),
                hint: "restore it from a backup")
        }
    }

    /// What this node shows and signs with.
    ///
    /// A rotation replaces the certificate first: then the key that fits it is in the other file.
    public func identity() throws -> NodeIdentity {
        var chain = try certificates(in: "trust/own.pem")
        while true {
            if let used = try usedKey(of: chain[0]) {
                return NodeIdentity(unchecked: chain, key: used.key)
            }
            // Another process may have changed the key between the two looks.
            let present = try certificates(in: "trust/own.pem")
            if present == chain { break }
            chain = present
        }
        throw NodeError(
            .missingFile,
            "no key in \(path)/keys belongs to the certificate in trust/own.pem",
            hint:
                "restore keys/node.key from a backup, or run countermark key rotate: it makes a new one"
        )
    }

    /// The file with the key that belongs to a certificate, and the key; nil if there is none.
    private func usedKey(of certificate: Certificate) throws -> (file: String, key: SigningKey)? {
        // A change that ends meanwhile takes the next one's file away when the key has its place.
        for file in [Self.nodeKeyFile, Self.nextNodeKeyFile, Self.nodeKeyFile] {
            guard try DurableFile.isThere("\(path)/\(file)") else { continue }
            let key: SigningKey
            do {
                key = try self.key(inFile: file)
            } catch let error as NodeError where error.code == .missingFile {
                continue
            }
            if try certificate.verificationKey == key.verificationKey { return (file, key) }
        }
        return nil
    }

    /// Runs `body` while no other process changes the home's keys and certificates.
    ///
    /// A change replaces several files that belong together: of two at once, each would remove what the other needs.
    ///
    /// - Parameter isReading: Whether `body` only reads them, which it does of a home that takes no lock file, too.
    /// - Throws: ``NodeError`` where another process is at it for too long.
    package func holdingKeys<R>(isReading: Bool = false, _ body: () throws -> R) throws -> R {
        try WholeFile.locked(
            "\(path)/keys/node.lock", seconds: Home.lockTimeoutSeconds, mayBeReadOnly: isReading,
            body)
    }

    /// Puts the key in its place that a rotation which was ended has left in the next one's: another rotation writes
    /// there.
    package func finishKeyChange() throws {
        guard try DurableFile.isThere("\(path)/\(Self.nextNodeKeyFile)"),
            try usedKey(of: certificate())?.file == Self.nextNodeKeyFile
        else { return }
        try Self.writeSecret(read(Self.nextNodeKeyFile), "\(path)/\(Self.nodeKeyFile)")
        try WholeFile.remove("\(path)/\(Self.nextNodeKeyFile)")
    }

    /// This node's certificate.
    public func certificate() throws -> Certificate {
        try certificates(in: "trust/own.pem")[0]
    }

    /// The organisation's root: the newest, where it has been renewed and older ones stand behind it.
    public func root() throws -> Certificate { try certificates(in: "trust/ca.pem")[0] }

    /// The key that signs changesets and opens TLS.
    public func nodeKey() throws -> SigningKey { try identity().key }

    /// The key that signs checkpoints.
    public func logKey() throws -> SigningKey { try key(inFile: "keys/log.key") }

    /// The secret of the invitation with a nonce, which each node of this company can compute and nobody else.
    ///
    /// It follows from a signature by the key that signs checkpoints: an Ed25519 signature of a message is always the
    /// same (RFC 8032 §5.1.6), and this message is signed for nothing else.
    package func invitationSecret(_ nonce: String) throws -> [UInt8] {
        let key = try logKey()
        guard key.kind == .ed25519 else {
            throw NodeError(
                .damagedFile, "\(path)/keys/log.key is no Ed25519 key",
                hint: "restore it from a backup")
        }
        let secret = try key.sign(Array("countermark company secret v1\n\(origin)\n".utf8))
        return try MessageAuthentication.code(
            of: Array("invitation \(nonce)".utf8), secret: secret
        ).bytes
    }

    /// The key that cosigns partners' checkpoints and signs nothing else.
    ///
    /// A home that has none, made before there were witnesses, gets one.
    public func witnessKey() throws -> SigningKey {
        let file = "\(path)/\(Self.witnessKeyFile)"
        if try !DurableFile.isThere(file) {
            let made = try SigningKey.generate(.ed25519)
            // Opening the log's key tries the passphrase before anything is encrypted with it.
            _ = try logKey()
            let passphrase = try hasEncryptedKeys() ? ring.knownPassphrase : nil
            try WholeFile.create(file, with: try made.pem(passphrase: passphrase), mode: 0o600)
        }
        // Where another process was first, its key is the one.
        return try key(inFile: Self.witnessKeyFile)
    }

    /// The organisation's authority.
    ///
    /// - Parameter keyText: Its key, PEM or a PKCS #11 URI, where the home does not hold it.
    /// - Throws: ``NodeError`` if the key is not at hand.
    public func authority(keyText: String? = nil) throws -> IssuingAuthority {
        let key: SigningKey
        if let keyText {
            key = try ring.key(keyText, name: "the authority's key")
        } else if try DurableFile.isThere("\(path)/keys/ca.key") {
            key = try self.key(inFile: "keys/ca.key")
        } else {
            throw NodeError(
                .noAuthorityKey, "the key of the organisation's authority is not here",
                hint: "give --ca-key FILE, or a certificate that your PKI has issued")
        }
        let root = try root()
        let file = "\(path)/trust/issuer.pem"
        let issuers =
            try WholeFile.read(file).flatMap {
                $0.isEmpty ? nil : try knownCertificates.all(pem: $0)
            } ?? []
        return try IssuingAuthority(
            certificate: issuers.first ?? root, key: key, above: issuers + [root])
    }

    /// Whether the home's key files are encrypted.
    public func hasEncryptedKeys() throws -> Bool {
        try read("keys/log.key").contains("ENCRYPTED")
    }
}

extension IssuingAuthority {
    /// Issues a node's certificate; returns it with the issuers that travel along.
    package func issueNode(
        _ origin: String, key: VerificationKey, at time: Int64
    ) throws -> [Certificate] {
        [try issuing().issueNode(origin: origin, key: key, at: time)] + issuers
    }

    /// The authority, if its key is at hand.
    func issuing() throws -> CertificateAuthority {
        guard let authority else {
            throw NodeError(
                .noAuthorityKey, "the key of the organisation's authority is not here",
                hint: "give --ca-key FILE, or a certificate that your PKI has issued")
        }
        return authority
    }
}

extension Home {
    /// A person's certificate and the files that it was written to.
    public struct IssuedPerson: Sendable {
        /// The certificate.
        public let certificate: Certificate
        /// The certificate and its issuers, PEM.
        public let certFile: String
        /// The key, PEM (0600).
        public let keyFile: String
    }

    /// Makes a key for a person and issues its certificate.
    ///
    /// - Parameters:
    ///   - email: an address in this organisation's domain.
    ///   - passphrase: encrypts the key file; nil leaves it plain.
    /// - Throws: ``NodeError`` or `SigningError`.
    public func issuePerson(
        email: String, kind: KeyKind, caKeyText: String?, passphrase: String?, folder: String,
        at time: Int64
    ) throws -> IssuedPerson {
        // What the person's name is can be anybody's; the domain decides for whom he speaks.
        let parts = email.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }),
            email.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), !email.contains("/")
        else { throw SigningError.invalidSubjectName(email) }
        let authority = try authority(keyText: caKeyText)
        let key = try SigningKey.generate(kind)
        let certificate = try authority.issuing().issueSigner(
            .email(email), commonName: email, key: key.verificationKey, at: time)
        guard certificate.speaks(for: origin.description) else {
            throw SigningError.wrongOrigin(subject: email, origin: origin.description)
        }
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let base = "\(folder)/\(email)"
        for file in [base + ".pem", base + ".key"]
        where try DurableFile.isThere(file) {
            throw NodeError(
                .fileExists, "\(file) is there already",
                hint: "move it away, or name another folder with -o")
        }
        try Self.writeSecret(try key.pem(passphrase: passphrase), base + ".key", isSealed: false)
        try WholeFile.replace(
            base + ".pem", with: ([certificate] + authority.issuers).map(\.pem).joined(),
            isSealed: false)
        return IssuedPerson(
            certificate: certificate, certFile: base + ".pem", keyFile: base + ".key")
    }
}
