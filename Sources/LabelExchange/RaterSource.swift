import AnnotationModel
import AnnotationStore

/// What made a label, as far as it makes another rater of it.
///
/// A model is one: what it says is a label of its own, also where people, or another model, have said the same before.
/// Between people and imports the source tells nothing; there the author does.
package enum RaterSource {
    private static let modelPrefix = "model:"

    /// True for what a user may say that made labels.
    package static func isSource(_ text: String) -> Bool {
        ["human", "rule", ImportPlan.defaultSource].contains(text)
            || text.hasPrefix(modelPrefix) && text.count > modelPrefix.count
    }

    /// The source of a label that is there.
    static func of(_ label: LabelView) -> String? {
        label.fields["source"]?.textValue ?? label.source
    }

    /// True if what is said by one source is no word on a label of the other.
    ///
    /// - Parameter said: What a file or its user says; nil where neither says it, which tells nothing.
    static func areApart(_ said: String?, _ known: String?) -> Bool {
        guard let said, said != known else { return false }
        return said.hasPrefix(modelPrefix) || known?.hasPrefix(modelPrefix) == true
    }
}
