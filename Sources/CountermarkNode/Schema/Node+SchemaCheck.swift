import AnnotationFormats
import AnnotationModel
import AnnotationStore
import DatasetReading
import LabelSchema
import Provenance
import Signing

/// How a dataset's labels fit a schema.
public struct SchemaFit: Sendable {
    /// The labels of one class.
    public struct ClassFit: Sendable {
        /// The name as it was written.
        public let name: String
        /// The class that stands for it.
        public let className: String
        /// The number of labels.
        public internal(set) var labels = 0
        /// How many of them do not fit.
        public internal(set) var outside = 0
    }

    /// One problem with those that have it.
    public struct Finding: Sendable {
        /// The problem.
        public let problem: SchemaProblem
        /// How many labels have it.
        public internal(set) var labels = 0
        /// The first few of them.
        public internal(set) var examples: [OperationID] = []
    }

    /// The number of labels that are not retracted.
    public internal(set) var labels = 0
    /// How many of them do not fit.
    public internal(set) var outside = 0
    /// By the names that labels carry, and classes of the schema without labels.
    public internal(set) var classes: [ClassFit] = []
    /// The problems, the commonest first: at most ``findingsMax``.
    public internal(set) var findings: [Finding] = []
    /// True if there were more problems than are listed.
    public internal(set) var hasMore = false

    /// How many examples a problem has.
    public static let examplesMax = 5
    /// How many problems are told apart.
    public static let findingsMax = 1_000
}

extension Node {
    /// Judges all labels of a dataset by a schema.
    public func fit(_ dataset: DatasetID, _ schema: DatasetSchema) throws -> SchemaFit {
        try catchUp(dataset)
        var fit = SchemaFit()
        var classes: [String: SchemaFit.ClassFit] = [:]
        for entry in schema.schema?.classes ?? [] {
            classes[entry.name] = .init(name: entry.name, className: entry.name)
        }
        var findings: [SchemaProblem: SchemaFit.Finding] = [:]
        let blindness = try blindness(dataset)
        try forEachJudged(dataset, schema.judge) { label, problems in
            if let blindness, blindness.isOthers(label.origin),
                let whole = try store.label(label.key, origin: label.origin),
                try blindness.hides(whole)
            {
                return
            }
            fit.labels += 1
            let name = label.className
            classes[
                name, default: .init(name: name, className: schema.className(name))
            ].labels += 1
            if problems.isEmpty { return }
            fit.outside += 1
            classes[name]?.outside += 1
            for problem in problems {
                guard findings[problem] != nil || findings.count < SchemaFit.findingsMax else {
                    fit.hasMore = true
                    continue
                }
                findings[problem, default: .init(problem: problem)].add(label)
            }
        }
        fit.classes = classes.values.sorted { $0.name < $1.name }
        fit.findings = findings.values.sorted {
            ($1.labels, $0.problem.code, $0.problem.subject)
                < ($0.labels, $1.problem.code, $1.problem.subject)
        }
        if let note = blindness?.note { warn(note) }
        return fit
    }

    /// How many labels of a dataset do not fit its schema; nil where they cannot be judged.
    ///
    /// Judged anew only after the label set or the schema has changed.
    public func outsideSchema(_ dataset: DatasetID, _ schema: DatasetSchema) throws -> Int? {
        guard let judge = schema.judge else { return schema.problem == nil ? 0 : nil }
        let digest = try mergedState(dataset).digest.bytes
        let text = Array(schema.text.utf8)
        if let known = try store.outsideSchema(dataset, digest: digest, schema: text) {
            return known
        }
        var count = 0
        try forEachJudged(dataset, judge) { _, problems in
            if !problems.isEmpty { count += 1 }
        }
        try store.keepOutsideSchema(count, dataset, digest: digest, schema: text)
        return count
    }

    /// A page of the labels that do not fit the schema and were not retracted, in the order of their keys.
    public func outside(
        _ dataset: DatasetID, _ judging: LabelJudging, filter: LabelFilter, after: OperationKey?,
        limit: Int
    ) throws -> [LabelView] {
        guard judging.schema.judge != nil else { return [] }
        let logs = try logNames(dataset)
        var found: [LabelView] = []
        var after = after
        while found.count < limit {
            let page = try store.labels(
                logs, filter: filter, after: after, limit: Self.outsidePageLabels)
            for label in page where !label.isRetracted && found.count < limit {
                if try judging.problems(of: label)?.isEmpty == false { found.append(label) }
            }
            guard page.count == Self.outsidePageLabels, let last = page.last else { break }
            after = last.key
        }
        return found
    }

    /// Labels that are looked at together.
    private static let outsidePageLabels = 1_000

    private func forEachJudged(
        _ dataset: DatasetID, _ judge: LabelJudge?,
        _ body: (LabelOutline, [SchemaProblem]) throws -> Void
    ) throws {
        try store.forEachOutline(
            try logNames(dataset), withFields: judge?.asksForAttributes ?? false,
            withMediaType: judge?.asksForMediaType ?? false
        ) { label in
            let problems = judge?.check(
                className: label.className, kind: label.kind, fields: label.fields,
                mediaType: label.mediaType)
            try body(label, problems ?? [])
        }
    }
}

extension SchemaFit.Finding {
    fileprivate mutating func add(_ label: LabelOutline) {
        labels += 1
        if examples.count < SchemaFit.examplesMax {
            examples.append(OperationID(origin: label.origin, slot: label.key.slot))
        }
    }
}
