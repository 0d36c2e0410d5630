import AnnotationFormats
import AnnotationModel
import AnnotationStore
import DatasetReading
import LabelExchange
import LabelText
import Provenance
import Signing

/// A release as a folder that any reader of Croissant 1.1 (MLCommons) opens: the labels and items as JSON, the release
/// by itself with its leaves, and the JSON-LD that describes them.
///
/// Tables are JSON arrays with one record a line: readers of CSV and JSON Lines guess types, and make a number of an
/// item that is called 0001.
public struct CroissantFolder {
    /// The name of the format on the command line.
    public static let formatName = "croissant"
    /// The file that describes the others.
    public static let descriptionFile = "croissant.json"
    static let labelsFile = "labels.json"
    static let itemsFile = "items.json"
    static let releaseFile = "release.proof"

    let facts: ReleaseFacts
    /// The licence: an address, or words; nil where the steward has stated none.
    let license: String?
    /// Where the folder will be had from; nil where that is not known.
    let url: String?

    /// A folder for what is known of a release.
    public init(_ facts: ReleaseFacts, license: String?, url: String?) {
        (self.facts, self.license, self.url) = (facts, license, url)
    }

    /// Writes the folder.
    ///
    /// - Parameter target: An output below a folder.
    /// - Throws: What the output throws, or ``NodeError``.
    public func write(from node: Node, to target: any FormatOutput) throws {
        let output = HashedOutput(target)
        try writeRecords(Self.itemsFile, to: output) { add in
            try facts.check.contents.forEachShownItem { try add(Self.record($0)) }
        }
        let contents = facts.check.contents
        let signers = try Signers(contents.node.merged(contents.dataset))
        try writeRecords(Self.labelsFile, to: output) { add in
            try contents.forEachShownLabel { label, item, className in
                let signed = try signers.signer(of: label.id)
                try add(Self.record(label, item, className, signed, contents.dataset))
            }
        }
        _ = try node.write(
            facts.check, facts.view.release, to: output, as: Self.releaseFile, leavesTo: output)
        try target.begin(Self.descriptionFile)
        try target.write(Array((description(output.files).text + "\n").utf8))
        try target.end()
    }

    // MARK: Tables

    /// Writes an array with one record a line.
    private func writeRecords(
        _ name: String, to output: HashedOutput,
        _ body: (_ add: (JSONValue) throws -> Void) throws -> Void
    ) throws {
        try output.begin(name)
        var writer = JSONWriter()
        writer.beginArray()
        try body { record in
            writer.lineBreak()
            writer.value(record)
            if writer.bytes.count < Self.chunkBytes { return }
            try output.write(writer.bytes)
            writer.removeAll()
        }
        writer.endArray()
        writer.newline()
        try output.write(writer.bytes)
        try output.end()
    }

    private static let chunkBytes = 1 << 18

    private static func record(_ item: ItemRecord) -> JSONValue {
        func text(_ field: Field.Known) -> JSONValue {
            JSONValue(item.fields[field.name]?.textValue)
        }
        var digest: String?
        if case .bytes(let bytes)? = item.fields[Field.Known.sha256.name] {
            digest = Digest(bytes)?.hex
        }
        return [
            "item": .string(item.key), "mediaType": text(.mediaType), "sha256": JSONValue(digest),
            "group": text(.group), "split": text(.split),
            "fields": .string(FieldValue.json(item.fields)),
        ]
    }

    private static func record(
        _ label: LabelView, _ item: String, _ className: String,
        _ signed: (signer: String?, time: Int64?), _ dataset: DatasetID
    ) -> JSONValue {
        let record = LabelRecord(label)
        return [
            "id": .string(label.id.description), "item": .string(item), "class": .string(className),
            "classAsWritten": .string(label.className),
            "org": .string(label.id.origin.description), "author": JSONValue(record.author),
            "signer": JSONValue(signed.signer), "source": JSONValue(record.source),
            "time": signed.time.map { .integer($0) } ?? .null,
            "entry": .string("\(label.id.origin)/\(dataset)#\(label.id.slot.entry)"),
            "confidence": record.confidence.map { .double($0) } ?? .null,
            "contested": .bool(label.flags.isConflict), "retracted": .bool(label.isRetracted),
            "selectorKind": .string(label.selector.kindName),
            "selector": .string(SelectorJSON.text(label.selector)),
            "attributes": .string(FieldValue.json(record.attributes)),
        ]
    }
}
