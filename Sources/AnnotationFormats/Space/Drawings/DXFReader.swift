import AnnotationModel
import LabelText

/// Reads one drawing, one entity at a time.
struct DXFReader {
    private let file: FormatFile
    private let item: String
    private var fields: [String: FieldValue] = ["mediaType": .text(DXFFormat.mediaType)]
    private var layers: [FieldValue] = []
    private var isTaken: Bool?
    private var section = ""
    private var block: String?
    private var handles: ByteSet = []
    /// The number of the last entity, and how many have no handle.
    private var number = 0
    private var nameless = 0

    /// The group codes of an entity that are of use here; the first of each counts.
    private struct Entity {
        var type: String
        var line: Int
        var values: [Int: String] = [:]
        /// The pieces of a long text before the last one.
        var pieces = ""
    }

    /// What is no entity of its own: ends, and points of polylines.
    private static let parts: ByteSet = ["ENDBLK", "SEQEND", "VERTEX", "ENDSEC", "EOF"]
    private static let units: [Int: String] = [
        1: "in", 2: "ft", 4: "mm", 5: "cm", 6: "m", 7: "km", 13: "um", 14: "dm",
    ]

    init(file: FormatFile, item: String) { (self.file, self.item) = (file, item) }

    mutating func read(_ bytes: UnsafeRawBufferPointer, into sink: EventSink) throws {
        var scanner = try DXFScanner(bytes, file: file.file.name)
        var entity: Entity?
        var variable = ""
        var isComplete = false
        while let (code, value) = try scanner.next() {
            if code == 0 {
                if let entity { try end(entity, into: sink) }
                entity = Entity(type: XMLTree.trim(value), line: scanner.line)
                if entity?.type == "ENDSEC" { section = "" }
                if entity?.type == "EOF" {
                    isComplete = true
                    break
                }
                continue
            }
            if entity?.type == "SECTION", code == 2 {
                section = value
                entity = nil
            } else if section == "HEADER" {
                if code == 9 { variable = value }
                header(variable, code, value, &scanner)
            } else if code == 3, entity?.type == "MTEXT" {
                guard (entity?.pieces.utf8.count ?? 0) <= FieldValue.bytesMax else {
                    throw scanner.error("the text of an MTEXT is too long")
                }
                entity?.pieces += value
            } else if entity?.values[code] == nil {
                entity?.values[code] = value
            }
        }
        guard isComplete else { throw scanner.error("the file has no EOF; it is cut") }
        _ = try begin(into: sink)
        if nameless > 0 {
            try sink(
                .note(
                    where: file.file.name,
                    why:
                        "\(nameless) entities have no handle and are called by their place, @1 for "
                        + "the first; save the drawing as R2000 or later to give them lasting names"
                ))
        }
        if scanner.hasOldText {
            try sink(
                .note(
                    where: file.file.name,
                    why:
                        "the drawing is older than UTF-8 in DXF; it names no code page, "
                        + "and its texts were read as Western European (ANSI_1252)"
                ))
        }
    }

    private mutating func header(
        _ variable: String, _ code: Int, _ value: String, _ scanner: inout DXFScanner
    ) {
        if variable == "$ACADVER", code == 1 {
            fields["dxf.version"] = .text(String(value.prefix(20)))
            scanner.isUnicode = value >= "AC1021"
        }
        if variable == "$DWGCODEPAGE", code == 3 { scanner.setCodePage(value) }
        if variable == "$INSUNITS", code == 70, let number = Int(XMLTree.trim(value)),
            let unit = Self.units[number]
        {
            fields["unit"] = .text(unit)
        }
    }

    /// Hands the item over before its first label; returns whether it was taken.
    private mutating func begin(into sink: EventSink) throws -> Bool {
        if let isTaken { return isTaken }
        if !layers.isEmpty { fields["layers"] = .array(layers) }
        let taken = try Emit.item(item, fields, at: file.file.name, into: sink)
        isTaken = taken
        return taken
    }

    private mutating func end(_ entity: Entity, into sink: EventSink) throws {
        switch section {
        case "TABLES":
            if entity.type == "LAYER", let name = entity.values[2], name.utf8.count <= 60,
                layers.count < DXFFormat.layersMax
            {
                layers.append(.text(name))
            }
        case "BLOCKS" where entity.type == "BLOCK": block = entity.values[2]
        case "BLOCKS" where entity.type == "ENDBLK": block = nil
        case "BLOCKS", "ENTITIES":
            guard !Self.parts.contains(entity.type), try begin(into: sink) else { return }
            try label(entity, into: sink)
        default: break
        }
    }

    private mutating func label(_ entity: Entity, into sink: EventSink) throws {
        let place = "\(file.file.name), line \(entity.line)"
        number += 1
        // Dimension styles keep their handle elsewhere; entities have it under 5.
        var handle = XMLTree.trim(entity.values[5] ?? "").uppercased()
        if handle.isEmpty {
            // R12 writes none. A place holds as long as nobody puts an entity before it.
            handle = "@\(number)"
            nameless += 1
        } else if handle.utf8.count > 16 || UInt64(handle, radix: 16) ?? 0 == 0 {
            return try sink(
                .skipped(
                    where: place,
                    why: "the \(entity.type.prefix(40)) has a handle that is no hexadecimal number")
            )
        }
        guard handles.insert(handle).inserted else {
            return try sink(
                .skipped(where: place, why: "the handle \(handle) occurs twice; repair the drawing")
            )
        }
        guard handles.count <= DXFFormat.entitiesMax else {
            throw FormatError.text(
                file: file.file.name, line: entity.line,
                why: "more than \(DXFFormat.entitiesMax) entities; split the drawing")
        }
        let (item, stem, block) = (item, file.stem, block)
        try Emit.label(at: place, into: sink) { () throws(Refusal) in
            var label = LabelRecord(
                item: item, className: entity.type,
                selector: .graph(kind: "entity", elements: [handle]),
                externalID: "\(stem)#\(handle)")
            label.attributes["layer"] = entity.values[8].map { .text($0) }
            label.attributes["block"] = block.map { .text($0) }
            try Self.setValues(entity, &label)
            return label
        }
    }

    private static func setValues(
        _ entity: Entity, _ label: inout LabelRecord
    ) throws(Refusal) {
        var position: [FieldValue] = []
        for code in [10, 20, 30] {
            guard let text = entity.values[code] else { break }
            guard let number = TextNumber.double(XMLTree.trim(text)) else {
                throw Refusal("a coordinate of the \(entity.type.prefix(40)) is no number")
            }
            position.append(.float(number))
        }
        if position.count >= 2 { label.attributes["position"] = .array(position) }
        switch entity.type {
        case "TEXT", "MTEXT", "ATTRIB", "ATTDEF", "DIMENSION", "MULTILEADER", "TOLERANCE":
            let text = entity.pieces + (entity.values[1] ?? "")
            if !text.isEmpty { label.attributes["text"] = .text(text) }
        default: break
        }
        switch entity.type {
        case "ATTRIB", "ATTDEF": label.attributes["tag"] = entity.values[2].map { .text($0) }
        case "INSERT": label.attributes["places"] = entity.values[2].map { .text($0) }
        case "DIMENSION":
            label.attributes["measurement"] = entity.values[42].flatMap {
                TextNumber.double(XMLTree.trim($0)).map { .float($0) }
            }
        default: break
        }
    }
}
