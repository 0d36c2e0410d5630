import AnnotationFormats
import AnnotationModel
import AnnotationStore
import GRDB
import Provenance
import Shapes

/// The tables of an export for analysts while they are being filled, within one transaction.
package final class AnalystDatabase {
    private let db: GRDB.Database
    private let newItem, newExamined, newAnnotation, newAttribute, newHead, newMeta: GRDB.Statement
    package private(set) var items = 0
    package private(set) var annotations = 0
    package private(set) var contested = 0

    package init(_ db: Database) throws {
        self.db = db
        try db.execute(sql: AnalystTables.tables)
        func insert(_ table: String, _ columns: Int) throws -> GRDB.Statement {
            let marks = Array(repeating: "?", count: columns).joined(separator: ",")
            return try db.makeStatement(sql: "INSERT INTO \(table) VALUES(\(marks))")
        }
        newItem = try insert("items", 22)
        newExamined = try insert("examined", 2)
        newAnnotation = try insert("annotations", 26)
        newAttribute = try insert("attributes", 7)
        newHead = try insert("heads", 3)
        newMeta = try insert("meta", 2)
    }

    package func add(meta key: String, _ value: String) throws {
        try run(newMeta, [key, value])
    }

    package func add(head org: Origin, size: UInt64, root: String) throws {
        try run(newHead, [org.description, Int64(clamping: size), root])
    }

    package func add(_ item: ItemRecord) throws {
        items += 1
        let fields = item.fields
        func known(_ field: Field.Known) -> FieldValue? { fields[field.name] }
        func text(_ field: Field.Known) -> String? { known(field).map(Self.text) }
        var row: [(any DatabaseValueConvertible)?] = [
            items, item.key, text(.mediaType), known(.sha256).map(Self.hexadecimal),
            Self.integer(known(.bytes)), known(.width)?.numberValue, known(.height)?.numberValue,
            known(.duration)?.numberValue, text(.channels), known(.frameRate)?.numberValue,
            text(.unit), text(.group), text(.split),
        ]
        row += ProcessingStage.allCases.map { AnalystColumns.state($0, fields) }
        row += [
            known(.stageClean).flatMap { StageState(of: .clean, $0)?.from },
            FieldValue.json(fields),
        ]
        try run(newItem, row)
        for (name, value) in fields where value == .bool(true) {
            guard name.hasPrefix(Field.examinedPrefix) else { continue }
            try run(newExamined, [items, String(name.dropFirst(Field.examinedPrefix.count))])
        }
    }

    /// - Parameter signed: Who signed the changeset that added the label, and when.
    package func add(
        _ label: LabelView, _ record: LabelRecord, signed: (signer: String?, time: Int64?)
    ) throws {
        annotations += 1
        let isContested = label.flags.isConflict
        if isContested { contested += 1 }
        let columns = AnalystColumns(label, record)
        try run(
            newAnnotation,
            [
                annotations, label.id.description, record.item, record.className,
                columns.place.kind.rawValue, columns.place.box?.x, columns.place.box?.y,
                columns.place.box?.width, columns.place.box?.height, columns.place.start,
                columns.place.end, columns.selector,
                record.confidence, record.source, record.author, label.id.origin.description,
                signed.signer, signed.time, record.externalID, columns.status, isContested,
                columns.stageClassify, columns.stageMark, columns.stageQuality,
                columns.attributes, label.className,
            ])
        for (name, value) in record.attributes.sorted(by: { $0.key < $1.key }) {
            try add(name, value)
        }
    }

    private func add(_ name: String, _ value: FieldValue) throws {
        let type: String
        var (bool, integer, real, text): (Bool?, Int64?, Double?, String?)
        switch value {
        case .null: type = "null"
        case .bool(let value): (type, bool) = ("bool", value)
        case .integer(let value): (type, integer, real) = ("integer", value, Double(value))
        case .float(let value): (type, real) = ("float", value)
        case .text(let value): (type, text) = ("text", value)
        case .bytes: (type, text) = ("bytes", Self.hexadecimal(value))
        case .array, .map: (type, text) = ("json", value.json)
        }
        try run(newAttribute, [annotations, name, type, bool, integer, real, text])
    }

    package func finish() throws { try db.execute(sql: AnalystTables.indexes) }

    private func run(
        _ statement: GRDB.Statement, _ values: [(any DatabaseValueConvertible)?]
    ) throws {
        // The number of columns is this file's own: it need not be checked for each row.
        statement.setUncheckedArguments(StatementArguments(values))
        try statement.execute()
    }

    // MARK: Columns

    private static func text(_ value: FieldValue) -> String { value.textValue ?? value.json }

    private static func integer(_ value: FieldValue?) -> Int64? {
        guard case .integer(let number) = value else { return nil }
        return number
    }

    private static func hexadecimal(_ value: FieldValue) -> String {
        guard case .bytes(let bytes) = value else { return text(value) }
        return bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
