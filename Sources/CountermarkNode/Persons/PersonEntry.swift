import AnnotationModel
import PlainErrors
import Signing

/// What a person's entry may say, before any log is looked at: it is the person's own word, and nothing else.
///
/// A page makes labels, changes, verdicts and remarks. Governance, registering items and naming somebody else as the
/// author are the operator's, whoever signs.
struct PersonEntry {
    /// What one of the operations speaks of, with its place in the changeset.
    struct Targeted {
        let position: Int
        let target: OperationID
    }

    let heads: [Head]
    /// The only act that may stand in front: the introduction of the signer's own certificate.
    private(set) var introduction: GovernanceAct?
    private(set) var targets: [Targeted] = []
    private(set) var attributes: [String] = []
    /// The positions of everything that is no act.
    private(set) var positions: [Int] = []
    let place: EntryPlace
    let time: Int64

    /// - Parameters:
    ///   - statement: the entry, parsed and verified.
    ///   - mayReview: whether the person gives verdicts and sets stages.
    init(
        _ statement: COSESign1, in entry: UnsafeRawBufferPointer, author: String, mayReview: Bool
    ) throws {
        guard let place = statement.place, let time = statement.issuedAt else {
            throw Self.bad(
                "it does not say where it shall stand (cti), or when it was signed (iat)")
        }
        (self.place, self.time) = (place, time)
        let view = try ChangesetView(statement.payload(in: entry))
        heads = view.heads
        guard view.author.map({ view.string($0) }) == author else {
            throw Self.bad("its author is not \(author), whose key has signed it")
        }
        guard view.source == nil else { throw Self.bad("it names a source for all of its labels") }
        var cursor = view.operations
        while let operation = try cursor.next() {
            try take(operation, at: cursor.position, view, mayReview)
        }
        guard !positions.isEmpty else { throw Self.bad("it says nothing") }
    }

    private mutating func take(
        _ operation: OperationView, at position: Int, _ view: ChangesetView, _ mayReview: Bool
    ) throws {
        func target(_ origin: Int, _ slot: Slot) throws {
            let id = OperationID(origin: try Origin(view.string(origin)), slot: slot)
            targets.append(Targeted(position: position, target: id))
        }
        func requireReviewer(_ what: String) throws {
            if mayReview { return }
            throw NodeError(
                .roleTooSmall,
                "\(what) is for reviewers, and this person is an annotator; nothing was written",
                hint: "ask the operator for another role (countermark people)")
        }
        switch operation {
        case .governance(let act):
            guard position == 0, case .addKey = act else {
                throw Self.bad("it holds an act about the log or its members")
            }
            introduction = act
            return
        case .addItem: throw Self.bad("it registers an item")
        case .addAnnotation(_, _, _, let fields): try take(fields, view)
        case .set(let origin, let slot, let fields):
            try target(origin, slot)
            try take(fields, view)
        case .review(let origin, let slot, _, _):
            try requireReviewer("a verdict")
            try target(origin, slot)
        case .comment(let origin, let slot, _): try target(origin, slot)
        case .commentItem: break
        case .setItem(_, let fields):
            try fields.forEach { code, _ in
                guard let field = view.field(code) else { return }
                if field == .known(.examined) { return }
                guard ProcessingStage(field) != nil else {
                    throw Self.bad("it changes \(field.name) of an item")
                }
                try requireReviewer("a stage")
            }
        }
        positions.append(position)
    }

    private mutating func take(_ fields: FieldPairs, _ view: ChangesetView) throws {
        try fields.forEach { code, _ in
            switch view.field(code) {
            case .attribute(let name): attributes.append(name)
            case .known(.author): throw Self.bad("it says of a label that somebody has made it")
            default: break
            }
        }
    }

    static func bad(_ what: String) -> NodeError {
        NodeError(
            .badEntry, "the signed entry cannot be taken: \(what); nothing was written",
            hint: "load the page again and sign anew; report it if that does not help")
    }
}
