import AnnotationModel
import CountermarkNode
import LabelDocuments
import LabelSchema

extension SchemaFitDocument {
    /// How a dataset's labels fit.
    package init(_ fit: SchemaFit) {
        self.init(
            ok: fit.outside == 0, labels: fit.labels, outside: fit.outside,
            classes: fit.classes.map {
                .init(name: $0.name, class: $0.className, labels: $0.labels, outside: $0.outside)
            },
            problems: fit.findings.map {
                .init(
                    kind: $0.problem.code, name: $0.problem.subject, why: $0.problem.description,
                    labels: $0.labels, examples: $0.examples.map(\.description))
            }, more: fit.hasMore)
    }
}
