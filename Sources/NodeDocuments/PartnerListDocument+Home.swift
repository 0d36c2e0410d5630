import CompanyHome
import CountermarkNode
import LabelDocuments
import Signing

extension PartnerListDocument {
    /// The partners that a home has pinned, and those whose files are damaged.
    package init(_ home: Home, changed: Bool? = nil) throws {
        let damaged = try home.damagedPartners().map { org, _ in
            Partner(org: org, url: nil, fingerprint: "", state: "damaged")
        }
        let pinned = try home.partners().map { partner in
            Partner(
                org: partner.org, url: partner.url,
                fingerprint: try Certificate.all(pem: partner.roots).first?.fingerprint.hex ?? "",
                state: "pinned")
        }
        self.init(partners: damaged + pinned, changed: changed)
    }
}
