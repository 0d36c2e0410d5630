import AnnotationModel
import AnnotationStore
import CompanyHome
import CountermarkNode
import LabelDocuments
import PlainErrors
import Provenance

/// What is to be said of one label.
package enum LabelAct: Sendable {
    case set([AnnotationModel.Operation.Write])
    case retract
    case restore
    case review(Verdict, reason: String?)
    case comment(String)

    fileprivate func operation(on id: OperationID) -> AnnotationModel.Operation {
        switch self {
        case .set(let writes): .set(id, writes)
        case .retract: .set(id, [.field(.known(.status), .integer(1))])
        case .restore: .set(id, [.field(.known(.status), .integer(0))])
        case .review(let verdict, let reason): .review(id, verdict, reason: reason)
        case .comment(let text): .comment(id, text: text)
        }
    }
}

/// What came of saying something of a label or item: the document, and lines for people.
package struct ActReport: Sendable {
    package let document: WrittenDocument
    package let lines: [String]
}

extension Node {
    /// Says something of a label, or decides a suggestion; what is said already is not said again.
    ///
    /// - Parameters:
    ///   - text: The id of a label, or for a verdict that of a suggestion.
    ///   - chosen: The dataset, where it is known.
    package func act(
        _ act: LabelAct, on text: String, in chosen: DatasetID?, author: String?
    ) throws -> ActReport {
        if case .comment(let text) = act { try Self.requireWords(text) }
        if case .review(let verdict, let reason) = act,
            let (dataset, id, row) = try findSuggestion(text, in: chosen)
        {
            try requireDecider(of: row, dataset)
            if try hasDecided(id, row, verdict, dataset) {
                return ActReport(
                    document: WrittenDocument(nothingIn: dataset, isSuggestion: false),
                    lines: ["nothing has changed: \(id) was decided so already"])
            }
            guard row.state != .accepted || verdict == .accept else {
                throw NodeError(
                    .usage,
                    "\(id) was accepted, and its values are the label's: a verdict takes none of them back",
                    hint: "set the label's fields to what they should be")
            }
            return try writeOne(.review(id, verdict, reason: reason), dataset, author: author)
        }
        let (dataset, label) = try find(text, in: chosen)
        let operation = act.operation(on: label.id)
        try requireOfLabels(operation, label)
        if try repeatsVerdict(act, label, dataset, author: author) {
            return ActReport(
                document: WrittenDocument(nothingIn: dataset, isSuggestion: false),
                lines: ["nothing has changed: that is the standing verdict on \(label.id) already"])
        }
        if let report = try suggestsAlready(operation, label, dataset) { return report }
        if try changesNothing(operation, label, dataset) {
            return ActReport(
                document: WrittenDocument(nothingIn: dataset, isSuggestion: false),
                lines: ["nothing has changed: \(label.id) has these values already"])
        }
        return try writeOne(operation, dataset, author: author)
    }

    /// Writes one operation on a label, and says whether it waits for acceptance.
    func writeOne(
        _ operation: AnnotationModel.Operation, _ dataset: DatasetID, author: String?
    ) throws -> ActReport {
        let ids = try write(dataset, author: author, [operation])
        let isSuggestion = try ids.first.map {
            try suggestion($0, dataset)?.state == .pending
        }
        return ActReport(
            document: WrittenDocument(ids.first, isSuggestion: isSuggestion, WriteOutcome(self)),
            lines: ids.map { id in
                isSuggestion == true
                    ? "\(id)  a suggestion: it waits for the annotation's company or a reviewer "
                        + "(countermark review \(id.origin)/\(dataset):\(id.slot.entry)."
                        + "\(id.slot.position) accept)"
                    : id.description
            })
    }

    /// Whether a verdict is the one that its reviewer gave last, with the same reason, on the label as it still is.
    private func repeatsVerdict(
        _ act: LabelAct, _ label: LabelView, _ dataset: DatasetID, author: String?
    ) throws -> Bool {
        guard case .review(let verdict, let reason) = act else { return false }
        return try isStandingVerdict(
            verdict, reason: reason, author: author, on: label.key, dataset)
    }

    /// Throws for a write of a field that items have, and labels do not.
    private func requireOfLabels(
        _ operation: AnnotationModel.Operation, _ label: LabelView
    ) throws {
        guard case .set(_, let writes) = operation else { return }
        for case .field(let field, let value) in writes where value != .null {
            if let stage = ProcessingStage(field), !stage.isOfAnnotations {
                throw NodeError(
                    .notOfAnnotations, "the stage \(stage.rawValue) is one of items, not labels",
                    hint: "name the item \(label.item)")
            }
            if field == .known(.examined) || field == .known(.sameAs) {
                throw NodeError(
                    .notOfAnnotations, "\(field.name) is said of items, not of labels",
                    hint: "name the item \(label.item)")
            }
        }
    }

    /// The answer where a suggestion of this organisation waits that says what a change would suggest.
    func suggestsAlready(
        _ operation: AnnotationModel.Operation, _ label: LabelView, _ dataset: DatasetID
    ) throws -> ActReport? {
        guard case .set(_, let writes) = operation else { return nil }
        let wanted = Dictionary(
            writes.map { write -> (String, FieldValue) in
                switch write {
                case .className(let name): (Field.Known.className.name, .text(name))
                case .selector(let selector): (Field.Known.selector.name, .bytes(selector.encoded))
                case .field(let field, let value): (field.name, value)
                }
            }, uniquingKeysWith: { _, last in last })
        let known = try store.suggestions(label.key, try logNames(dataset)).first {
            $0.operation.origin == home.origin && $0.state == .pending && $0.fields == wanted
        }
        return known.map { known in
            ActReport(
                document: WrittenDocument(nothingIn: dataset, isSuggestion: true),
                lines: ["nothing has changed: \(known.operation) suggests that already, and waits"])
        }
    }

    private static func requireWords(_ text: String) throws {
        guard text.allSatisfy(\.isWhitespace) else { return }
        throw NodeError(.usage, "a comment without words says nothing", hint: "")
    }

    /// Whether a change repeats what this organisation has said of a label before and nobody has replaced.
    ///
    /// To say what another one said, or what the label was added with, is a statement of its own: it stands beside
    /// what others say at the same time.
    func changesNothing(
        _ operation: AnnotationModel.Operation, _ label: LabelView, _ dataset: DatasetID
    ) throws -> Bool {
        guard case .set(_, let writes) = operation, !label.flags.isConflict else { return false }
        let own = try store.writes(label.key.packed, try logNames(dataset)).filter {
            $0.operation.origin == home.origin
        }
        return writes.allSatisfy { write in
            switch write {
            case .className(let name):
                own.contains { $0.field == Field.Known.className.name && $0.value == .text(name) }
            case .selector(let selector):
                selector == label.selector
                    && own.contains { $0.field == Field.Known.selector.name }
            case .field(let field, let value):
                own.contains { $0.field == field.name && $0.value == value }
            }
        }
    }
}

/// A new label.
package struct NewLabel: Sendable {
    package var item: String
    package var className: String
    package var selector = Selector.wholeItem
    package var fields: [Field: FieldValue] = [:]

    /// A label of a whole item.
    package init(item: String, className: String) {
        (self.item, self.className) = (item, className)
    }
}

extension Node {
    /// Adds a label.
    package func annotate(
        _ dataset: DatasetID, _ label: NewLabel, author: String?
    ) throws -> ActReport {
        try require(dataset)
        try label.selector.validate()
        let ids = try write(
            dataset, author: author,
            [
                .addAnnotation(
                    item: label.item, className: label.className, selector: label.selector,
                    fields: label.fields)
            ])
        return ActReport(
            document: WrittenDocument(ids.first, WriteOutcome(self)), lines: ids.map(\.description))
    }

    /// Comments on an item.
    package func comment(
        onItem key: String, _ dataset: DatasetID, _ text: String, author: String?
    ) throws -> ActReport {
        try Self.requireWords(text)
        try require(dataset)
        try catchUp(dataset)
        guard try store.item(dataset, key: key) != nil else {
            throw NodeError(
                .unknownItem, "\(dataset) has no item \(key)",
                hint: "see countermark dataset show \(dataset)")
        }
        let ids = try write(dataset, author: author, [.commentItem(key: key, text: text)])
        return ActReport(
            document: WrittenDocument(ids.first, WriteOutcome(self)), lines: ids.map(\.description))
    }
}
