import AnnotationModel
import LabelText

/// The classes of a dataset in one order, whatever says so: the schema first, then the lists that imported files
/// held, then what labels are called, by the bytes of the names.
///
/// So every node numbers them alike. The lists of files are kept with the label set, in fields of the first item that
/// the file named: what a supplier imports adds to the lists and changes no schema.
public struct ClassTable: Sendable {
    /// The classes in their order.
    public private(set) var records: [ClassRecord] = []
    private var indices: ByteMap<Int> = [:]

    /// The name of the field of items that holds a list, and what further ones begin with.
    static let field = "classes"
    /// A part of a list, with room for the rest of the field's encoding.
    static let partBytesMax = FieldValue.bytesMax - 4_096
    /// The most fields of one list.
    public static let partsMax = 64
    /// The most further numbers that are kept of one class: so many lists that disagree are enough to say so.
    static let otherNumbersMax = 16

    /// A table that begins with these.
    public init(_ records: [ClassRecord] = []) {
        for record in records { add(record) }
    }

    /// True if a class of the name is there.
    public func contains(_ name: String) -> Bool { indices[name] != nil }

    /// The class of a name.
    public subscript(name: String) -> ClassRecord? { indices[name].map { records[$0] } }

    /// Adds a class, or what is not known yet of one that is there; returns whether anything was new.
    @discardableResult
    public mutating func add(_ record: ClassRecord) -> Bool {
        guard let index = indices[record.name] else {
            indices[record.name] = records.count
            records.append(record)
            return true
        }
        let before = records[index]
        if before.parent.isEmpty { records[index].parent = record.parent }
        if before.color.isEmpty { records[index].color = record.color }
        if before.number == nil { records[index].number = record.number }
        if before.keypoints.isEmpty {
            records[index].keypoints = record.keypoints
            records[index].skeleton = record.skeleton
        }
        if before.attributes.isEmpty { records[index].attributes = record.attributes }
        for number in [record.number].compactMap({ $0 }) + record.otherNumbers
        where number != records[index].number && !records[index].otherNumbers.contains(number)
            && records[index].otherNumbers.count < Self.otherNumbersMax
        {
            records[index].otherNumbers.append(number)
        }
        return records[index] != before
    }

    /// What a list says that came after this one: the classes to which it gives other numbers, or the number of another
    /// class; with an example.
    public func disagreements(with list: [ClassRecord]) -> (count: Int, example: String) {
        var owners: [Int64: String] = [:]
        for record in records {
            if let number = record.number, owners[number] == nil { owners[number] = record.name }
        }
        var (count, example) = (0, "")
        for record in list {
            guard let number = record.number else { continue }
            let what: String
            if let own = self[record.name] {
                guard let kept = own.number, kept != number else { continue }
                what = "\"\(record.name.prefix(80))\" is \(number) here and \(kept) there"
            } else if let owner = owners[number] {
                what =
                    "\(number) is \"\(record.name.prefix(80))\" here and \"\(owner.prefix(80))\" there"
            } else {
                continue
            }
            if count == 0 { example = what }
            count += 1
        }
        return (count, example)
    }

    /// What a format that writes a list says of classes that lists number differently; nil where none does.
    func numbersNote(areWritten: Bool) -> String? {
        var numbers = COCONumbers()
        for record in records { numbers.reserve(record.number) }
        var moved: [String] = []
        for record in records {
            guard case .integer(let number) = numbers.take(record.number.map { .integer($0) })
            else { continue }
            if record.otherNumbers.isEmpty && (record.number ?? number) == number { continue }
            moved.append("\"\(record.name.prefix(80))\" is \(number)")
        }
        if moved.isEmpty { return nil }
        let shown = moved.prefix(ConversionReport.examplesMax).joined(separator: ", ")
        return "the lists of classes that were imported disagree about the numbers of "
            + "\(moved.count) classes; "
            + (areWritten
                ? "the first list holds: \(shown)" : "here a class has its place in the first list")
    }

    /// True for a field of an item that holds a part of a list.
    public static func isField(_ name: String) -> Bool {
        name == field || name.hasPrefix(field + ".") && Int(name.dropFirst(field.count + 1)) != nil
    }

    /// The fields that hold the list; nil where it is too long.
    public var fields: [String: FieldValue]? {
        var parts: [String] = [""]
        for record in records {
            var writer = JSONWriter()
            JSONLinesFormat.write(record, to: &writer)
            let line = String(decoding: writer.bytes, as: UTF8.self)
            guard line.utf8.count <= Self.partBytesMax else { return nil }
            if parts[parts.count - 1].utf8.count + line.utf8.count > Self.partBytesMax {
                parts.append("")
            }
            parts[parts.count - 1] += line
        }
        guard parts.count <= Self.partsMax else { return nil }
        var fields: [String: FieldValue] = [:]
        for (index, part) in parts.enumerated() where !part.isEmpty {
            fields[index == 0 ? Self.field : "\(Self.field).\(index + 1)"] = .text(part)
        }
        return fields
    }

    /// Adds what the fields of an item hold; what is malformed says nothing.
    public mutating func add(listIn fields: [String: FieldValue]) {
        guard fields[Self.field] != nil else { return }
        for index in 1...Self.partsMax {
            let name = index == 1 ? Self.field : "\(Self.field).\(index)"
            guard let text = fields[name]?.textValue else { return }
            for line in text.split(separator: "\n") {
                guard let json = try? JSONValue(parsing: String(line)),
                    case .labelClass(let record) = JSONLinesFormat.event(json, where: "")
                else { continue }
                add(record)
            }
        }
    }
}
