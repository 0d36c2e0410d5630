import AnnotationModel
import Provenance
import Signing

/// What the counted entries come to: which annotations there are, which writes of each field survive, and which of
/// them the rows show.
struct LabelOracle {
    private enum Target: Hashable {
        case annotation(OperationID)
        case item(String)
    }

    private struct Write: Hashable {
        let operation: OperationID
        let value: [UInt8]
    }

    /// A change of fields, by name.
    private typealias Change = [(field: String, value: [UInt8])]

    private let oracle: Oracle
    private let judged: [Origin: [Oracle.Verdict]]
    private var node: SimulatedNode { oracle.node }
    private var annotations: [OperationID: Operation] = [:]
    private var suggestions: [OperationID: (target: OperationID, change: Change)] = [:]
    private var writes: [Target: [String: [Write]]] = [:]

    init(_ oracle: Oracle, _ judged: [Origin: [Oracle.Verdict]]) {
        (self.oracle, self.judged) = (oracle, judged)
        // What is there, what waits for somebody's word, and what was written: each needs the one before.
        forEachCounted { id, operation, _ in
            if case .addAnnotation = operation { annotations[id] = operation }
        }
        forEachCounted { id, operation, _ in
            if case .set(let target, let fields) = operation, knows(id, target),
                annotations[target] != nil, !mayDecide(id, on: target)
            {
                suggestions[id] = (target, Self.change(fields))
            }
        }
        forEachCounted { id, operation, author in take(operation, id, author) }
        let all = writes
        writes = all.mapValues { fields in
            fields.mapValues { list in
                list.filter { old in !list.contains { knows($0.operation, old.operation) } }
            }
        }
    }

    private func forEachCounted(_ body: (OperationID, Operation, String?) -> Void) {
        for (origin, verdicts) in judged {
            for (index, verdict) in verdicts.enumerated() where verdict.objection == nil {
                guard let entry = oracle.logs[origin]?[index] else { continue }
                for (position, operation) in entry.operations.enumerated() {
                    let slot = Slot(entry: UInt64(index), position: position)
                    body(OperationID(origin: origin, slot: slot), operation, entry.author)
                }
            }
        }
    }

    // MARK: Rules

    /// True if an operation's author had merged another operation.
    private func knows(_ one: OperationID, _ other: OperationID) -> Bool {
        if one.origin == other.origin { return other.slot < one.slot }
        let merged = judged[one.origin]?[Int(one.slot.entry)].merged[other.origin] ?? 0
        return other.slot.entry < UInt64(merged)
    }

    /// True for whoever added an annotation, goes on for that company, or reviews.
    private func mayDecide(_ id: OperationID, on target: OperationID) -> Bool {
        let role = oracle.role(id.origin, Int(id.slot.entry)) ?? .reader
        return role >= .reviewer || oracle.isOwner(id.origin, of: target.origin)
    }

    private mutating func take(_ operation: Operation, _ id: OperationID, _ author: String?) {
        switch operation {
        case .addItem(let key, let fields), .setItem(let key, let fields):
            for (field, value) in fields {
                let name =
                    field == .known(.examined)
                    ? "\u{0}examined/\(id.origin)" : Self.name(of: field)
                write(name, value.encoded, .item(key), id)
            }
        case .set(let target, let fields):
            guard knows(id, target), annotations[target] != nil, suggestions[id] == nil else {
                return
            }
            write(Self.change(fields), target, id)
        case .review(let target, let verdict, let reason):
            guard knows(id, target) else { return }
            if let suggestion = suggestions[target] {
                guard verdict == .accept, mayDecide(id, on: suggestion.target) else { return }
                write(suggestion.change, suggestion.target, id)
            } else if annotations[target] != nil {
                let reviewer = "\(id.origin)" + (author.map { "/\($0)" } ?? "")
                let value = FieldValue.array([
                    .integer(Int64(verdict.rawValue)), reason.map { .text($0) } ?? .null,
                ])
                write("\u{0}review/\(reviewer)", value.encoded, .annotation(target), id)
            }
        case .addAnnotation, .comment, .commentItem, .governance: return
        }
    }

    private mutating func write(_ change: Change, _ target: OperationID, _ id: OperationID) {
        for (field, value) in change { write(field, value, .annotation(target), id) }
    }

    private mutating func write(
        _ field: String, _ value: [UInt8], _ target: Target, _ id: OperationID
    ) {
        writes[target, default: [:]][field, default: []].append(Write(operation: id, value: value))
    }

    private static func name(of field: Field) -> String {
        switch field {
        case .known(let known): "#\(known.rawValue)"
        case .attribute(let name): name
        }
    }

    private static func change(_ fields: [Operation.Write]) -> Change {
        fields.map { write in
            switch write {
            case .className(let name):
                (Self.name(of: .known(.className)), FieldValue.text(name).encoded)
            case .selector(let selector):
                (Self.name(of: .known(.selector)), selector.encoded)
            case .field(let field, let value): (Self.name(of: field), value.encoded)
            }
        }
    }

    // MARK: Resolving

    /// Of the writes that survive side by side, the one that is shown: by the policy, then the one whose author had
    /// merged more, then the smaller leaf hash.
    private func shown(_ writes: [Write]?, of adder: Origin?) -> Write? {
        writes?.max { one, other in
            let (rank, better) = (rank(one, adder), rank(other, adder))
            if rank != better { return rank < better }
            let (height, higher) = (height(one), height(other))
            if height != higher { return height < higher }
            return leaf(other).lexicographicallyPrecedes(leaf(one))
        }
    }

    private func rank(_ write: Write, _ adder: Origin?) -> Int {
        let (origin, slot) = (write.operation.origin, write.operation.slot)
        switch oracle.policy {
        case "owner-decides": return adder.map { oracle.isOwner(origin, of: $0) } ?? false ? 1 : 0
        case "role-rank":
            return Int((oracle.role(origin, Int(slot.entry)) ?? .reader).rawValue)
        default: return 0
        }
    }

    private func height(_ write: Write) -> Int {
        let (origin, slot) = (write.operation.origin, write.operation.slot)
        let merged = judged[origin]?[Int(slot.entry)].merged ?? [:]
        return merged.values.reduce(Int(slot.entry), +)
    }

    private func leaf(_ write: Write) -> [UInt8] {
        let (origin, slot) = (write.operation.origin, write.operation.slot)
        return node.disk.logs[origin]?.leaves[Int(slot.entry)].bytes ?? []
    }

    // MARK: Comparing

    func check() throws {
        let found = node.storage.annotations.keys.compactMap { id($0) }
        guard Set(found) == Set(annotations.keys) else {
            throw LawFailure(
                "\(node.origin) shows annotations \(Set(found).subtracting(annotations.keys)) too many, "
                    + "\(Set(annotations.keys).subtracting(found)) too few")
        }
        let retracted = annotations.keys.filter {
            shown(writes[.annotation($0)]?[Self.name(of: .known(.status))], of: $0.origin)?.value
                == [1]
        }
        try require(
            node.state.counts.retracted == retracted.count,
            "\(node.origin) counts \(node.state.counts.retracted) retracted, not \(retracted.count)"
        )
        for (key, row) in node.storage.annotations {
            guard let id = id(key) else { continue }
            let expected = writes[.annotation(id)] ?? [:]
            try compare(expected, node.storage.registers(key.packed), "\(id)")
            try compare(expected, row, id)
        }
        var number: Int64 = 1
        while let row = node.storage.item(id: number) {
            try compare(row)
            number += 1
        }
    }

    private func id(_ key: OperationKey) -> OperationID? {
        node.state.logs[key.log].map { OperationID(origin: $0.origin, slot: key.slot) }
    }

    private func name(_ field: Int64) -> String {
        field < nameBase
            ? "#\(field)" : String(decoding: node.storage.name(field), as: UTF8.self)
    }

    private func compare(
        _ expected: [String: [Write]], _ rows: [RegisterRow], _ what: String
    ) throws {
        var found: [String: Set<Write>] = [:]
        for row in rows {
            guard let operation = id(row.operation) else { continue }
            found[name(row.field), default: []].insert(
                Write(operation: operation, value: row.value))
        }
        guard found == expected.mapValues({ Set($0) }) else {
            throw LawFailure(
                "\(node.origin) keeps other writes of \(what): \(found), expected \(expected)")
        }
    }

    private func compare(_ row: ItemRow) throws {
        let key = String(decoding: row.key, as: UTF8.self)
        let expected = writes[.item(key)] ?? [:]
        let fields = FieldList.decode(row.fields)
        if let base = row.base {
            let rows = fields.map {
                RegisterRow(field: $0.field, operation: base, value: $0.value)
            }
            return try compare(expected, rows, key)
        }
        try compare(expected, node.storage.registers(row.target), key)
        try compare(expected, fields, [:], nil, key)
    }

    private func compare(
        _ expected: [String: [Write]], _ row: AnnotationRow, _ id: OperationID
    ) throws {
        guard case .addAnnotation(_, let className, let selector, let base)? = annotations[id]
        else { return }
        func written(_ field: Field.Known) -> [UInt8]? {
            shown(expected[Self.name(of: .known(field))], of: id.origin)?.value
        }
        let name = String(decoding: node.storage.name(row.className), as: UTF8.self)
        try require(
            FieldValue.text(name).encoded
                == written(.className) ?? FieldValue.text(className).encoded,
            "\(node.origin) shows another class of \(id)")
        try require(
            row.selector == written(.selector) ?? selector.encoded,
            "\(node.origin) shows another place of \(id)")
        try require(
            row.isRetracted == (written(.status) == [1]), "\(node.origin) shows \(id) otherwise")
        let isContested = expected.values.contains { Set($0.map(\.value)).count > 1 }
        try require(
            row.flags.contains(.contested) == isContested,
            "\(node.origin) calls \(id) contested: \(!isContested)")
        let isEdited = isEditedWhileRetracted(expected)
        try require(
            row.flags.contains(.editedWhileRetracted) == isEdited,
            "\(node.origin) calls \(id) edited while retracted: \(!isEdited)")
        let names = base.map { (Self.name(of: $0.key), $0.value.encoded) }
        try compare(
            expected, FieldList.decode(row.fields),
            Dictionary(names, uniquingKeysWith: { first, _ in first }), id.origin, "\(id)")
    }

    /// True if a retraction and a change survive that do not know of each other; verdicts change nothing.
    private func isEditedWhileRetracted(_ writes: [String: [Write]]) -> Bool {
        let status = Self.name(of: .known(.status))
        let retractions = writes[status]?.filter { $0.value == [1] } ?? []
        let edits = writes.filter { $0.key != status && !$0.key.hasPrefix("\u{0}review/") }
        return retractions.contains { retraction in
            edits.values.joined().contains { edit in
                edit.operation != retraction.operation
                    && !knows(edit.operation, retraction.operation)
                    && !knows(retraction.operation, edit.operation)
            }
        }
    }

    /// What a row shows of attributes.
    private func compare(
        _ expected: [String: [Write]], _ fields: [(field: Int64, value: [UInt8])],
        _ base: [String: [UInt8]], _ adder: Origin?, _ what: String
    ) throws {
        let found = Dictionary(
            fields.map { (name($0.field), $0.value) }, uniquingKeysWith: { first, _ in first })
        let inColumns: [Field.Known] = [.className, .selector, .status]
        let columns = Set(inColumns.map { Self.name(of: .known($0)) })
        for field in Set(expected.keys).union(base.keys).union(found.keys)
        where !field.hasPrefix("\u{0}review/") && !columns.contains(field) {
            let written = shown(expected[field], of: adder)?.value ?? base[field]
            let value = written == [0xf6] ? nil : written
            try require(
                found[field] == value,
                "\(node.origin) shows \(String(describing: found[field])) as \(field) of \(what), expected "
                    + "\(String(describing: value))")
        }
    }
}
