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

    /// Takes a partner's revocation lists in the place of those before.
    ///
    /// - Parameter pem: one list for each of its authorities.
    /// - Returns: The lists, and whether they are others than before.
    /// - Throws: ``NodeError`` for an unknown partner, `SigningError` for lists that cannot be read.
    @discardableResult
    public func setRevocationLists(
        _ pem: String, of partner: Origin
    ) throws -> (lists: [RevocationList], changed: Bool) {
        try requirePartner(partner)
        let lists = try RevocationList.all(pem: pem)
        let text = try lists.map { try $0.pem }.joined()
        // Lists that are damaged are replaced, too. What keeps somebody out does not wait for the store.
        let outcome = try documents.change(.lists(partner), offline: .keep) { _ in text }
        return (lists, outcome != .unchanged)
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
