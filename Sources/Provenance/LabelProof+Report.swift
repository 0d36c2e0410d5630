import AnnotationModel
import CanonicalCBOR
import Signing
import TransparencyLog

extension LabelProofCheck {
    /// Says what the entries show; all logs were read.
    mutating func report() throws -> LabelProofReport {
        guard
            let added = entries.first(where: {
                $0.origin == proof.annotation.origin && $0.index == proof.annotation.slot.entry
            })
        else { throw LabelProofError.refused("the entry of \(proof.annotation) is not in it") }
        if let why = standing(added) {
            throw LabelProofError.refused("\(proof.annotation) does not count: \(why.reason)")
        }
        for entry in entries { _ = try cosignatures(entry) }
        let (item, base) = try addition(added)
        var writes = base
        for entry in entries where entry.log != added.log || entry.index >= added.index {
            guard standing(entry) == nil else {
                notes.append(
                    "entry \(entry.index) of \(entry.origin) does not count and is left out")
                continue
            }
            writes += try changes(entry)
        }
        for index in writes.indices {
            let write = writes[index]
            writes[index].isReplaced = writes.contains {
                $0.field == write.field && $0.operation != write.operation
                    && covers($0.operation, write.operation)
            }
        }
        notes.append("it cannot show that nothing was written after the checkpoints it holds")
        return LabelProofReport(
            item: item, signer: subjects[added.signer] ?? added.signer.hex,
            fingerprint: added.signer, time: added.time, writes: writes,
            witnesses: try cosignatures(added).map {
                .init(org: $0.witness.name, time: $0.time)
            },
            sizes: Dictionary(
                entries.map { ($0.origin.description, $0.size) }, uniquingKeysWith: max),
            notes: notes)
    }

    func standing(_ entry: Entry) -> NotCounted? {
        guard let log = state.logs[entry.log] else { return .notMember }
        return state.standing(of: log, index: entry.index, signer: entry.signer, time: entry.time)
    }

    /// The cosignatures under an entry's checkpoint; every line in the file has to be somebody's.
    private func cosignatures(_ entry: Entry) throws -> [Cosignature] {
        let witnesses = try state.witnessKeys.flatMap { number, keys -> [NoteVerifier] in
            guard let origin = state.logs[number]?.origin, number != entry.log else { return [] }
            return try keys.map {
                try NoteVerifier(name: origin.description, kind: .cosignature, publicKey: $0)
            }
        }
        let found = try entry.note.cosignatures(by: witnesses)
        guard found.count + 1 == entry.note.signatures.count else {
            throw LabelProofError.refused(
                "a checkpoint of \(entry.origin) carries a signature that nothing explains")
        }
        return found
    }

    // MARK: Writes

    private func forEachOperation(
        _ entry: Entry, _ body: (OperationView, ChangesetView, OperationID) throws -> Void
    ) throws {
        try entry.bytes.withUnsafeBytes { bytes in
            let view = try ChangesetView(COSESign1.parse(bytes).payload(in: bytes))
            var cursor = view.operations
            while let operation = try cursor.next() {
                let slot = Slot(entry: entry.index, position: cursor.position)
                try body(operation, view, OperationID(origin: entry.origin, slot: slot))
            }
        }
    }

    private func addition(
        _ entry: Entry
    ) throws -> (item: String, writes: [LabelProofReport.Write]) {
        var found: (item: String, writes: [LabelProofReport.Write])?
        try forEachOperation(entry) { operation, view, id in
            guard id == proof.annotation,
                case .addAnnotation(let item, let name, let selector, let fields) = operation
            else { return }
            var writes = [
                write("class", .plain(.text(view.string(name))), id, entry, view),
                write(
                    "selector", .selector(try Selector(decoding: Array(selector))), id, entry, view),
            ]
            writes += try plain(fields, id, entry, view)
            found = (view.string(item), writes)
        }
        guard let found else {
            throw LabelProofError.refused("\(proof.annotation) adds no annotation")
        }
        return found
    }

    private func changes(_ entry: Entry) throws -> [LabelProofReport.Write] {
        var writes: [LabelProofReport.Write] = []
        try forEachOperation(entry) { operation, view, id in
            switch operation {
            case .set(let origin, let slot, let fields)
            where target(origin, slot, view) == proof.annotation:
                if mayDecide(entry) { writes += try changed(fields, id, entry, view) }
            case .review(let origin, let slot, let verdict, _):
                let target = target(origin, slot, view)
                if target == proof.annotation {
                    // One current verdict per reviewer.
                    let reviewer = [entry.origin.description, view.author.map { view.string($0) }]
                    let field = "review/" + reviewer.compactMap { $0 }.joined(separator: "/")
                    writes.append(write(field, .plain(.text(verdict.name)), id, entry, view))
                } else if verdict == .accept, mayDecide(entry), let target {
                    writes += try accepted(target, by: id, entry)
                }
            default: break
            }
        }
        return writes
    }

    private func target(_ origin: Int, _ slot: Slot, _ view: ChangesetView) -> OperationID? {
        (try? Origin(view.string(origin))).map { OperationID(origin: $0, slot: slot) }
    }

    /// True if an entry's author may change the annotation: its owner, or a reviewer.
    private func mayDecide(_ entry: Entry) -> Bool {
        state.membership.isOwner(entry.origin, of: proof.annotation.origin)
            || (state.membership.role(of: entry.origin, at: entry.index) ?? .reader) >= .reviewer
    }

    /// The values of a suggestion, written by whoever accepted it.
    private func accepted(
        _ suggestion: OperationID, by acceptance: OperationID, _ acceptor: Entry
    ) throws -> [LabelProofReport.Write] {
        guard
            let entry = entries.first(where: {
                $0.origin == suggestion.origin && $0.index == suggestion.slot.entry
            }), standing(entry) == nil
        else { return [] }
        var writes: [LabelProofReport.Write] = []
        try forEachOperation(entry) { operation, view, id in
            guard id == suggestion, case .set(let origin, let slot, let fields) = operation,
                target(origin, slot, view) == proof.annotation
            else { return }
            writes += try changed(fields, acceptance, acceptor, view)
        }
        return writes
    }

    private func changed(
        _ fields: FieldPairs, _ id: OperationID, _ entry: Entry, _ view: ChangesetView
    ) throws -> [LabelProofReport.Write] {
        try fields.mapped { code, bytes in
            let value: LabelProofReport.Value
            switch view.field(code) {
            case .known(.className):
                var reader = CBORReader(bytes)
                value = .plain(.text(view.string(Int(try reader.unsigned()))))
            case .known(.selector): value = .selector(try Selector(decoding: Array(bytes)))
            default: value = .plain(try FieldValue(decoding: bytes))
            }
            return write(view.field(code)?.name ?? "field \(code)", value, id, entry, view)
        }
    }

    private func plain(
        _ fields: FieldPairs, _ id: OperationID, _ entry: Entry, _ view: ChangesetView
    ) throws -> [LabelProofReport.Write] {
        try fields.mapped { code, bytes in
            write(
                view.field(code)?.name ?? "field \(code)", .plain(try FieldValue(decoding: bytes)),
                id, entry, view)
        }
    }

    private func write(
        _ field: String, _ value: LabelProofReport.Value, _ id: OperationID, _ entry: Entry,
        _ view: ChangesetView
    ) -> LabelProofReport.Write {
        LabelProofReport.Write(
            field: field, value: value, operation: id,
            author: view.author.map { view.string($0) },
            signer: subjects[entry.signer] ?? entry.signer.hex, time: entry.time)
    }

    /// True if the author of one operation knew of another, as far as the proof shows.
    private func covers(_ one: OperationID, _ other: OperationID) -> Bool {
        if one.origin == other.origin { return other.slot < one.slot }
        return entries.contains { entry in
            entry.origin == one.origin && entry.index <= one.slot.entry
                && entry.heads.contains {
                    $0.origin == other.origin && $0.merged > other.slot.entry
                }
        }
    }
}

extension FieldPairs {
    fileprivate func mapped<R>(
        _ body: (Int, UnsafeRawBufferPointer) throws -> R
    ) throws -> [R] {
        var results: [R] = []
        try forEach { code, value in results.append(try body(code, value)) }
        return results
    }
}
