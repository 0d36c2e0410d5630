import AnnotationModel
import CompanyHome
import Foundation
import Glibc
import LogStorage
import Provenance
import Replication

/// What a home holds, in figures, at one moment.
struct NodeFigures: Sendable {
    /// How many are told of by name: what lies beyond is counted in `left_out`.
    struct Bounds: Sendable {
        var datasets = 1_024
        var logs = 4_096
        var partners = 1_000
    }

    /// Partners that are told of by name.
    static let partnersMax = Bounds().partners
    /// Datasets that are told of by name.
    static let datasetsMax = Bounds().datasets

    struct Log: Sendable {
        let name: String
        let stored: UInt64
        let merged: UInt64
        let cosigned: UInt64
        /// When the checkpoint was stored here, in Unix seconds.
        let storedAt: Int64?
    }

    struct Dataset: Sendable {
        let name: String
        let conflicts: Int
        let notCounted: Int
        let uncounted: Int
    }

    struct Partner: Sendable {
        let org: Origin
        let lastContact: Int64?
        var lag: UInt64?
    }

    var datasets: [Dataset] = []
    var logs: [Log] = []
    var partners: [Partner] = []
    var unreadable = 0
    var leftOut = (datasets: 0, logs: 0, partners: 0)
    /// What ends and when, which is found out more seldom than the rest.
    var ends: [Ending] = []
    var equivocations = 0
    var contradictions = 0
    var freeBytes: Int?

    /// Adds them.
    func add(to text: inout FigureText) {
        addLogs(to: &text)
        addDatasets(to: &text)
        text.add(
            .gauge, "partner_last_contact_timestamp_seconds",
            "When a partner was last in contact, whoever dialled; to the minute.",
            partners.compactMap { partner in
                partner.lastContact.map { ([("partner", "\(partner.org)")], Double($0)) }
            })
        text.add(
            .gauge, "partner_lag_entries",
            "Entries stored here, of logs that a partner may read, that its witness is not known to have cosigned.",
            partners.compactMap { partner in
                partner.lag.map { ([("partner", "\(partner.org)")], Double($0)) }
            })
        var seen: Set<String> = []
        text.add(
            .gauge, "certificate_expiry_timestamp_seconds",
            "When a certificate, authority, root or revocation list ends: the first of its kind of each organisation.",
            ends.sorted { $0.end < $1.end }.compactMap { end in
                let kind = end.kind.rawValue.replacingOccurrences(of: " ", with: "_")
                guard seen.insert("\(kind) \(end.org)").inserted else { return nil }
                return ([("who", end.org), ("kind", kind)], Double(end.end))
            })
        text.add(
            .counter, "equivocations_total", Double(equivocations),
            "Proofs in this home that a log's key has signed two histories: has to be 0.")
        text.add(
            .gauge, "contradictions", Double(contradictions),
            "Signed roots in this home that are not those of the histories held here: has to be 0.")
        text.add(
            .gauge, "storage_free_bytes", "What is free on the home's disk.",
            freeBytes.map { [([], Double($0))] } ?? [])
    }

    private func addLogs(to text: inout FigureText) {
        text.add(
            .gauge, "log_size_entries",
            "Entries of a log that are stored, merged into the label table, and cosigned by as many witnesses as the "
                + "steward asks for, by one where it asks for none.",
            logs.flatMap { log in
                [("stored", log.stored), ("merged", log.merged), ("cosigned", log.cosigned)].map {
                    (labels: [("log", log.name), ("stage", $0.0)], value: Double($0.1))
                }
            })
        text.add(
            .gauge, "log_checkpoint_timestamp_seconds",
            "When the newest checkpoint of a log was stored here.",
            logs.compactMap { log in log.storedAt.map { ([("log", log.name)], Double($0)) } })
        text.add(
            .gauge, "logs_unreadable", Double(unreadable),
            "Logs and datasets that could not be read, and that the other figures lack.")
        text.add(
            .gauge, "left_out",
            "Datasets, logs and partners, the last by name, that the figures do not tell of one by one; lags are "
                + "without them.",
            [
                ([("what", "datasets")], Double(leftOut.datasets)),
                ([("what", "logs")], Double(leftOut.logs)),
                ([("what", "partners")], Double(leftOut.partners)),
            ])
    }

    private func addDatasets(to text: inout FigureText) {
        func each(_ value: (Dataset) -> Int) -> [(labels: FigureText.Labels, value: Double)] {
            datasets.map { ([("dataset", $0.name)], Double(value($0))) }
        }
        text.add(.gauge, "conflicts", "Labels and items with a contested field.", each(\.conflicts))
        text.add(
            .gauge, "quarantined_operations",
            "Entries and operations of all logs that are stored and do not count.",
            each(\.notCounted))
        text.add(
            .gauge, "uncounted",
            "Entries and operations of the own log that are stored and do not count.",
            each(\.uncounted))
    }
}

extension Node {
    /// The figures of this home now, of what was merged so far.
    ///
    /// What cannot be read is counted, and keeps nothing else back.
    ///
    /// - Complexity: Each log that is told of is opened, its entries are not read.
    func figures(_ bounds: NodeFigures.Bounds = .init()) throws -> NodeFigures {
        var figures = NodeFigures()
        let contacts = PartnerContacts(home)
        let partners = try home.partners().compactMap { try? Origin($0.org) }.sorted()
        figures.leftOut.partners = max(0, partners.count - bounds.partners)
        figures.partners = partners.prefix(bounds.partners).map { org in
            .init(
                org: org,
                lastContact: contacts.lastSeen(org).map { Int64($0.timeIntervalSince1970) })
        }
        let datasets = try home.datasets().sorted()
        figures.leftOut.datasets = max(0, datasets.count - bounds.datasets)
        for (place, dataset) in datasets.enumerated() {
            let members = (try? home.members(of: dataset)) ?? []
            guard place < bounds.datasets else {
                figures.leftOut.logs += members.count
                continue
            }
            do {
                try add(dataset, members, bounds, to: &figures)
            } catch {
                figures.unreadable += 1
            }
        }
        figures.equivocations = try evidence().count(where: \.isProven)
        figures.contradictions = try contradictions().count(where: \.isProven)
        figures.freeBytes = freeBytes()
        return figures
    }

    private func add(
        _ dataset: DatasetID, _ members: [Origin], _ bounds: NodeFigures.Bounds,
        to figures: inout NodeFigures
    ) throws {
        let state = try mergedState(dataset)
        let standing = try standing(of: dataset)
        figures.datasets.append(
            .init(
                name: dataset.description, conflicts: state.counts.conflicts,
                notCounted: standing.notCounted,
                uncounted: standing.uncounted.reduce(0) { $0 + $1.entries + $1.operations }))
        let readers = figures.partners.indices.filter {
            state.membership.isMember(figures.partners[$0].org)
        }
        for member in members.sorted() {
            guard figures.logs.count < bounds.logs else {
                figures.leftOut.logs += 1
                continue
            }
            guard let reader = try? home.log(member, dataset) else {
                figures.unreadable += 1
                continue
            }
            let witnessing = try witnessing(of: member, dataset)
            let sizes = Dictionary(
                witnessing.witnesses.map { ($0.org, $0.size) }, uniquingKeysWith: max)
            figures.logs.append(
                .init(
                    name: "\(member)/\(dataset)", stored: reader.size,
                    merged: state.progress(member)?.applied ?? 0,
                    cosigned: witnessing.witnessedSize
                        ?? sizes.filter { $0.key != member.description }.values.max() ?? 0,
                    storedAt: Self.changed(reader.directory + "/checkpoint")))
            for place in readers {
                let org = figures.partners[place].org
                guard org != member,
                    Offering.mayRead(member, by: org, own: home.origin, state: state)
                else { continue }
                let known = min(reader.size, sizes[org.description] ?? 0)
                figures.partners[place].lag =
                    (figures.partners[place].lag ?? 0) + reader.size - known
            }
        }
    }

    private static func changed(_ path: String) -> Int64? {
        var status = stat()
        return lstat(path, &status) == 0 ? Int64(status.st_mtim.tv_sec) : nil
    }
}
