import AnnotationModel
import CountermarkNode
import DatasetQuality
import LabelDocuments

extension QualityPartStory {
    /// Which labels were asked for.
    init(_ part: QualityPart) {
        self.init(group: part.group, since: part.since, until: part.until)
    }
}

extension LogHeadStory {
    /// How many entries of a log are meant.
    init(_ head: LogHead) { self.init(org: head.origin.description, size: head.size) }
}
