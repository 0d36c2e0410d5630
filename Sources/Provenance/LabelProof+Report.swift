import AnnotationModel
import Signing
import TransparencyLog

extension LabelProofCheck {
    /// What some entries of the proof come to.
    struct Outcome {
        let added: Entry
        let item: String
        let writes: [LabelProofReport.Write]
        let rows: [LabelProofRows.Row]
        /// Entries that concern the label and do not count.
        let notCounted: [Entry]
    }

    mutating func run() throws -> LabelProofReport {
        try read()
        let outcome = try evaluate(within: nil)
        let fold = LabelProofFold(proof.dataset, entries, heads)
        let witnesses = try witnesses(of: outcome.added, fold)
        let (words, remarks) = try words(outcome, fold)
        let left = outcome.notCounted.map {
            "entry \($0.index) of \($0.origin) does not count and is left out"
        }
        return LabelProofReport(
            release: try release(fold), item: outcome.item,
            signer: subjects[outcome.added.signer] ?? outcome.added.signer.hex,
            fingerprint: outcome.added.signer, time: outcome.added.time, writes: outcome.writes,
            witnesses: witnesses,
            sizes: Dictionary(
                signed.map { ($0.description, $1.keys.max() ?? 0) }, uniquingKeysWith: max),
            completeBy: words, notes: left + remarks)
    }

    /// What the file shows of a release.
    private func release(_ fold: LabelProofFold) throws -> LabelProofReport.InRelease? {
        guard let part = proof.release else { return nil }
        return LabelProofReport.InRelease(
            release: try fold.named(part.commitment), said: try part.verify(proof.annotation))
    }

    /// The organisations that have cosigned an entry; every line in the file has to be somebody's.
    func witnesses(
        of added: Entry?, _ fold: LabelProofFold
    ) throws -> [LabelProofReport.Witness] {
        var seen: [String: Int64] = [:]
        var checked: Set<[UInt8]> = []
        for entry in entries {
            let roster = fold.witnesses(of: entry.origin)
            let own = "\(entry.origin)/\(proof.dataset)"
            let isAdded = entry.origin == added?.origin && entry.index == added?.index
            for note in entry.notes {
                for signature in note.signatures where signature.name != own {
                    // The same line stands under every entry of its checkpoint.
                    let isNew = checked.insert(signature.keyID + signature.bytes + note.text)
                        .inserted
                    guard let time = SignedNote.cosignatureTime(signature.bytes),
                        !isNew || roster.verifies(signature, text: note.text)
                    else {
                        throw LabelProofError.refused(
                            "a checkpoint of \(entry.origin) carries a signature that nothing "
                                + "explains")
                    }
                    guard isAdded else { continue }
                    seen[signature.name] = min(time, seen[signature.name] ?? time)
                }
            }
        }
        return seen.sorted { $0.key < $1.key }.map { .init(org: $0.key, time: $0.value) }
    }

    // MARK: Evaluating

    /// Folds the entries below some heads: who counted, who might write, and what stands.
    ///
    /// - Parameter sizes: How much of which log to go by; nil for everything.
    func evaluate(within sizes: [Origin: UInt64]?) throws -> Outcome {
        let entries = entries.filter { entry in
            sizes.map { $0[entry.origin] ?? 0 > entry.index } ?? true
        }
        let fold = LabelProofFold(proof.dataset, entries, heads)
        guard
            let added = entries.first(where: {
                $0.origin == proof.annotation.origin && $0.index == proof.annotation.slot.entry
            })
        else { throw LabelProofError.refused("the entry of \(proof.annotation) is not in it") }
        if let why = fold.standing(added) {
            throw LabelProofError.refused("\(proof.annotation) does not count: \(why.reason)")
        }
        var evaluation = LabelProofEvaluation(check: self, fold: fold)
        var notCounted: [Entry] = []
        for entry in entries where !entry.operations.isEmpty {
            if fold.standing(entry) == nil {
                evaluation.take(entry)
            } else if entry.operations.contains(where: \.isCertain) {
                notCounted.append(entry)
            }
        }
        evaluation.decide()
        guard let item = evaluation.item else {
            throw LabelProofError.refused("\(proof.annotation) adds no annotation")
        }
        evaluation.replace()
        return Outcome(
            added: added, item: item, writes: evaluation.writes.map(\.write),
            rows: evaluation.rows, notCounted: notCounted)
    }
}

extension LabelProofOperation {
    /// False for verdicts on something else, which may be none of the label's suggestions.
    fileprivate var isCertain: Bool {
        if case .decision = kind { return false }
        return true
    }
}

/// The writes of one label, as counted operations make them.
private struct LabelProofEvaluation {
    /// A write, and the register that it is one of.
    struct Write {
        var write: LabelProofReport.Write
        let register: String
        let leaf: Digest
    }

    let check: LabelProofCheck
    let fold: LabelProofFold
    private(set) var item: String?
    private(set) var writes: [Write] = []
    private var suggestions: [OperationID: LabelProofOperation.Values] = [:]
    private var decisions: [(operation: LabelProofOperation, entry: LabelProofCheck.Entry)] = []
    private var otherRows: [LabelProofRows.Row] = []

    init(check: LabelProofCheck, fold: LabelProofFold) { (self.check, self.fold) = (check, fold) }

    private var annotation: OperationID { check.proof.annotation }

    /// Takes the operations of an entry that counts.
    mutating func take(_ entry: LabelProofCheck.Entry) {
        for operation in entry.operations {
            switch operation.kind {
            case .add(let item, let values):
                self.item = item
                write(values, operation, entry)
            // What its author did not know it could not write to.
            case _ where !fold.covers(operation.id, annotation): continue
            case .set(let values):
                if mayDecide(entry) {
                    write(values, operation, entry)
                } else {
                    suggestions[operation.id] = values
                    otherRows += values.map {
                        .init(
                            operation: operation.id, leaf: entry.leaf, register: $0.field,
                            state: .suggested)
                    }
                }
            case .review(let reviewer, let verdict):
                write(
                    "review/" + reviewer, .plain(.text(verdict.name)), operation, entry,
                    register: LabelProofRows.reviewPrefix + reviewer)
            case .decision: decisions.append((operation, entry))
            }
        }
    }

    /// Takes the verdicts on suggestions: to accept one is to write its values.
    mutating func decide() {
        for (operation, entry) in decisions where mayDecide(entry) {
            guard case .decision(let suggestion, let verdict) = operation.kind,
                let values = suggestions[suggestion], fold.covers(operation.id, suggestion)
            else { continue }
            otherRows.append(
                .init(
                    operation: operation.id, leaf: entry.leaf,
                    register: LabelProofRows.decisionPrefix + suggestion.description,
                    state: .decided))
            if verdict == .accept { write(values, operation, entry) }
        }
    }

    /// Finds the writes that another one of the same register replaces.
    ///
    /// What an author knows only grows, so that each author's last write of a register knows the most.
    mutating func replace() {
        var last: [String: [Origin: OperationID]] = [:]
        for write in writes {
            let id = write.write.operation
            let known = last[write.register]?[id.origin] ?? id
            last[write.register, default: [:]][id.origin] = max(known, id)
        }
        for index in writes.indices {
            let id = writes[index].write.operation
            writes[index].write.isReplaced =
                last[writes[index].register]?.values.contains {
                    $0 != id && fold.covers($0, id)
                } ?? false
        }
    }

    /// What the statements are made of.
    var rows: [LabelProofRows.Row] {
        otherRows
            + writes.map {
                .init(
                    operation: $0.write.operation, leaf: $0.leaf, register: $0.register,
                    state: $0.write.isReplaced ? .replaced : .standing)
            }
    }

    /// True if an entry's author may change the annotation: its owner, or a reviewer.
    private func mayDecide(_ entry: LabelProofCheck.Entry) -> Bool {
        fold.membership.isOwner(entry.origin, of: annotation.origin)
            || (fold.membership.role(of: entry.origin, at: entry.index) ?? .reader) >= .reviewer
    }

    private mutating func write(
        _ values: LabelProofOperation.Values, _ operation: LabelProofOperation,
        _ entry: LabelProofCheck.Entry
    ) {
        for (field, value) in values {
            write(field, value, operation, entry, register: field)
        }
    }

    private mutating func write(
        _ field: String, _ value: LabelProofReport.Value, _ operation: LabelProofOperation,
        _ entry: LabelProofCheck.Entry, register: String
    ) {
        writes.append(
            Write(
                write: LabelProofReport.Write(
                    field: field, value: value, operation: operation.id, author: operation.author,
                    signer: check.subjects[entry.signer] ?? entry.signer.hex, time: entry.time),
                register: register, leaf: entry.leaf))
    }
}
