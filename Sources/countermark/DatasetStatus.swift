import AnnotationModel
import AnnotationStore
import CountermarkNode
import Foundation
import LogStorage
import Provenance
import Signing
import TransparencyLog

/// One dataset, for `status`.
struct DatasetStatus {
    let document: [String: Any]
    let lines: [String]

    init(_ id: DatasetID, _ node: Node) throws {
        try node.catchUp(id)
        let state = try node.read(id) { $0.state }
        let standing = try node.standing(of: id)
        let schema = try node.schema(of: id)
        let outside = try node.outsideSchema(id, schema)
        let waiting = try node.waitingEntries(id)
        let unreadable = node.unreadableLogs.filter { $0.key.hasSuffix("/\(id)") }
            .sorted { $0.key < $1.key }
        let logs = try Self.logs(id, state, node)
        let twins = try node.store.itemsOfEqualContent(id)
        document = [
            "sameContent": twins, "waiting": waiting.map(Self.document),
            "unreadable": unreadable.map { ["log": $0.key, "why": $0.value] },
            "rebuild": state.needsRebuild == nil ? NSNull() : "pending" as Any,
            "schema": schema.document, "outsideSchema": outside ?? NSNull() as Any,
            "id": id.description, "digest": state.digest.hex, "items": state.counts.items,
            "annotations": state.counts.annotations - state.counts.retracted,
            "conflicts": state.counts.conflicts, "quarantined": standing.notCounted,
            "beyondCut": standing.beyondCut,
            "logs": logs, "uncounted": standing.uncounted.map(Self.document),
            "unnamed": standing.unnamed.map(\.description), "left": standing.isLeft,
            "audience": standing.audience?.map(\.description) ?? NSNull() as Any,
            "cut": standing.members.filter { $0.cutIndex != nil }.map(\.org.description),
            "unshared": standing.unshared,
        ]
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

    private static func line(_ log: [String: Any], _ standing: DatasetStanding) -> String {
        let origin = log["origin"] as? String ?? ""
        let member = standing.members.first { $0.org.description == origin }
        let role =
            member.map { $0.cutIndex == nil ? "  \($0.role.name)" : "  cut at \($0.cutIndex ?? 0)" }
            ?? ""
        return "  \(origin)  \(log["applied"] ?? 0)/\(log["size"] ?? 0) entries\(role)"
    }

    private static func document(_ entry: WaitingEntry) -> [String: Any] {
        [
            "log": entry.log, "index": entry.index,
            "for": ["log": entry.cited, "size": entry.size] as [String: Any],
            "held": entry.held, "since": entry.since, "hint": entry.hint,
        ]
    }

    /// What does not count, as a document.
    static func document(_ one: UncountedWrites) -> [String: Any] {
        [
            "dataset": one.dataset.description, "counted": false, "why": one.why.reason,
            "reason": one.why.name, "entries": one.entries, "operations": one.operations,
            "first": one.first, "last": one.last, "latest": one.isLatest,
        ]
    }

    private static func logs(
        _ id: DatasetID, _ state: MergeState, _ node: Node
    ) throws -> [[String: Any]] {
        try state.logs.values.filter { $0.stored > 0 }.sorted { $0.origin < $1.origin }.map { log in
            // One that cannot be read is listed as that, and keeps the others from nothing.
            let reader = try? node.home.log(log.origin, id)
            let vkey = try state.logKeys[log.number].map {
                try NoteVerifier(name: "\(log.origin)/\(id)", publicKey: $0).vkey
            }
            let witnessing = try reader.map { _ in try node.witnessing(of: log.origin, id) }
            return [
                "origin": log.origin.description, "vkey": vkey ?? NSNull(),
                "size": reader?.size ?? log.stored,
                "root": reader?.statedRoot.base64 ?? NSNull() as Any, "applied": log.applied,
                "cosignatures": witnessing?.count(covering: reader?.size ?? log.stored) ?? 0,
                "witnessed": witnessing?.witnessedSize ?? NSNull() as Any,
                "cosignedAt": witnessing?.newest ?? NSNull() as Any,
            ] as [String: Any]
        }
    }
}
