import AnnotationModel
import Foundation
import LogStorage
import PlainErrors
import Signing

/// This organisation's own revocation list: which of its certificates partners must not accept any more.
///
/// Partners get it at every sync and obey it; it only ever grows.
extension Home {
    private var ownListFile: String { path + "/trust/own-revoked.pem" }

    /// A certificate that was taken back, as it is remembered.
    struct Revoked: Codable {
        let certificate: Data
        let time: Int64
        var isStolen: Bool
    }

    struct RevokedList: Codable {
        var number: Int64 = 0
        var certificates: [Revoked] = []
        /// Of each authority of this organisation the list that it issued last, PEM; nil in a file of an earlier
        /// version.
        var list: String?

        var text: String {
            get throws {
                try SharedJSON(String(decoding: try JSONEncoder().encode(self), as: UTF8.self)).text
            }
        }
    }

    /// The own list; none where nothing was ever taken back.
    public func ownRevocationLists() throws -> [RevocationList] {
        guard let text = try WholeFile.read(ownListFile) else { return [] }
        return try RevocationList.all(pem: text)
    }

    /// The own lists as text, for partners.
    package func ownRevocationText() throws -> String? { try WholeFile.read(ownListFile) }

    /// Issues the own list anew, with one certificate more.
    ///
    /// - Parameters:
    ///   - certificate: what to take back; nil renews the list as it is.
    ///   - isStolen: whether its key is in other hands.
    ///   - caKeyText: the authority's key, where the home does not hold it.
    /// - Returns: The list, and whether it says more than before.
    public func revoke(
        _ certificate: Certificate?, isStolen: Bool, caKeyText: String?, at time: Int64
    ) throws -> (list: RevocationList, isNew: Bool) {
        let authority = try authority(issuing: certificate, keyText: caKeyText).issuing()
        if let certificate { try requireRevocable(certificate, authority) }
        var isNew = false
        // A key that is in other hands does not wait for the store.
        _ = try documents.change(.ownLists, offline: .keep) { text in
            var known = RevokedList()
            if let text {
                known = try JSONDecoder().decode(RevokedList.self, from: Data(text.utf8))
            }
            if let certificate {
                let bytes = Data(certificate.der)
                if let place = known.certificates.firstIndex(where: { $0.certificate == bytes }) {
                    // What was out of use may turn out to be stolen; nothing makes it safe again.
                    isNew = isStolen && !known.certificates[place].isStolen
                    if isNew { known.certificates[place].isStolen = true }
                } else {
                    isNew = true
                    known.certificates.append(
                        Revoked(certificate: bytes, time: time, isStolen: isStolen))
                }
                // A list of an earlier version may name it under another authority, which says nothing of it.
                let isListed = try lists(known).contains {
                    $0.isSigned(by: authority.certificate) && $0.entry(for: certificate) != nil
                }
                if !isNew, isListed { return text }
            }
            known.number += 1
            let list = try authority.issueRevocationList(
                try known.certificates.compactMap { revoked in
                    let certificate = try Certificate(der: Array(revoked.certificate))
                    // A list says nothing of what another authority has issued, which has its own.
                    guard certificate.isIssued(by: authority.certificate) else { return nil }
                    return CertificateAuthority.Revocation(
                        certificate: certificate, time: revoked.time,
                        isKeyCompromised: revoked.isStolen)
                }, number: known.number, at: time,
                // A list that lapsed would lock this organisation out of its partners' nodes.
                lifetimeSeconds: max(authority.certificate.notAfter - time, 86_400))
            // What the former authorities took back stays so.
            let former = try lists(known).filter { !$0.isOfAuthority(of: list) }
            known.list = try ([list] + former).map { try $0.pem }.joined()
            return try known.text
        }
        guard
            let list = try ownRevocationLists().first(where: {
                $0.isSigned(by: authority.certificate)
            })
        else {
            throw NodeError(
                .missingFile, "\(ownListFile) is missing",
                hint: "run countermark key revoke --renew")
        }
        return (list, isNew)
    }

    /// The authority of this organisation that takes a certificate back: the present one, or that before it which
    /// issued the certificate, with the key that was kept when it was replaced.
    ///
    /// - Parameter keyText: Its key, where the home does not hold it.
    private func authority(
        issuing certificate: Certificate?, keyText: String?
    ) throws -> IssuingAuthority {
        let former = try certificates(in: "trust/ca.pem").dropFirst().first { root in
            certificate?.isIssued(by: root) == true
        }
        guard let former, let certificate, try !certificate.isIssued(by: root()) else {
            return try authority(keyText: keyText)
        }
        let file = "keys/ca.\(former.fingerprint.hex.prefix(8)).key"
        if let keyText {
            let key = try ring.key(keyText, name: "the authority's key")
            return try IssuingAuthority(certificate: former, key: key, above: [])
        }
        guard try DurableFile.isThere("\(path)/\(file)") else {
            throw NodeError(
                .noAuthorityKey,
                "the key of this organisation's former authority, which issued the certificate, is not here",
                hint: "give --ca-key FILE with that key")
        }
        return try IssuingAuthority(certificate: former, key: key(inFile: file), above: [])
    }

    /// The lists that were issued last, one of each authority.
    private func lists(_ known: RevokedList) throws -> [RevocationList] {
        try known.list.map { try RevocationList.all(pem: $0) } ?? ownRevocationLists()
    }

    /// Throws for a certificate that no list of this authority may name.
    private func requireRevocable(
        _ certificate: Certificate, _ authority: CertificateAuthority
    ) throws {
        if certificate == authority.certificate || certificate.isSelfIssued {
            throw NodeError(
                .keyInUse,
                "\(NodeIdentity.name(of: certificate)) is a root: partners would refuse all that it issued, "
                    + "this organisation's node too, and no list could take that back",
                hint:
                    "a root ends when partners no longer pin it (Docs/Operations.md, \"Renewing\"); "
                    + "nothing was changed")
        }
        guard certificate.isIssued(by: authority.certificate) else {
            throw NodeError(
                .otherIssuer,
                "\(NodeIdentity.name(of: certificate)) was not issued by \(authority.certificate.subject)",
                hint:
                    "give the key of the authority that issued it with --ca-key, or let your PKI make "
                    + "the list and send it to partners")
        }
    }

    /// Whether the own list names a certificate.
    package func hasRevoked(_ certificate: Certificate) throws -> Bool {
        try ownRevocationLists().contains { $0.entry(for: certificate) != nil }
    }

    // MARK: Partners' lists, as they publish them

    /// Takes the lists that a partner publishes, where they are genuine and newer than those that are kept.
    ///
    /// Whoever brings them is the partner itself, by its certificate; an older list never comes back, so that a thief
    /// with a stolen key cannot take back what the list says of it.
    ///
    /// - Parameter chain: the certificates that the partner showed.
    /// - Returns: Whether something was new.
    package func takePublished(
        _ text: String, of partner: Origin, chain: [Certificate]
    ) throws -> Bool {
        try requirePartner(partner)
        let issuers = try roots(of: partner) + chain.filter(\.isAuthority)
        let genuine = try RevocationList.all(pem: text).filter { list in
            issuers.contains { list.isSigned(by: $0) }
        }
        // Most contacts bring nothing new, and ask nobody.
        let kept = try revocationLists(of: partner)
        func isNewer(_ list: RevocationList) -> Bool {
            kept.filter { $0.isOfAuthority(of: list) }.allSatisfy {
                list.thisUpdate > $0.thisUpdate
            }
        }
        guard genuine.contains(where: isNewer) else { return false }
        let offered = try genuine.map { list throws in try list.pem }.joined()
        return try documents.change(.lists(partner), offline: .keep) { known in
            try RevocationList.joined([known, offered].compactMap { $0 })
        } != .unchanged
    }
}
