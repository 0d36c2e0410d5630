import AnnotationModel
import AnnotationStore
import CompanyHome
import CountermarkNode
import DatasetReading
import Foundation
import LabelDocuments
import LogStorage
import Provenance
import Signing
import TransparencyLog

/// One dataset, for `status`.
package struct DatasetStatus {
    package let document: DatasetStatusDocument
    package let lines: [String]

    package init(_ id: DatasetID, _ node: Node) throws {
        try node.catchUp(id)
        let state = try node.mergedState(id)
        let standing = try node.standing(of: id)
        let schema = try node.schema(of: id)
        let outside = try node.outsideSchema(id, schema)
        let waiting = try node.waitingEntries(id)
        let unreadable = node.unreadableLogs.filter { $0.key.hasSuffix("/\(id)") }
            .sorted { $0.key < $1.key }
        let logs = try Self.logs(id, state, node)
        let twins = try node.store.itemsOfEqualContent(id)
        document = DatasetStatusDocument(
            id: id.description, digest: state.digest.hex, items: state.counts.items,
            annotations: state.counts.annotations - state.counts.retracted,
            conflicts: state.counts.conflicts, quarantined: standing.notCounted,
            beyondCut: standing.beyondCut, sameContent: twins, outsideSchema: outside,
            schema: .init(
                readable: schema.problem == nil, problem: schema.problem.map { "\($0)" }),
            rebuild: state.needsRebuild == nil ? nil : "pending", logs: logs,
            waiting: waiting.map { .init($0) }, uncounted: standing.uncounted.map { .init($0) },
            unnamed: standing.unnamed.map(\.description),
            cut: standing.members.filter { $0.cutIndex != nil }.map(\.org.description),
            audience: standing.audience?.map(\.description), left: standing.isLeft,
            unshared: standing.unshared,
            unreadable: unreadable.map { .init(log: $0.key, why: $0.value) })
        let counts =
            "  \(state.counts.items) items, \(state.counts.annotations - state.counts.retracted) "
            + "annotations, \(state.counts.conflicts) conflicts, \(standing.notCounted) not counted"
            + (outside.map { $0 == 0 ? "" : ", \($0) outside the schema" }
                ?? ", not judged: the schema cannot be read")
        lines =
            ["\(id)  digest \(state.digest.hex)" + (standing.isLeft ? "  LEFT" : ""), counts]
            + (twins == 0
                ? []
                : [
                    "  \(twins) items have the bytes of another one: `countermark items same \(id)` "
                        + "shows which"
                ])
            + logs.map { Self.line($0, standing) }
            + Self.remarks(standing, id)
            + waiting.map { entry in
                "  WAITING \(entry.log) entry \(entry.index) for entry \(entry.size) of \(entry.cited), "
                    + "since \(ReadableTime.text(entry.since)): \(entry.hint)"
            }
            + unreadable.map { "  UNREADABLE \($0.key): \($0.value)" }
            + (state.needsRebuild == nil
                ? [] : ["  REBUILD: what counts has changed, and the labels are made anew soon"])
    }

    private static func remarks(_ standing: DatasetStanding, _ id: DatasetID) -> [String] {
        var lines: [String] = []
        if let audience = standing.audience {
            lines.append(
                "  the own log is read by \(id.owner)"
                    + audience.map { " and \($0)" }.joined())
        }
        let cut = standing.members.filter { $0.cutIndex != nil }
        lines += cut.map { "  CUT \($0.org) from entry \($0.cutIndex ?? 0) on" }
        lines += standing.unnamed.map {
            "  UNNAMED the log key of \($0): the next write to \(id) names it, and until then nobody may "
                + "cite its log"
        }
        lines += standing.uncounted.map { "  NOT COUNTED \($0.line)" }
        if standing.beyondCut > 0 {
            lines.append(
                "  SHOWN HERE all the same: what the \(standing.beyondCut) entries beyond the cut say; others' "
                    + "labels and exports are without it")
        }
        return lines
    }

    private static func line(
        _ log: DatasetStatusDocument.Log, _ standing: DatasetStanding
    ) -> String {
        let member = standing.members.first { $0.org.description == log.origin }
        let role =
            member.map { $0.cutIndex == nil ? "  \($0.role.name)" : "  cut at \($0.cutIndex ?? 0)" }
            ?? ""
        return "  \(log.origin)  \(log.applied)/\(log.size) entries\(role)"
    }

    private static func logs(
        _ id: DatasetID, _ state: MergeState, _ node: Node
    ) throws -> [DatasetStatusDocument.Log] {
        try state.logs.values.filter { $0.stored > 0 }.sorted { $0.origin < $1.origin }.map { log in
            // One that cannot be read is listed as that, and keeps the others from nothing.
            let reader = try? node.home.log(log.origin, id)
            let vkey = try state.logKeys[log.number].map {
                try NoteVerifier(name: "\(log.origin)/\(id)", publicKey: $0).vkey
            }
            let witnessing = try reader.map { _ in try node.witnessing(of: log.origin, id) }
            return .init(
                origin: log.origin.description, vkey: vkey, size: reader?.size ?? log.stored,
                root: reader?.statedRoot.base64, applied: log.applied,
                cosignatures: witnessing?.count(covering: reader?.size ?? log.stored) ?? 0,
                witnessed: witnessing?.witnessedSize, cosignedAt: witnessing?.newest)
        }
    }
}

extension DatasetStatusDocument.Waiting {
    /// An entry that waits for others.
    package init(_ entry: WaitingEntry) {
        self.init(
            log: entry.log, index: entry.index, for: .init(log: entry.cited, size: entry.size),
            held: entry.held, since: entry.since, hint: entry.hint)
    }
}
