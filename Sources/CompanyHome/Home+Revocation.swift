import AnnotationModel
import Foundation
import LogStorage
import PlainErrors
import Signing

extension Home {
    private func listFile(_ partner: Origin) -> String { "\(path)/trust/\(partner).crl" }

    /// A partner's revocation lists.
    package func revocationLists(of partner: Origin) throws -> [RevocationList] {
        try WholeFile.read(listFile(partner)).map { try RevocationList.all(pem: $0) } ?? []
    }

    /// Takes a partner's revocation lists: of each authority the one that is given, in the place of that before.
    ///
    /// - Parameter pem: one list for each of its authorities.
    /// - Returns: The lists that are kept now, whether they are others than before, and the issuers whose certificate
    ///   is not here, so that nobody can say whether they made their list.
    /// - Throws: ``NodeError`` for an unknown partner, a list that a pinned root has not signed though it bears its
    ///   name, and one that is older than what is kept; `SigningError` for lists that cannot be read.
    @discardableResult
    public func setRevocationLists(
        _ pem: String, of partner: Origin
    ) throws -> (lists: [RevocationList], changed: Bool, unchecked: [String]) {
        try requirePartner(partner)
        let lists = try RevocationList.all(pem: pem)
        let roots = try roots(of: partner)
        // Lists that are damaged are replaced.
        let kept = try NodeError.unlessDamaged { try revocationLists(of: partner) } ?? []
        for list in lists {
            let named = roots.filter { $0.subject == list.issuer }
            guard named.isEmpty || named.contains(where: list.isSigned) else {
                throw NodeError(
                    .badFile,
                    "the list of \(list.issuer) is not signed by the root that \(partner) has here",
                    hint: "ask \(partner) for its list again; nothing was changed")
            }
            guard
                !kept.contains(where: {
                    $0.isOfAuthority(of: list) && $0.thisUpdate > list.thisUpdate
                })
            else {
                throw NodeError(
                    .badFile,
                    "the list of \(list.issuer) is older than the one that is kept: what was revoked since would be "
                        + "let in again",
                    hint:
                        "ask \(partner) for its newest list; to go back all the same, run countermark "
                        + "partner crl \(partner) --remove first. Nothing was changed")
            }
        }
        let text = try lists.map { try $0.pem }.joined()
        // What keeps somebody out does not wait for the store.
        let outcome = try documents.change(.lists(partner), offline: .keep) { known in
            (try? RevocationList.joined([text, known ?? ""])) ?? text
        }
        let unchecked = Set(lists.map(\.issuer)).subtracting(roots.map(\.subject)).sorted()
        return (try revocationLists(of: partner), outcome != .unchanged, unchecked)
    }

    /// Forgets a partner's revocation lists.
    ///
    /// - Returns: False if there were none.
    public func removeRevocationLists(of partner: Origin) throws -> Bool {
        try requirePartner(partner)
        return try documents.change(.lists(partner), offline: .refuse) { _ in nil } != .unchanged
    }

    func requirePartner(_ partner: Origin) throws {
        if try partners().contains(where: { $0.org == partner.description }) { return }
        throw NodeError.notFound(
            "partner", partner.description, hint: "see countermark partner list")
    }
}
