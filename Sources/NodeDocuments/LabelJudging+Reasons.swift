import AnnotationStore
import CountermarkNode
import DatasetReading
import LabelSchema

extension LabelJudging {
    /// In what a label does not fit, as scripts read it; nil where labels are not judged.
    package func reasons(_ label: LabelView) throws -> [String]? {
        try problems(of: label)?.map(\.description)
    }
}
