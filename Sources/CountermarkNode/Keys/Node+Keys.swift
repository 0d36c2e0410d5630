import AnnotationModel
import CompanyHome
import Foundation
import PlainErrors
import Provenance
import Signing

/// A signing certificate that a log has introduced.
public struct KeyView: Sendable {
    /// The log.
    public let log: String
    /// The certificate.
    public let certificate: Certificate
    /// From this entry on it signs nothing that counts.
    public let retiredAt: UInt64?
    /// Whether it is this node's present one.
    public let isCurrent: Bool
}

extension Home {
    private var retiredFile: String { path + "/keys/retired.json" }

    /// The node keys that are out of use.
    ///
    /// Each own log says so from its next entry on. After a crash in the middle of a change the present
    /// key may be among them.
    func retiredKeys() throws -> [Digest] {
        guard let text = try WholeFile.read(retiredFile) else { return [] }
        guard let names = try? JSONDecoder().decode([String].self, from: Data(text.utf8)) else {
            throw NodeError(
                .damagedFile, "\(retiredFile) is no list of keys",
                hint: "restore it from a backup")
        }
        return names.compactMap { Hex.decode($0).flatMap { Digest($0) } }
    }

    /// Puts a new key and certificate in the place of the node's present ones.
    ///
    /// The certificate is replaced at one moment, and the key that fits it is there by then; a crash at
    /// any point leaves the old or the new pair.
    ///
    /// - Parameter keyText: PEM or a PKCS #11 URI.
    func change(to identity: NodeIdentity, keyText: String) throws {
        try finishKeyChange()
        let old = try certificate()
        try Self.writeSecret(keyText, "\(path)/\(Self.nextNodeKeyFile)")
        let retired = try retiredKeys().map(\.hex).filter { $0 != old.fingerprint.hex }
        let list = try JSONEncoder().encode(retired + [old.fingerprint.hex])
        try WholeFile.replace(retiredFile, with: String(decoding: list, as: UTF8.self))
        try WholeFile.replace(
            path + "/trust/own.pem", with: identity.chain.map(\.pem).joined())
        try Self.writeSecret(keyText, "\(path)/\(Self.nodeKeyFile)")
        try WholeFile.remove("\(path)/\(Self.nextNodeKeyFile)")
    }
}

extension Node {
    /// Changes the node's key: a new one with a certificate of the organisation's authority, or one that
    /// the company's PKI has issued; each own log introduces it and retires the old one.
    ///
    /// - Parameters:
    ///   - caKeyText: the authority's key, where the home does not hold it.
    ///   - keyText: the new key, PEM or a PKCS #11 URI; nil makes one.
    ///   - chain: its certificate and issuers; nil issues one.
    ///   - authority: a new authority of the organisation, which takes the place of its own one; nil keeps that.
    public func rotateKey(
        kind: KeyKind?, caKeyText: String?, keyText: String?, chain: [Certificate]?,
        authority: IssuingAuthority? = nil, passphrase: () throws -> String
    ) throws -> NodeIdentity {
        // Until the logs have introduced the key, too: the next one is not to take its place before.
        try home.holdingKeys {
            let identity = try changeKey(
                kind: kind, caKeyText: caKeyText, keyText: keyText, chain: chain,
                authority: authority, passphrase: passphrase)
            try introduceKey()
            return identity
        }
    }

    private func changeKey(
        kind: KeyKind?, caKeyText: String?, keyText: String?, chain: [Certificate]?,
        authority: IssuingAuthority?, passphrase: () throws -> String
    ) throws -> NodeIdentity {
        // The certificate says it also where the key itself is lost.
        let present = try home.certificate().verificationKey.kind
        let key =
            try keyText.map { try home.ring.key($0, name: "the new key") }
            ?? SigningKey.generate(kind ?? present)
        let certificates =
            try chain
            ?? (authority ?? home.authority(keyText: caKeyText)).issueNode(
                home.origin.description, key: key.verificationKey, at: now())
        let root = try authority?.root ?? home.root()
        let identity = try NodeIdentity(
            chain: certificates, key: key, root: root, origin: home.origin.description, at: now())
        let text: String
        if let keyText, keyText.hasPrefix("pkcs11:") {
            text = keyText
        } else {
            text = try key.pem(passphrase: try home.hasEncryptedKeys() ? passphrase() : nil)
        }
        if let authority {
            try home.change(to: authority, keyText: caKeyText, passphrase: passphrase)
        }
        try home.change(to: identity, keyText: text)
        return identity
    }

    /// Has each own log say which key is the node's now, and which are out of use.
    private func introduceKey() throws {
        for dataset in try home.datasets()
        where try home.members(of: dataset).contains(home.origin) && !(try home.hasLeft(dataset)) {
            // Where nothing of this log counts any more, no key has to be known; a log that was left takes the
            // key up when it is joined again.
            if [.forked, .beyondCut, .notMember].contains(
                try whyNotCounted(dataset, isAct: true))
            {
                continue
            }
            try write(dataset, message: "key rotation", [])
        }
    }

    /// Retires a certificate from an entry on: in this organisation's own logs, or, as the steward, in
    /// whichever member's log introduced it.
    ///
    /// - Parameter index: the first entry that no longer counts; nil for the log's present end.
    /// - Returns: The logs concerned, and those of them in which it had ended already and nothing was written.
    public func retireKey(
        _ fingerprint: Digest, at index: UInt64?, only: DatasetID?
    ) throws -> (logs: [String], unchanged: [String]) {
        guard fingerprint != (try home.certificate().fingerprint) else {
            throw NodeError(
                .keyInUse, "this is the key that the node signs with",
                hint: "run countermark key rotate, which retires it")
        }
        if let only { try require(only) }
        var concerned: [String] = []
        var unchanged: [String] = []
        for dataset in try only.map({ [$0] }) ?? home.datasets()
        where try home.members(of: dataset).contains(home.origin) {
            try catchUp(dataset)
            let found = try read(dataset) { merge in
                merge.state.logs.values.filter { log in
                    merge.state.keys(of: log.number)[fingerprint] != nil
                        && (log.origin == home.origin || dataset.owner == home.origin)
                }
            }
            for log in found {
                concerned.append("\(log.origin)/\(dataset)")
                let known = try mergedState(dataset).keys(of: log.number)[fingerprint]
                if let known, has(known, retired: dataset, at: index) {
                    unchanged.append("\(log.origin)/\(dataset)")
                    continue
                }
                try write(
                    dataset,
                    [
                        .governance(
                            .retireKey(fingerprint: fingerprint.bytes, index: index ?? log.stored))
                    ])
            }
        }
        if concerned.isEmpty {
            throw NodeError.notFound(
                "key", fingerprint.hex,
                hint: "see countermark key list; only the steward retires others'")
        }
        return (concerned, unchanged)
    }

    /// Whether this organisation's word that a key has ended would change nothing: of a member the first one
    /// holds, of the steward the last one.
    private func has(
        _ key: SigningKeyStanding, retired dataset: DatasetID, at index: UInt64?
    ) -> Bool {
        guard dataset.owner == home.origin else { return key.retiredByOwner != nil }
        return index.map { $0 == key.retiredBySteward } ?? (key.retiredAt != nil)
    }

    /// The fewest digits of a fingerprint that name a certificate.
    private static let fingerprintDigitsMin = 8

    /// The fingerprint that hexadecimal digits stand for: all 64 of them, or the first ones of a certificate that
    /// the logs here know.
    ///
    /// - Returns: Nil for what is no fingerprint.
    /// - Throws: ``NodeError`` where the digits are those of no certificate, or of several.
    public func fingerprint(_ text: String) throws -> Digest? {
        let digits = text.lowercased()
        if let digest = Digest(hex: digits) { return digest }
        guard (Self.fingerprintDigitsMin..<64).contains(digits.utf8.count),
            digits.allSatisfy({ $0.isASCII && $0.isHexDigit })
        else { return nil }
        let found = Set(
            try home.datasets().flatMap { try keys($0).map(\.certificate.fingerprint) }
                .filter { $0.hex.hasPrefix(digits) })
        guard let first = found.first, found.count == 1 else {
            throw NodeError(
                found.isEmpty ? .notFound : .ambiguousId, kind: .failed,
                found.isEmpty
                    ? "no log here has a certificate whose fingerprint begins with \(digits)"
                    : "\(found.count) certificates have fingerprints that begin with \(digits)",
                hint: "see countermark key list; all 64 digits stand in its --json")
        }
        return first
    }

    /// All certificates that the logs of a dataset have introduced.
    public func keys(_ dataset: DatasetID) throws -> [KeyView] {
        try catchUp(dataset)
        let current = try home.certificate().fingerprint
        return try read(dataset) { merge in
            try merge.state.logs.values.sorted { $0.origin < $1.origin }.flatMap { log in
                var seen: Set<Digest> = []
                return try (merge.state.chains[log.number] ?? []).compactMap { chain -> KeyView? in
                    guard let first = chain.first else { return nil }
                    let leaf = try Certificate(der: first)
                    guard seen.insert(leaf.fingerprint).inserted else { return nil }
                    return KeyView(
                        log: "\(log.origin)/\(dataset)", certificate: leaf,
                        retiredAt: merge.state.keys(of: log.number)[leaf.fingerprint]?.retiredAt,
                        isCurrent: leaf.fingerprint == current)
                }
            }
        }
    }

    /// Lets a person's or a tool's certificate sign what this node writes from here on.
    ///
    /// - Parameters:
    ///   - chain: the certificate and its issuers below the organisation's root.
    ///   - keyText: its key, PEM or a PKCS #11 URI.
    public func sign(as chain: [Certificate], keyText: String) throws {
        let key = try home.ring.key(
            keyText, name: "the signer's key", find: Passphrase.personalKey)
        person = try NodeIdentity(
            chain: chain, key: key, root: try home.root(), origin: home.origin.description,
            at: now())
    }
}
