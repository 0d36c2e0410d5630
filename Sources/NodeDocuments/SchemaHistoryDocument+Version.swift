import AnnotationModel
import CountermarkNode
import DatasetReading
import LabelDocuments
import LabelSchema

extension SchemaHistoryDocument.Version {
    /// One version of a dataset's schema.
    package init(_ version: Node.SchemaVersion, isCurrent: Bool) {
        let (operation, schema) = (version.operation, version.schema)
        self.init(
            version: version.number, current: isCurrent, log: operation.origin.description,
            index: operation.slot.entry, op: operation.description, signer: version.signer,
            signerName: version.signerName, time: version.time,
            title: schema.schema?.title ?? "", classes: schema.schema?.classes?.count,
            schema: Output.parsed(schema.text), readable: schema.problem == nil,
            problem: schema.problem.map { "\($0)" })
    }
}
