import AnnotationModel
import CompanyHome
import Foundation
import LogStorage
import Provenance
import Signing

/// Something that ends: a certificate, a root or a revocation list, and what renews it.
public struct Ending: Sendable, Equatable {
    /// What ends.
    public enum Kind: String, Sendable, CaseIterable {
        case certificate
        case authority
        case root
        case list = "revocation list"
    }

    /// How near the end is.
    public enum Level: String, Sendable, CaseIterable, Comparable {
        case later
        /// Within 30 days.
        case notice
        /// Within 7 days.
        case warning
        /// Within a day.
        case urgent
        /// It is over.
        case over

        /// By nearness.
        public static func < (left: Level, right: Level) -> Bool {
            (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
        }
    }

    /// Time to renew in, for a company whose certificates are made by hand: a month, a week, a day.
    static let noticeDays: Int64 = 30
    static let warningDays: Int64 = 7
    static let urgentDays: Int64 = 1
    private static let daySeconds: Int64 = 86_400

    /// What it is.
    public let kind: Kind
    /// Whose.
    public let org: String
    /// Its name: a certificate's subject, a list's issuer.
    public let subject: String
    /// The last second, counted since 1970.
    public let end: Int64
    /// What renews it.
    public let renew: String

    /// How near the end is at a moment.
    public func level(at time: Int64) -> Level {
        let rest = end - time
        if rest < 0 { return .over }
        if rest <= Self.urgentDays * Self.daySeconds { return .urgent }
        if rest <= Self.warningDays * Self.daySeconds { return .warning }
        return rest <= Self.noticeDays * Self.daySeconds ? .notice : .later
    }

    /// One line for people.
    public func line(at time: Int64) -> String {
        let rest = end - time
        let when =
            rest < 0
            ? "ended on \(ReadableTime.text(end))"
            : "ends in \(ReadableTime.span(rest)), on \(ReadableTime.text(end))"
        return "the \(kind.rawValue) of \(org) (\(subject)) \(when): \(renew)"
    }
}

extension Node {
    /// What ends within a month or has ended, own and partners', the nearest first.
    public func endings() throws -> [Ending] {
        let time = now()
        return try allEndings().filter { $0.level(at: time) > .later }.sorted { $0.end < $1.end }
    }

    /// All ends that this home knows of.
    public func allEndings() throws -> [Ending] {
        try ownEndings() + partnersEndings()
    }

    private func ownEndings() throws -> [Ending] {
        let org = home.origin.description
        let hasAuthority = try DurableFile.isThere(home.path + "/keys/ca.key")
        let rotate =
            hasAuthority
            ? "run countermark key rotate"
            : "run countermark key rotate --node-key FILE --node-cert FILE with a new certificate of your PKI"
        var endings: [Ending] = []
        let chain = try home.certificates(in: "trust/own.pem")
        for (place, certificate) in chain.enumerated() {
            endings.append(
                Ending(
                    kind: place == 0 ? .certificate : .authority, org: org,
                    subject: NodeIdentity.name(of: certificate), end: certificate.notAfter,
                    renew: rotate))
        }
        let root = try home.root()
        endings.append(
            Ending(
                kind: .root, org: org, subject: root.subject, end: root.notAfter,
                renew:
                    "make a new root in time and have every partner pin it beside this one (countermark "
                    + "partner add \(org) --root BOTH); Docs/Operations.md, \"Renewing\""))
        for list in try home.ownRevocationLists() {
            guard let end = list.nextUpdate else { continue }
            endings.append(
                Ending(
                    kind: .list, org: org, subject: list.issuer, end: end,
                    renew: "run countermark key revoke --renew"))
        }
        return endings
    }

    private func partnersEndings() throws -> [Ending] {
        let trust = try home.trust()
        var endings: [Ending] = []
        for partner in trust.partners {
            let org = partner.org
            for root in trust.pins[org] ?? [] {
                endings.append(
                    Ending(
                        kind: .root, org: org, subject: root.subject, end: root.notAfter,
                        renew: "ask \(org) for its new root and run countermark partner add \(org) "
                            + "--root FILE"))
            }
            for list in trust.lists[org] ?? [] {
                guard let end = list.nextUpdate else { continue }
                endings.append(
                    Ending(
                        kind: .list, org: org, subject: list.issuer, end: end,
                        renew: "fetch its present list and run countermark partner crl \(org) FILE")
                )
            }
        }
        let known = Set(trust.partners.map(\.org))
        var newest: [String: Certificate] = [:]
        for dataset in try home.datasets() {
            for (org, certificate) in try presentCertificates(dataset) where known.contains(org) {
                if certificate.notAfter > newest[org]?.notAfter ?? .min {
                    newest[org] = certificate
                }
            }
        }
        for (org, certificate) in newest {
            endings.append(
                Ending(
                    kind: .certificate, org: org, subject: NodeIdentity.name(of: certificate),
                    end: certificate.notAfter, renew: "ask \(org) to run countermark key rotate"))
        }
        return endings
    }

    /// The node's certificate of each other member that takes part, as its log introduced it last.
    private func presentCertificates(_ dataset: DatasetID) throws -> [(String, Certificate)] {
        try read(dataset) { merge in
            let state = merge.state
            return state.logs.values.compactMap { log -> (String, Certificate)? in
                guard log.origin != home.origin, state.membership.isMember(log.origin) else {
                    return nil
                }
                let keys = state.keys(of: log.number)
                let present = (state.chains[log.number] ?? []).last { chain in
                    guard let first = chain.first else { return false }
                    let key = keys[SHA256Hasher.hash(first)]
                    // A person's certificate has its own ends; the node's names the organisation itself.
                    return key.map { $0.retiredAt == nil } ?? false
                        && (try? Certificate(der: first))?.dnsNames.contains(
                            log.origin.description) == true
                }
                guard let der = present?.first, let leaf = try? Certificate(der: der) else {
                    return nil
                }
                return (log.origin.description, leaf)
            }
        }
    }
}
