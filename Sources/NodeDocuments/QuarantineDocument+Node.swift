import AnnotationModel
import AnnotationStore
import CountermarkNode
import LabelDocuments
import Provenance

extension QuarantineDocument {
    /// What of a dataset is stored and not counted.
    package init(_ id: DatasetID, _ node: Node) throws {
        try node.require(id)
        try node.catchUp(id)
        self.init(
            entries: try node.store.quarantined(try node.logNames(id)).map { found in
                Entry(
                    log: found.log.description, index: found.slot.entry,
                    position: found.isEntry ? nil : found.slot.position, why: found.why.reason,
                    reason: found.why.name)
            })
    }
}
