import AnnotationModel
import CompanyHome
import CountermarkNode
import Foundation
import LabelDocuments
import PlainErrors
import Signing

/// A partner and when it was last in contact, and whether that works.
package struct PartnerStatus {
    package let document: StatusDocument.Partner
    package let line: String
    package let org: Origin
    package let isSilent: Bool

    package static func all(_ node: Node, at now: Int64) throws -> [PartnerStatus] {
        let contacts = PartnerContacts(node.home)
        let damaged = try node.home.damagedPartners().map { org, error in
            PartnerStatus(
                document: .init(
                    org: org, lastSeen: nil, url: nil, state: "damaged", failure: nil),
                line: "partner \(org)  DAMAGED: \(PlainError.line(error))",
                org: try Origin(org), isSilent: false)
        }
        return try damaged
            + node.home.partners().map { partner in
                let org = try Origin(partner.org)
                let seen = contacts.lastSeen(org).map { Int64($0.timeIntervalSince1970) }
                let failure = contacts.failure(org)
                let isSilent = contacts.isSilent(org)
                let contact =
                    seen.map {
                        "last contact \(ReadableTime.text($0)) (\(ReadableTime.span(max(0, now - $0))) ago)"
                    } ?? "never in contact"
                let trouble =
                    failure.map {
                        "  FAILING since \(ReadableTime.text($0.since)), last \(ReadableTime.text($0.last)): "
                            + $0.error
                    } ?? ""
                return PartnerStatus(
                    document: .init(
                        org: partner.org, lastSeen: seen, url: partner.url,
                        state: seen == nil ? "pinned" : isSilent ? "silent" : "seen",
                        failure: failure.map {
                            .init(since: $0.since, last: $0.last, error: $0.error)
                        }),
                    line:
                        "partner \(partner.org)  \(partner.url ?? "only it dials")  \(contact)\(trouble)",
                    org: org, isSilent: isSilent)
            }
    }
}
