import AnnotationModel
import Foundation
import Signing

extension Home {
    private func listFile(_ partner: Origin) -> String { "\(path)/trust/\(partner).crl" }

    /// The partners' revocation lists, by origin.
    func revocationLists() throws -> [String: [RevocationList]] {
        var lists: [String: [RevocationList]] = [:]
        for partner in try partners() {
            let file = listFile(try Origin(partner.org))
            guard let text = try WholeFile.read(file) else { continue }
            lists[partner.org] = try RevocationList.all(pem: text)
        }
        return lists
    }

    /// Takes a partner's revocation lists in the place of those before.
    ///
    /// - Parameter pem: one list for each of its authorities.
    /// - Throws: ``NodeError`` for an unknown partner, `SigningError` for lists that cannot be read.
    public func setRevocationLists(_ pem: String, of partner: Origin) throws -> [RevocationList] {
        try requirePartner(partner)
        let lists = try RevocationList.all(pem: pem)
        try WholeFile.replace(listFile(partner), with: try lists.map { try $0.pem }.joined())
        return lists
    }

    /// Forgets a partner's revocation lists.
    public func removeRevocationLists(of partner: Origin) throws {
        try requirePartner(partner)
        try WholeFile.remove(listFile(partner))
    }

    private func requirePartner(_ partner: Origin) throws {
        if try partners().contains(where: { $0.org == partner.description }) { return }
        throw NodeError.notFound(
            "partner", partner.description, hint: "see countermark partner list")
    }
}
