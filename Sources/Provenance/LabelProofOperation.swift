import AnnotationModel
import CanonicalCBOR
import Signing

/// An operation of a proof that concerns its label, or may: a verdict on something else can be one on a suggestion.
struct LabelProofOperation {
    typealias Values = [(field: String, value: LabelProofReport.Value)]

    enum Kind {
        case add(item: String, Values)
        case set(Values)
        case review(reviewer: String, Verdict)
        case decision(OperationID, Verdict)
    }

    let id: OperationID
    /// Who decided, where the changeset says so.
    let author: String?
    let kind: Kind

    /// The operations of one entry that concern an annotation.
    static func all(
        in payload: UnsafeRawBufferPointer, _ origin: Origin, _ index: UInt64,
        about annotation: OperationID
    ) throws -> [LabelProofOperation] {
        let view = try ChangesetView(payload)
        let author = view.author.map { view.string($0) }
        var found: [LabelProofOperation] = []
        var cursor = view.operations
        while let operation = try cursor.next() {
            let slot = Slot(entry: index, position: cursor.position)
            let id = OperationID(origin: origin, slot: slot)
            if let kind = try kind(of: operation, id, view, author, annotation) {
                found.append(LabelProofOperation(id: id, author: author, kind: kind))
            }
        }
        return found
    }

    private static func kind(
        of operation: OperationView, _ id: OperationID, _ view: ChangesetView, _ author: String?,
        _ annotation: OperationID
    ) throws -> Kind? {
        switch operation {
        case .addAnnotation(let item, let name, let selector, let fields) where id == annotation:
            let base: Values = [
                ("class", .plain(.text(view.string(name)))),
                ("selector", .selector(try Selector(decoding: Array(selector)))),
            ]
            return .add(item: view.string(item), base + (try values(fields, view)))
        case .set(let origin, let slot, let fields)
        where target(origin, slot, view) == annotation:
            return .set(try values(fields, view))
        case .review(let origin, let slot, let verdict, _):
            guard let target = target(origin, slot, view) else { return nil }
            if target != annotation { return .decision(target, verdict) }
            // One current verdict per reviewer.
            let reviewer = [id.origin.description, author].compactMap { $0 }
            return .review(reviewer: reviewer.joined(separator: "/"), verdict)
        default: return nil
        }
    }

    private static func target(
        _ origin: Int, _ slot: Slot, _ view: ChangesetView
    ) -> OperationID? {
        (try? Origin(view.string(origin))).map { OperationID(origin: $0, slot: slot) }
    }

    private static func values(_ fields: FieldPairs, _ view: ChangesetView) throws -> Values {
        var found: Values = []
        try fields.forEach { code, bytes in
            guard let field = view.field(code) else {
                throw LabelProofError.refused("field \(code) of a write is unknown")
            }
            switch field {
            case .known(.className):
                var reader = CBORReader(bytes)
                let name = view.string(Int(try reader.unsigned()))
                found.append((field.name, .plain(.text(name))))
            case .known(.selector):
                found.append((field.name, .selector(try Selector(decoding: Array(bytes)))))
            default: found.append((field.name, .plain(try FieldValue(decoding: bytes))))
            }
        }
        return found
    }
}
