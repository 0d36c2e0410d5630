import AnnotationModel
import CompanyHome
import CountermarkNode
import LabelDocuments
import Signing

/// Something that a person has to look at.
package struct Alarm {
    package let document: AlarmDocument
    package let text: String

    package static func all(
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
        alarms += node.home.untakenDocuments.sorted { $0.key < $1.key }.map {
            nodesDiffer("\($0.key) is not taken from the store: \($0.value)")
        }
        alarms += node.home.untoldDocuments.map {
            nodesDiffer(
                "what this node says of \($0) is not known to the company's other nodes yet")
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

    private static func nodesDiffer(_ what: String) -> Alarm {
        Alarm(document: .nodesDiffer(.init(what: what)), text: what)
    }
}
