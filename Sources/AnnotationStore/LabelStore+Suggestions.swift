import AnnotationModel
import Foundation
import GRDB
import Provenance

/// A change that waits for somebody's acceptance, or was decided.
public struct SuggestionView: Sendable {
    /// The operation that suggests.
    public let operation: OperationID
    /// How far it has come.
    public let state: SuggestionRow.State
    /// The values by field; a selector in its encoded form.
    public let fields: [String: FieldValue]
}

extension LabelStore {
    /// The changes that others have suggested for an annotation.
    public func suggestions(
        _ target: OperationKey, _ logs: [Int: Origin]
    ) throws -> [SuggestionView] {
        try Self.translating("reading suggestions") {
            try queue.unsafeReentrantWrite { db in
                let names = try rows(db)
                return try Row.fetchAll(
                    db, sql: "SELECT op,fields,state FROM suggestion WHERE target=? ORDER BY op",
                    arguments: [target.packed]
                ).compactMap { try SuggestionView($0, logs, names) }
            }
        }
    }

    /// The suggestions that wait for a decision, with the labels that they would change, in the logs' order.
    ///
    /// - Returns: So many of them, and how many more there are.
    public func pendingSuggestions(
        _ logs: [Int: Origin], limit: Int
    ) throws -> (shown: [(target: OperationKey, view: SuggestionView)], more: Int) {
        try Self.translating("reading suggestions") {
            try queue.unsafeReentrantWrite { db in
                let names = try rows(db)
                var shown: [(target: OperationKey, view: SuggestionView)] = []
                var more = 0
                for number in logs.keys.sorted() {
                    let (low, high) = (Int64(number) << 48, Int64(number + 1) << 48)
                    let pending = SuggestionRow.State.pending.rawValue
                    let found = try Row.fetchCursor(
                        db,
                        sql: "SELECT op,target,fields,state FROM suggestion "
                            + "WHERE op>=? AND op<? AND state=? ORDER BY op",
                        arguments: [low, high, pending])
                    while let row = try found.next() {
                        guard shown.count < limit else {
                            more += 1
                            continue
                        }
                        guard let view = try SuggestionView(row, logs, names) else { continue }
                        shown.append((OperationKey(packed: row["target"]), view))
                    }
                }
                return (shown, more)
            }
        }
    }
}

extension SuggestionView {
    /// What a row of `suggestion` says; nil where its log is none of these.
    fileprivate init?(_ row: Row, _ logs: [Int: Origin], _ names: ReadRows) throws {
        let key = OperationKey(packed: row["op"])
        guard let origin = logs[key.log],
            let state = SuggestionRow.State(rawValue: row["state"])
        else { return nil }
        var fields: [String: FieldValue] = [:]
        for (field, value) in FieldList.decode(Array(row["fields"] as Data)) {
            fields[try names.field(field)] = (try? FieldValue(decoding: value)) ?? .bytes(value)
        }
        self.init(
            operation: OperationID(origin: origin, slot: key.slot), state: state, fields: fields)
    }
}
