import AnnotationModel
import AnnotationStore
import CountermarkNode
import DatasetReading
import LabelDocuments
import Provenance

extension SuggestionListDocument {
    /// The changes of a dataset's labels that wait for acceptance.
    ///
    /// - Parameter limit: The most of them.
    package init(_ dataset: DatasetID, _ node: Node, limit: Int) throws {
        try node.require(dataset)
        try node.catchUp(dataset)
        let logs = try node.logNames(dataset)
        let blindness = try node.blindness(dataset)
        let same = SameItems(node.store, dataset)
        let found = try node.store.pendingSuggestions(logs, limit: limit)
        self.init(
            suggestions: try found.shown.compactMap { target, view in
                guard let origin = logs[target.log],
                    let label = try node.store.label(target, origin: origin),
                    try blindness?.hides(label) != true
                else { return nil }
                let story = SuggestionStory(view)
                return Suggestion(
                    op: story.op, org: story.org, annotation: label.id.description,
                    item: try same.shown(label), fields: story.fields)
            }, more: found.more)
    }
}
