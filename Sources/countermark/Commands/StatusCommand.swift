import AnnotationModel
import ArgumentParser
import CountermarkNode
import Foundation
import LabelDocuments
import LogStorage
import Provenance
import Signing
import TransparencyLog

/// The state of the node: all that matters to its operator, in one screen.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Datasets, logs, partners, what waits, what does not count, what ends, alarms.")
    @OptionGroup var common: CommonOptions
    @Argument(help: "One dataset; all if left out.") var dataset: String?

    func run() throws {
        let node = try common.node()
        let ids = try dataset.map { [try common.dataset($0, node)] } ?? node.home.datasets()
        if let id = ids.first, dataset != nil { try node.require(id) }
        let sets = try ids.map { try DatasetStatus($0, node) }
        let now = Int64(Date().timeIntervalSince1970)
        let partners = try PartnerStatus.all(node, at: now)
        let ends = try node.endings()
        let invitations = try node.invitations(to: nil).filter {
            $0.state == "open" || $0.state == "pending"
        }
        let alarms = try Alarm.all(node, partners, ends, at: now)
        let free = node.freeBytes()
        let repairs = try node.home.waitingRepairs()
        try common.print(
            document: StatusDocument(
                org: node.home.origin.description, datasets: sets.map(\.document),
                partners: partners.map(\.document), alarms: alarms.map(\.document),
                ends: ends.map { .init($0, at: now) },
                invitations: invitations.map { .init($0) }, repairs: repairs.map { .init($0) },
                disk: .init(free: free, needed: Node.headroomBytes)),
            ["\(node.home.origin)  (\(node.home.name))"]
                + partners.map(\.line)
                + sets.flatMap(\.lines)
                + invitations.map(StatusText.line)
                + repairs.map(StatusText.line)
                + ends.map { "ENDS \($0.line(at: now))" }
                + StatusText.disk(free) + alarms.map { "ALARM \($0.text)" })
    }
}

/// Small parts of `status`.
enum StatusText {
    static func line(_ repair: WaitingRepair) -> String {
        let what = repair.missing == 0 ? "a checkpoint" : "\(repair.missing) of its bundles"
        return "REPAIR of \(repair.log) waits for \(what), since "
            + "\(ReadableTime.text(repair.since)): the next contact with a partner that has them brings them"
    }

    static func line(_ view: InvitationView) -> String {
        let who = view.org.map { " answered by \($0): countermark invite accept \(view.nonce)" }
        return "invitation to \(view.dataset) as \(view.role), until "
            + ReadableTime.text(view.expiresAt) + (who ?? ", not answered yet")
    }

    static func disk(_ free: Int?) -> [String] {
        guard let free else { return [] }
        let gibibytes = String(format: "%.1f", Double(free) / 1_073_741_824)
        let isLow = free < 2 * Node.headroomBytes
        return [
            "disk \(gibibytes) GiB free"
                + (isLow
                    ? ": free some, below \(Node.headroomBytes >> 20) MiB nothing is taken from partners"
                    : "")
        ]
    }
}

/// A partner and when it was last in contact, and whether that works.
struct PartnerStatus {
    let document: StatusDocument.Partner
    let line: String
    let org: Origin
    let isSilent: Bool

    static func all(_ node: Node, at now: Int64) throws -> [PartnerStatus] {
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

/// Something that a person has to look at.
struct Alarm {
    let document: AlarmDocument
    let text: String

    static func all(
        _ node: Node, _ partners: [PartnerStatus], _ ends: [Ending], at now: Int64
    ) throws -> [Alarm] {
        let evidence = try node.evidence()
        let proven = Set(evidence.map(\.log))
        var alarms = evidence.map { file in
            Alarm(
                document: .equivocation(
                    .init(log: file.log, prefix: file.prefix, file: file.path)),
                text:
                    "\(file.log) has signed two histories; only its first \(file.prefix) entries count: "
                    + file.path)
        }
        alarms += partners.filter(\.isSilent).map { partner in
            Alarm(
                document: .silent(.init(org: partner.org.description)),
                text: "\(partner.org) has not been in contact for more than a week")
        }
        alarms += try node.contradictions().filter { !proven.contains($0.log) }.map { file in
            Alarm(
                document: .contradiction(.init(log: file.log, file: file.path)),
                text:
                    "\(file.log) has signed a root that is not the one held here: two histories. Sync "
                    + "with whoever cites it, and the proof of where they part comes: \(file.path)")
        }
        alarms += node.digestAlarms().map { alarm in
            Alarm(
                document: .digestsDiffer(
                    .init(
                        dataset: alarm.dataset, org: alarm.partner, digest: alarm.ours,
                        theirs: alarm.theirs, since: alarm.since)),
                text: "\(alarm.partner) has made another label set of the same entries of "
                    + "\(alarm.dataset); run countermark verify on both sides")
        }
        if let clock = try node.clockTrouble() {
            alarms.append(
                Alarm(
                    document: .clock(.init(what: clock.line, refuses: clock.refuses)),
                    text: clock.line))
        }
        alarms += ends.filter { $0.level(at: now) >= .warning }.map { end in
            Alarm(
                document: .ends(
                    .init(
                        what: end.kind.rawValue, org: end.org, subject: end.subject,
                        notAfter: end.end, level: end.level(at: now).rawValue, renew: end.renew)),
                text: end.line(at: now))
        }
        return alarms
    }
}
