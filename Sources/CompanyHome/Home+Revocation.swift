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
        // Lists that are damaged are replaced, too.
        let known = try? revocationLists(of: partner).map { list throws in try list.pem }.joined()
        if known == text { return (lists, false) }
        try WholeFile.replace(listFile(partner), with: text)
        return (lists, true)
    }

    /// Forgets a partner's revocation lists.
    ///
    /// - Returns: False if there were none.
    public func removeRevocationLists(of partner: Origin) throws -> Bool {
        try requirePartner(partner)
        let isThere = try DurableFile.isThere(listFile(partner))
        try WholeFile.remove(listFile(partner))
        return isThere
    }

    private func requirePartner(_ partner: Origin) throws {
        if try partners().contains(where: { $0.org == partner.description }) { return }
        throw NodeError.notFound(
            "partner", partner.description, hint: "see countermark partner list")
    }
}
