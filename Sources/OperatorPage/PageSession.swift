import AnnotationModel
import CompanyHome
import CountermarkNode
import LabelDocuments
import PlainErrors
import Signing

/// Somebody who has signed in to a node's page.
struct PageSession: Sendable {
    /// The API's version, which clients may ask for.
    static let version = "1"

    /// What the session goes by, apart from the cookie's secret; not to be shown.
    let name: String
    /// Who it is; nil for the operator who came by a link.
    let person: String?
    /// Whether each request has to show that person's certificate.
    let isByCertificate: Bool
    var role: PageRole
    /// What a request that writes shows.
    let csrf: String
    /// Unix seconds.
    let expires: Int64
    var lastSeen: Int64

    func document(_ home: Home) -> SessionDocument {
        SessionDocument(
            org: home.origin.description, person: person, role: role.rawValue, csrf: csrf,
            expires: expires, version: Self.version)
    }

    /// Throws where the session's person may not do what `role` may.
    func require(_ role: PageRole) throws(NodeError) {
        guard self.role < role else { return }
        throw NodeError(
            .roleTooSmall,
            "\(person ?? "this session") is \(self.role.rawValue) here, and this is for: \(role.rawValue)",
            hint: "ask the node's operator for another role (countermark people add)")
    }
}
