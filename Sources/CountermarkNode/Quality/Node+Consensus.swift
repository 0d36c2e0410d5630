import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetQuality
import DatasetReading
import LabelQuality
import PlainErrors
import Provenance

extension Node {
    /// What most raters said of each thing, or what is most probable, and where it is.
    ///
    /// - Parameter isWeighted: By Dawid and Skene, and not by the majority.
    public func consensus(
        _ dataset: DatasetID, _ question: QualityQuestion, isWeighted: Bool
    ) throws -> ConsensusReport {
        var report = try wholeConsensus(dataset, question, isWeighted: isWeighted)
        try hideUnexamined(of: &report, dataset)
        return report
    }

    /// Leaves out what this organisation's people are not shown of a blind dataset yet.
    func hideUnexamined(of report: inout ConsensusReport, _ dataset: DatasetID) throws {
        guard let blindness = try blindness(dataset) else { return }
        let all = report.rows.count
        report.rows = try report.rows.filter { try blindness.isExamined($0.item) }
        report.hidden = all - report.rows.count
    }

    private func wholeConsensus(
        _ dataset: DatasetID, _ question: QualityQuestion, isWeighted: Bool
    ) throws -> ConsensusReport {
        var question = question
        question.keepsPlaces = true
        let labels = try qualityLabels(dataset, question)
        return ConsensusReport(labels, question, isWeighted: isWeighted)
    }

    // MARK: As labels

    /// Signs what raters hold in common as labels of the steward, from a rule as their source, and retracts those that
    /// it no longer gives.
    ///
    /// In a blind dataset nothing is said of items that the steward has not examined: its label would tell what others
    /// said, and cite it.
    ///
    /// - Parameter method: Names the rule: the source is `rule:consensus@METHOD`.
    public func writeConsensus(
        _ dataset: DatasetID, _ question: QualityQuestion, isWeighted: Bool, method: String
    ) throws -> (report: ConsensusReport, written: ConsensusWrites) {
        try requireSteward(dataset)
        try catchUp(dataset)
        let blindness = try blindness(dataset)
        var report = try wholeConsensus(dataset, question, isWeighted: isWeighted)
        try hideUnexamined(of: &report, dataset)
        if let task = report.absences.keys.sorted(by: { $0.rawValue < $1.rawValue }).first {
            throw NodeError(
                .noConsensus,
                "there is no consensus on \(task.rawValue): \(report.absences[task]?.words ?? "")",
                hint: "take --method majority; nothing was written")
        }
        let source = QualityLabels.consensusSource + method
        var known: [ConsensusLabel: [OperationID]] = [:]
        var filter = LabelFilter()
        filter.org = home.origin
        try store.forEachLabel(try logNames(dataset), filter: filter) { label in
            guard !label.isRetracted, QualityLabels.source(label) == source,
                try blindness?.isExamined(label.item) != false
            else { return }
            known[ConsensusLabel(label), default: []].append(label.id)
        }
        var written = ConsensusWrites()
        var new: [ConsensusLabel] = []
        for row in report.rows {
            guard let label = ConsensusLabel(row) else {
                written.without += 1
                continue
            }
            if known[label]?.popLast() != nil { written.unchanged += 1 } else { new.append(label) }
        }
        let old = known.values.joined().sorted { ($0.origin, $0.slot) < ($1.origin, $1.slot) }
        (written.added, written.retracted) = (new.count, old.count)
        if new.isEmpty, old.isEmpty { return (report, written) }
        written.changesets = try write(
            dataset, message: "consensus \(method)", source: source
        ) { append in
            for id in old { _ = try append(.set(id, [.field(.known(.status), .integer(1))])) }
            for label in new { _ = try append(label.operation) }
        }
        return (report, written)
    }
}

/// What came of signing a consensus.
public struct ConsensusWrites: Sendable, Equatable {
    /// Labels that are new.
    public internal(set) var added = 0
    /// Labels that are retracted, since the rule does not give them any more.
    public internal(set) var retracted = 0
    /// Labels that are as they were.
    public internal(set) var unchanged = 0
    /// Things of which raters hold nothing in common, or that nothing is there.
    public internal(set) var without = 0
    /// Signed changesets.
    public internal(set) var changesets = 0
}

/// One label of a consensus: equal ones are not written again.
private struct ConsensusLabel: Hashable {
    let item, className: String
    let selector: Selector
    let confidence: Double
    /// The ids of the labels that it was drawn from.
    let derived: [String]

    /// The most ids that one label names: some 40 bytes each, within ``FieldValue/bytesMax``.
    private static let derivedMax = 256
    private static let field = Field.attribute("derivedFrom")

    init?(_ row: ConsensusRow) {
        guard let className = row.className else { return nil }
        (item, self.className, confidence) = (row.item, className, row.confidence)
        selector = row.selector ?? .wholeItem
        derived = Array(row.labels.prefix(Self.derivedMax))
        if row.task == .places, row.selector == nil { return nil }
    }

    init(_ label: LabelView) {
        (item, className, selector) = (label.item, label.className, label.selector)
        confidence = label.fields["confidence"]?.numberValue ?? 0
        var ids: [String] = []
        if case .array(let values)? = label.fields[Self.field.name] {
            ids = values.compactMap(\.textValue)
        }
        derived = ids
    }

    var operation: AnnotationModel.Operation {
        var fields: [Field: FieldValue] = [
            .known(.confidence): .float(min(1, max(0, confidence)))
        ]
        if !derived.isEmpty { fields[Self.field] = .array(derived.map { .text($0) }) }
        return .addAnnotation(
            item: item, className: className, selector: selector, fields: fields)
    }
}
