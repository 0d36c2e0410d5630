import AnnotationModel
import Signing

extension LabelProofCheck {
    /// Checks the statements: whose word it is, whether it may be believed, and what it says of the file.
    ///
    /// A statement that another list of entries would fit spoils the file: somebody left something out.
    ///
    /// - Returns: Those who say that what the file shows is all, and what a reader should know.
    func words(
        _ outcome: Outcome, _ fold: LabelProofFold
    ) throws -> ([LabelProofReport.Word], notes: [String]) {
        let shown = LabelProofRows.contents(outcome.rows)
        var words: [LabelProofReport.Word] = []
        var notes: [String] = []
        var last: Origin?
        for message in proof.statements {
            let statement = try CompletenessStatement(message)
            guard last.map({ $0 < statement.org }) ?? true else {
                throw LabelProofError.refused("the statements do not ascend by organisation")
            }
            last = statement.org
            try requireTrust(statement, fold)
            try requireHeads(statement)
            if statement.contents == shown, speaksOfAll(statement, outcome) {
                words.append(
                    .init(org: statement.org, time: statement.time, heads: statement.heads))
                notes += silence(of: statement, fold)
            } else {
                notes.append(try older(statement))
            }
        }
        if words.isEmpty {
            notes.append(
                "nobody says in it that this is all: it cannot show that nothing was written later, "
                    + "nor that nothing below its checkpoints was left out")
        } else {
            notes.append("it cannot show what was written after the heads that are named")
        }
        return (words, notes)
    }

    /// The signer's certificate speaks for a member, under the roots that are trusted for it.
    private func requireTrust(
        _ statement: CompletenessStatement, _ fold: LabelProofFold
    ) throws {
        let org = statement.org
        guard statement.dataset == proof.dataset, statement.annotation == proof.annotation else {
            throw LabelProofError.refused(
                "the statement of \(org) is about \(statement.annotation) in \(statement.dataset)")
        }
        guard fold.membership.isMember(org) else {
            throw LabelProofError.refused("\(org), whose statement it holds, is no member")
        }
        guard statement.time <= time + CompletenessStatement.clockToleranceSeconds else {
            throw LabelProofError.refused("the statement of \(org) was signed in the future")
        }
        let pinned = fold.membership.members[org]?.roots.compactMap { try? Certificate(der: $0) }
        guard let leaf = statement.chain.first, leaf.speaks(for: org.description) else {
            throw LabelProofError.refused("the statement of \(org) is signed for somebody else")
        }
        try CertificatePath.validate(
            leaf: leaf, intermediates: Array(statement.chain.dropFirst()),
            roots: org == proof.dataset.owner ? roots : pinned ?? [], at: statement.time,
            purpose: .signing)
        let isRetired = entries.contains { entry in
            (entry.origin == org || entry.origin == proof.dataset.owner)
                && fold.isEffective(entry)
                && entry.acts.contains { act in
                    guard case .retireKey(let key, _) = act.act else { return false }
                    return key == leaf.fingerprint.bytes
                }
        }
        if isRetired {
            throw LabelProofError.refused("the statement of \(org) is signed with a retired key")
        }
    }

    /// What the logs themselves signed at the statement's sizes is what it names.
    private func requireHeads(_ statement: CompletenessStatement) throws {
        for head in statement.heads {
            guard let root = signed[head.origin]?[head.size], root != head.root else { continue }
            throw LabelProofError.refused(
                "\(statement.org) names another root of the log of \(head.origin) at \(head.size) "
                    + "entries than its checkpoint: one of the two signed two histories")
        }
    }

    /// True if all that the file shows lies below a statement's heads.
    private func speaksOfAll(_ statement: CompletenessStatement, _ outcome: Outcome) -> Bool {
        let sizes = statement.sizes
        return outcome.rows.allSatisfy {
            sizes[$0.operation.origin] ?? 0 > $0.operation.slot.entry
        }
    }

    /// What is said of a statement that does not reach everything that the file shows.
    private func older(_ statement: CompletenessStatement) throws -> String {
        let then: Outcome
        do {
            then = try evaluate(within: statement.sizes)
        } catch {
            throw LabelProofError.refused(
                "the statement of \(statement.org) does not reach the label: \(error)")
        }
        let contents = LabelProofRows.contents(then.rows)
        guard contents == statement.contents else {
            throw LabelProofError.refused(
                "\(statement.org) says that \(statement.contents.count) writes and verdicts concern the "
                    + "label at its heads, and the file shows \(contents.count), or others: something "
                    + "was left out, or put in")
        }
        return "the word of \(statement.org) reaches less than is shown here, up to "
            + statement.reach
    }

    /// Which members' logs a word does not reach.
    private func silence(
        of statement: CompletenessStatement, _ fold: LabelProofFold
    ) -> [String] {
        let sizes = statement.sizes
        let unheard = fold.membership.members.filter { origin, member in
            sizes[origin] == nil && member.spans.contains { $0.role ?? .reader > .reader }
        }.keys.sorted()
        if unheard.isEmpty { return [] }
        let names = unheard.map(\.description).joined(separator: ", ")
        return ["\(statement.org) holds no log of \(names): its word does not reach there"]
    }
}

extension CompletenessStatement {
    /// How much of which log it speaks of.
    var sizes: [Origin: UInt64] {
        Dictionary(heads.map { ($0.origin, $0.size) }, uniquingKeysWith: { first, _ in first })
    }

    /// The same for people.
    var reach: String { LabelProofReport.Word(org: org, time: time, heads: heads).reach }
}

extension LabelProofReport.Word {
    /// How much of which log it speaks of, for people.
    public var reach: String {
        heads.map { "\($0.origin) \($0.size)" }.joined(separator: ", ")
    }
}
