import AnnotationFormats
import AnnotationModel
import CompanyHome
import CountermarkNode
import LabelDocuments
import LabelText
import LogStorage
import Provenance
import Signing

/// One write of a field as the log holds it.
package struct LoggedWrite {
    package let field: String
    package let value: JSONValue
    package let operation: OperationID
    package let author: String
    package let time: Int64
    /// Whose key signed the changeset; nil where its log has not introduced that.
    package var signer: EntrySigner?
    /// What a verdict or comment speaks of; nil for other writes.
    package var target: OperationID?
}

extension Node {
    /// Reads the changeset that holds an operation.
    package func changeset<R>(
        of id: OperationID, _ dataset: DatasetID,
        _ body: (COSESign1, ChangesetView, OperationView) throws -> R?
    ) throws -> R? {
        let reader = try home.log(id.origin, dataset)
        let entry = try reader.entry(at: id.slot.entry)
        return try entry.withUnsafeBytes { bytes in
            let statement = try COSESign1.parse(bytes)
            let view = try ChangesetView(statement.payload(in: bytes))
            var cursor = view.operations
            while let operation = try cursor.next() {
                if cursor.position == id.slot.position {
                    return try body(statement, view, operation)
                }
            }
            return nil
        }
    }

    /// What an operation writes; an accepted suggestion's values are written by the acceptance.
    package func writes(
        _ id: OperationID, _ dataset: DatasetID, suggestions: Set<OperationID>
    ) throws -> [LoggedWrite] {
        var accepted: OperationID?
        if !suggestions.isEmpty {
            accepted = try changeset(of: id, dataset) { _, view, operation -> OperationID? in
                guard case .review(let origin, let slot, .accept, _) = operation else {
                    return nil
                }
                let target = OperationID(origin: try Origin(view.string(origin)), slot: slot)
                return suggestions.contains(target) ? target : nil
            }
        }
        let plain = try writes(id, dataset)
        guard let accepted, let first = plain.first else { return plain }
        return plain
            + (try writes(accepted, dataset)).map { write in
                LoggedWrite(
                    field: write.field, value: write.value, operation: id, author: first.author,
                    time: first.time, signer: first.signer)
            }
    }

    /// What an operation itself writes.
    package func writes(_ id: OperationID, _ dataset: DatasetID) throws -> [LoggedWrite] {
        try changeset(of: id, dataset) { statement, view, operation in
            let author = view.author.map { view.string($0) } ?? ""
            let signer = try statement.certificateThumbprint.flatMap {
                try self.signer($0, in: id.origin, dataset)
            }
            func write(_ field: String, _ value: JSONValue) -> LoggedWrite {
                LoggedWrite(
                    field: field, value: value, operation: id, author: author,
                    time: statement.issuedAt ?? 0, signer: signer)
            }
            func selector(_ bytes: UnsafeRawBufferPointer) throws -> JSONValue {
                Output.selector(try Selector(decoding: bytes))
            }
            func pairs(_ fields: FieldPairs, isBase: Bool) throws -> [LoggedWrite] {
                var writes: [LoggedWrite] = []
                try fields.forEach { code, value in
                    guard let field = view.field(code) else { return }
                    switch field {
                    case .known(.className) where !isBase:
                        let index = try FieldValue(decoding: value).numberValue ?? 0
                        writes.append(write(field.name, .string(view.string(Int(index)))))
                    case .known(.selector) where !isBase:
                        writes.append(write(field.name, try selector(value)))
                    case .known(.examined):
                        let name = Field.examined(by: id.origin)
                        writes.append(write(name, JSONValue(try FieldValue(decoding: value))))
                    default:
                        writes.append(
                            write(field.name, JSONValue(try FieldValue(decoding: value))))
                    }
                }
                return writes
            }
            switch operation {
            case .addAnnotation(_, let name, let shape, let fields):
                return [
                    write("class", .string(view.string(name))),
                    write("selector", try selector(shape)),
                ] + (try pairs(fields, isBase: true))
            case .set(_, _, let fields): return try pairs(fields, isBase: false)
            case .review(let origin, let slot, let verdict, let reason):
                let why = reason.map { String(decoding: $0, as: UTF8.self) } ?? ""
                var write = write(
                    "review",
                    .object(["verdict": .string(verdict.name), "reason": .string(why)]))
                write.target = OperationID(origin: try Origin(view.string(origin)), slot: slot)
                return [write]
            case .addItem(_, let fields), .setItem(_, let fields):
                return try pairs(fields, isBase: true)
            case .comment(_, _, let text), .commentItem(_, let text):
                return [write("comment", .string(String(decoding: text, as: UTF8.self)))]
            default: return []
            }
        } ?? []
    }
}
