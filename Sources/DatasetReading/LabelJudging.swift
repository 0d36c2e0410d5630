import AnnotationFormats
import AnnotationModel
import AnnotationStore
import LabelSchema

/// Judges labels of one dataset as they are listed.
public final class LabelJudging {
    /// The schema.
    public let schema: DatasetSchema
    private let dataset: MergedDataset
    /// Media types of the last items.
    private var mediaTypes: ByteMap<String?> = [:]
    private static let mediaTypesMax = 4_096

    package init(_ dataset: MergedDataset, _ schema: DatasetSchema) {
        (self.dataset, self.schema) = (dataset, schema)
    }

    /// In what a label does not fit the schema; nil where labels are not judged.
    public func problems(of label: LabelView) throws -> [SchemaProblem]? {
        guard let judge = schema.judge else { return schema.problem == nil ? [] : nil }
        return judge.check(
            className: label.className, kind: label.selector.kind, fields: label.fields,
            mediaType: judge.asksForMediaType ? try mediaType(of: label.item) : nil)
    }

    /// In what a label of a file does not fit the schema.
    package func problems(of label: LabelRecord) throws -> [SchemaProblem] {
        guard let judge = schema.judge else { return [] }
        return judge.check(
            label, mediaType: judge.asksForMediaType ? try mediaType(of: label.item) : nil)
    }

    /// Notes an item that a file names and the dataset does not have yet.
    package func note(_ item: ItemRecord) {
        guard schema.judge?.asksForMediaType == true,
            let type = item.fields[Field.Known.mediaType.name]?.textValue
        else { return }
        keep(type, of: item.key)
    }

    private func keep(_ type: String?, of key: String) {
        if mediaTypes.count >= Self.mediaTypesMax { mediaTypes.removeAll(keepingCapacity: true) }
        mediaTypes[key] = .some(type)
    }

    private func mediaType(of key: String) throws -> String? {
        if let known = mediaTypes[key] { return known }
        let item = try dataset.store.item(dataset.id, key: key)
        let type = item?.record.fields[Field.Known.mediaType.name]?.textValue
        keep(type, of: key)
        return type
    }
}
