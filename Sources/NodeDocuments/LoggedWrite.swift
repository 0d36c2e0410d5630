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
    /// Whether it is a verdict that accepts.
    package var isAcceptance = false
}

extension Node {
    /// Reads the changesets that hold operations, each once.
    ///
    /// - Returns: What `body` made of the operations.
    package func changesets<R>(
        of ids: [OperationID], _ dataset: DatasetID,
        _ body: (OperationID, COSESign1, ChangesetView, OperationView) throws -> R?
    ) throws -> [OperationID: R] {
        var found: [OperationID: R] = [:]
        for (origin, own) in Dictionary(grouping: ids, by: \.origin) {
            let reader = try home.log(origin, dataset)
            for (index, wanted) in Dictionary(grouping: own, by: \.slot.entry) {
                let positions = Set(wanted.map(\.slot.position))
                try reader.entry(at: index).withUnsafeBytes { bytes in
                    let statement = try COSESign1.parse(bytes)
                    let view = try ChangesetView(statement.payload(in: bytes))
                    var cursor = view.operations
                    while let operation = try cursor.next() {
                        guard positions.contains(cursor.position) else { continue }
                        let id = OperationID(
                            origin: origin, slot: Slot(entry: index, position: cursor.position))
                        found[id] = try body(id, statement, view, operation)
                    }
                }
            }
        }
        return found
    }

    /// What operations write, in their order; an accepted suggestion's values are written by the acceptance.
    package func writes(
        _ ids: [OperationID], _ dataset: DatasetID, suggestions: Set<OperationID> = []
    ) throws -> [LoggedWrite] {
        let own = try ownWrites(ids, dataset)
        func accepted(_ id: OperationID) -> OperationID? {
            own[id]?.first.flatMap { $0.isAcceptance ? $0.target : nil }.flatMap {
                suggestions.contains($0) ? $0 : nil
            }
        }
        let suggested = try ownWrites(ids.compactMap(accepted), dataset)
        return ids.flatMap { id -> [LoggedWrite] in
            let plain = own[id] ?? []
            guard let first = plain.first, let target = accepted(id) else { return plain }
            return plain
                + (suggested[target] ?? []).map { write in
                    LoggedWrite(
                        field: write.field, value: write.value, operation: id,
                        author: first.author, time: first.time, signer: first.signer)
                }
        }
    }

    /// What operations write themselves.
    private func ownWrites(
        _ ids: [OperationID], _ dataset: DatasetID
    ) throws -> [OperationID: [LoggedWrite]] {
        try changesets(of: ids, dataset) { id, statement, view, operation in
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
                write.isAcceptance = verdict == .accept
                return [write]
            case .addItem(_, let fields), .setItem(_, let fields):
                return try pairs(fields, isBase: true)
            case .comment(_, _, let text), .commentItem(_, let text):
                return [write("comment", .string(String(decoding: text, as: UTF8.self)))]
            default: return []
            }
        }
    }
}
