import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import LogStorage
import Provenance
import Signing

/// What the logs hold of one label or item beyond its present value: read only where a file differs.
final class ImportHistory {
    /// What earlier writes said.
    struct Past {
        /// What this organisation's imports said last, field by field, over what was added at first.
        var base: Statement = [:]
        /// The last operation of one of these imports.
        var lastImport: OperationID?
        /// Everything that any operation ever wrote.
        var all: [String: [FieldValue]] = [:]
    }

    private struct Entry {
        var isImport: Bool
        /// The marks of the files that were imported; nil for what says none.
        var marks: [String]?
        var writes: [Int: Statement]
    }

    private let dataset: MergedDataset
    private var readers: [Origin: LogReader] = [:]
    private var entries: [OperationID: Entry] = [:]
    /// Labels that stand together were written together.
    private static let entriesMax = 8

    /// Classes are told under the names that stand for them now.
    var classes: ImportClasses?

    init(_ dataset: MergedDataset) { self.dataset = dataset }

    /// The past of a target: its own adding, if it is an annotation, and all that touched it.
    func past(_ target: Int64, addedBy first: OperationID?, _ logs: [Int: Origin]) throws -> Past {
        var past = Past()
        let touches = try dataset.store.touches(target, logs).sorted()
        for operation in (first.map { [$0] } ?? []) + touches {
            let entry = try entry(operation)
            let said = entry.writes[operation.slot.position] ?? [:]
            for (field, value) in said { past.all[field, default: []].append(value) }
            let isOwn = operation.origin == dataset.home.origin
            guard operation == first || isOwn && entry.isImport else { continue }
            past.base.merge(said) { _, new in new }
            if isOwn, past.lastImport.map({ $0 < operation }) ?? true {
                past.lastImport = operation
            }
        }
        return past
    }

    /// Whether this organisation's imports of other files only have written a label.
    func isOfOtherFiles(
        _ target: Int64, addedBy first: OperationID, _ logs: [Int: Origin], _ marks: [String]
    ) throws -> Bool {
        var isKnown = false
        for operation in [first] + (try dataset.store.touches(target, logs))
        where operation.origin == dataset.home.origin {
            guard let own = try entry(operation).marks else { continue }
            if own.contains(where: marks.contains) { return false }
            isKnown = true
        }
        return isKnown
    }

    private func entry(_ operation: OperationID) throws -> Entry {
        let key = OperationID(
            origin: operation.origin, slot: Slot(entry: operation.slot.entry, position: 0))
        if let known = entries[key] { return known }
        let reader =
            try readers[operation.origin]
            ?? dataset.home.log(operation.origin, dataset.id)
        readers[operation.origin] = reader
        let bytes = try reader.entry(at: operation.slot.entry)
        let entry = try bytes.withUnsafeBytes { try read($0) }
        if entries.count >= Self.entriesMax { entries.removeAll(keepingCapacity: true) }
        entries[key] = entry
        return entry
    }

    private func read(_ bytes: UnsafeRawBufferPointer) throws -> Entry {
        let statement = try COSESign1.parse(bytes)
        let view = try ChangesetView(statement.payload(in: bytes))
        var entry = Entry(
            isImport: view.message?.hasPrefix(ImportLineage.messagePrefix) ?? false,
            marks: ImportLineage.marks(in: view.message), writes: [:])
        var cursor = view.operations
        while let operation = try cursor.next() {
            var said: Statement = [:]
            switch operation {
            case .addAnnotation(_, let name, let shape, let fields):
                said = [
                    ImportStatement.className: .text(className(view.string(name))),
                    ImportStatement.selector: .bytes(Array(shape)),
                    ImportStatement.status: .integer(0),
                ]
                said["author"] = view.author.map { .text(view.string($0)) }
                said["source"] = view.source.map { .text(view.string($0)) }
                try add(fields, view, to: &said)
            case .set(_, _, let fields), .addItem(_, let fields), .setItem(_, let fields):
                try add(fields, view, to: &said)
            default: continue
            }
            entry.writes[cursor.position] = said
        }
        return entry
    }

    private func add(
        _ fields: FieldPairs, _ view: ChangesetView, to said: inout Statement
    ) throws {
        try fields.forEach { code, value in
            guard let field = view.field(code) else { return }
            switch field {
            case .known(.className):
                let index = try FieldValue(decoding: value).numberValue ?? 0
                said[field.name] = .text(className(view.string(Int(index))))
            case .known(.selector): said[field.name] = .bytes(Array(value))
            default: said[field.name] = try FieldValue(decoding: value)
            }
        }
    }

    private func className(_ written: String) -> String { classes?.canonical(written) ?? written }
}
