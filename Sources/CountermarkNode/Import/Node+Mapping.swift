import AnnotationFormats
import AnnotationModel
import AnnotationStore
import DatasetReading
import LabelExchange
import LabelSchema
import PlainErrors
import Provenance

extension Node {
    /// What the files' classes that do not fit the schema are probably called there; nothing is imported.
    public func proposeMapping(
        _ dataset: DatasetID, _ paths: [String], format: any AnnotationFormat,
        options: ImportOptions
    ) throws -> (classes: [UnfitClass], mapping: ClassMapping) {
        try require(dataset)
        try catchUp(dataset)
        let schema = try schema(of: dataset)
        guard schema.schema?.classes != nil else {
            throw NodeError(
                .noClasses,
                schema.warning ?? "the schema of \(dataset) names no classes",
                hint: "a mapping leads to classes of the schema; see countermark schema set")
        }
        guard let classes = ImportClasses(merged(dataset), schema, options) else {
            return ([], ClassMapping())
        }
        let context = ReadContext { [store] in try store.item(dataset, key: $0)?.record.fields }
        let files = paths.map { InputFile(path: $0) }
        try format.read(files, context: context) { event in
            guard case .annotation(var record) = event else { return }
            _ = try classes.take(&record)
        }
        let unfit = classes.unfit
        let names = [String: String?](
            unfit.map { ($0.name, $0.suggestion) }, uniquingKeysWith: { first, _ in first })
        return (unfit, ClassMapping(names: names))
    }
}
