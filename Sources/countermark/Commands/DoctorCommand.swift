import AnnotationModel
import ArgumentParser
import CompanyHome
import CountermarkNode
import Foundation
import LabelDocuments
import NodeDocuments
import PlainErrors
import Provenance
import Signing

/// All checks that a home can make of itself, each with what to do.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs all checks of this home and says what to do about each that fails.")
    @OptionGroup var common: CommonOptions
    @Flag(help: "Call no partner.") var noDial = false

    func run() async throws {
        var examination = Examination()
        await examination.run(common, dials: !noDial)
        let document = ChecksDocument(checks: examination.checks)
        try common.print(
            document: document,
            document.checks.map(Self.line) + [
                document.ok
                    ? "all is well" : "\(document.checks.count { !$0.ok }) to look at"
            ])
        if !document.ok { throw ExitCode(1) }
    }

    private static func line(_ check: ChecksDocument.Check) -> String {
        (check.ok ? "ok    " : "LOOK  ") + "\(check.name): \(check.detail)"
            + (check.hint.isEmpty ? "" : "; \(check.hint)")
    }
}

private struct Examination {
    private(set) var checks: [ChecksDocument.Check] = []

    /// Seconds that clocks may differ without a word.
    private static let clockSecondsMax: Int64 = 300

    mutating func run(_ common: CommonOptions, dials: Bool) async {
        var opened: Node?
        check("home") {
            let node = try common.node()
            opened = node
            return (nil, "\(common.homePath) is the home of \(node.home.origin)")
        }
        guard let node = opened else { return }
        check("keys") {
            _ = try node.home.identity()
            _ = try node.home.logKey()
            _ = try node.home.witnessKey()
            return (nil, "the keys open and fit the certificate")
        }
        checkFolder(node)
        checkEnds(node)
        check("disk") {
            guard let free = node.freeBytes() else { return (nil, "the system does not say") }
            let text =
                "\(free >> 20) MiB free, \(Node.headroomBytes >> 20) MiB are kept for the node"
            return (free < 2 * Node.headroomBytes ? "free some disk" : nil, text)
        }
        do {
            for dataset in try node.home.datasets() { checkDataset(dataset, node) }
        } catch {
            fail("logs", error)
        }
        for found in node.checkStore() where !found.isOk || found.name == "store" {
            checks.append(.init(found))
        }
        check("evidence") {
            let files = try node.evidence() + node.contradictions()
            guard let first = files.first else {
                return (nil, "no log is known to have two histories")
            }
            return (
                "see countermark evidence, and Docs/Operations.md, \"Alarms\"",
                "\(files.count) files of evidence, the first about \(first.log)"
            )
        }
        await checkPartners(node, dials: dials)
        // A partner that was dialled has shown its clock.
        check("clock") {
            guard let clock = try node.clockTrouble() else {
                return (nil, "no partner's clock says otherwise")
            }
            return ("set the clock of the machine whose clock is wrong", clock.line)
        }
    }

    /// Runs one check: what it throws is what it found.
    ///
    /// - Parameter body: Returns what to do, nil if all is well, and what was found.
    private mutating func check(
        _ name: String, _ body: () throws -> (hint: String?, detail: String)
    ) {
        do {
            let found = try body()
            checks.append(
                .init(
                    name: name, ok: found.hint == nil, detail: found.detail,
                    hint: found.hint ?? ""))
        } catch {
            fail(name, error)
        }
    }

    private mutating func fail(_ name: String, _ error: any Error) {
        let plain = PlainError(error)
        checks.append(
            .init(name: name, ok: false, detail: plain.message, hint: plain.hint))
    }

    private mutating func checkFolder(_ node: Node) {
        check("folder") {
            let path = node.home.path
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let mode = (attributes[.posixPermissions] as? Int) ?? 0
            guard mode & 0o077 == 0 else {
                return ("run chmod 700 \(path)", "others on this machine may enter \(path)")
            }
            guard FileManager.default.isWritableFile(atPath: path) else {
                return ("run as the user who owns the home", "\(path) cannot be written")
            }
            return (nil, "only its owner may enter")
        }
    }

    private mutating func checkEnds(_ node: Node) {
        let now = Int64(Date().timeIntervalSince1970)
        check("ends") {
            let ends = try node.endings()
            guard let first = ends.first else {
                return (nil, "no certificate, root or list ends within 30 days")
            }
            return (first.renew, ends.map { $0.line(at: now) }.joined(separator: "; "))
        }
    }

    private mutating func checkDataset(_ id: DatasetID, _ node: Node) {
        check("\(id) bytes") {
            let report = try node.verify(id)
            guard let first = report.problems.first else {
                return (nil, "\(report.entries) entries and \(report.signatures) signatures hold")
            }
            return (
                "run countermark verify \(id), then take the log from a partner (Docs/Operations.md, "
                    + "\"Alarms\")",
                "\(report.problems.count) problems, the first in \(first.log): \(first.what)"
            )
        }
        check("\(id) standing") {
            let standing = try node.standing(of: id)
            let waiting = try node.waitingEntries(id)
            let found =
                (standing.isLeft ? [] : standing.uncounted.map(\.line))
                + waiting.map { "\($0.log) waits: \($0.hint)" }
                + standing.unnamed.map { "the log key of \($0) is not named yet" }
            guard !found.isEmpty else { return (nil, "all that is stored is merged and counts") }
            let hint =
                standing.unnamed.isEmpty
                ? "see countermark status \(id)" : "write to \(id), which names the key"
            return (hint, found.joined(separator: "; "))
        }
        let now = Int64(Date().timeIntervalSince1970)
        check("\(id) clock") {
            let latest = try node.read(id) { merge in
                merge.state.logs.values.max { $0.latestTime < $1.latestTime }
            }
            guard let latest, latest.latestTime > now + Self.clockSecondsMax else {
                return (nil, "nobody has signed a time that is still to come")
            }
            return (
                "compare the clocks",
                "\(latest.origin) has signed \(ReadableTime.text(latest.latestTime)), and it is "
                    + "\(ReadableTime.text(now)) here"
            )
        }
    }

    private mutating func checkPartners(_ node: Node, dials: Bool) async {
        let partners: [Home.Partner]
        do {
            partners = try node.home.partners()
            for (org, error) in try node.home.damagedPartners() { fail("partner \(org)", error) }
        } catch {
            return fail("partners", error)
        }
        if partners.isEmpty {
            checks.append(
                .init(
                    name: "partners", ok: true, detail: "none is known yet",
                    hint: "countermark invite, or countermark partner add"))
        }
        for partner in partners {
            let name = "partner \(partner.org)"
            guard partner.url != nil, dials else {
                let contacts = PartnerContacts(node.home)
                check(name) {
                    let org = try Origin(partner.org)
                    guard !contacts.isSilent(org) else {
                        return ("call it", "it has not been in contact for more than a week")
                    }
                    return (nil, partner.url == nil ? "only it dials" : "not called")
                }
                continue
            }
            do {
                let status = try await PartnerSync(SharedNode(try Node(node.home)), home: node.home)
                    .greet(partner)
                checks.append(
                    .init(
                        name: name, ok: status == 200,
                        detail: "it answers at \(partner.url ?? "")",
                        hint: status == 200 ? "" : "ask its operator (status \(status))"))
            } catch {
                fail(name, error)
            }
        }
    }
}
