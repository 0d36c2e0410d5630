import AnnotationModel
import Foundation
import PlainErrors
import Signing

/// This organisation's own revocation list: which of its certificates partners must not accept any more.
///
/// Partners get it at every sync and obey it; it only ever grows.
extension Home {
    private var ownListFile: String { path + "/trust/own-revoked.pem" }
    private var revokedFile: String { path + "/keys/revoked.json" }

    /// A certificate that was taken back, as it is remembered.
    private struct Revoked: Codable {
        let certificate: Data
        let time: Int64
        var isStolen: Bool
    }

    private struct RevokedList: Codable {
        var number: Int64 = 0
        var certificates: [Revoked] = []
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
        let authority = try authority(keyText: caKeyText).issuing()
        var known = RevokedList()
        if let text = try WholeFile.read(revokedFile) {
            known = try JSONDecoder().decode(RevokedList.self, from: Data(text.utf8))
        }
        var isNew = false
        if let certificate {
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
            let bytes = Data(certificate.der)
            if let place = known.certificates.firstIndex(where: { $0.certificate == bytes }) {
                // What was out of use may turn out to be stolen; nothing makes it safe again.
                isNew = isStolen && !known.certificates[place].isStolen
                known.certificates[place].isStolen = isStolen || known.certificates[place].isStolen
            } else {
                isNew = true
                known.certificates.append(
                    Revoked(certificate: bytes, time: time, isStolen: isStolen))
            }
        }
        if certificate != nil, !isNew, let list = try ownRevocationLists().first {
            return (list, false)
        }
        known.number += 1
        let list = try authority.issueRevocationList(
            try known.certificates.map { revoked in
                CertificateAuthority.Revocation(
                    certificate: try Certificate(der: Array(revoked.certificate)),
                    time: revoked.time, isKeyCompromised: revoked.isStolen)
            }, number: known.number, at: time,
            // A list that lapsed would lock this organisation out of its partners' nodes.
            lifetimeSeconds: max(authority.certificate.notAfter - time, 86_400))
        try WholeFile.replace(
            revokedFile, with: String(decoding: try JSONEncoder().encode(known), as: UTF8.self),
            mode: 0o600)
        try WholeFile.replace(ownListFile, with: try list.pem)
        return (list, isNew)
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
        let lists = try RevocationList.all(pem: text)
        let issuers = try roots(of: partner) + chain.filter(\.isAuthority)
        var kept = try revocationLists(of: partner)
        var isNew = false
        for list in lists where issuers.contains(where: { list.isSigned(by: $0) }) {
            if let place = kept.firstIndex(where: { $0.issuer == list.issuer }) {
                guard list.thisUpdate > kept[place].thisUpdate else { continue }
                kept[place] = list
            } else {
                kept.append(list)
            }
            isNew = true
        }
        if isNew {
            try setRevocationLists(
                try kept.map { list throws in try list.pem }.joined(), of: partner)
        }
        return isNew
    }
}
