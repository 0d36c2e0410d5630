import AnnotationModel
import AnnotationStore
import DatasetQuality
import DatasetReading
import LabelQuality
import PlainErrors
import Provenance

/// A label that a model's predictions speak against.
public struct LabelErrorRow: Sendable, Equatable {
    /// The label.
    public let id: OperationID
    /// Its item.
    public let item: String
    /// The class that it has.
    public let className: String
    /// The class that it most probably has.
    public let suggested: String
    /// How probable the model holds the label's class.
    public let selfConfidence: Double
}

/// What `label-errors` found.
public struct LabelErrorReport: Sendable {
    /// The model, as `source` names it.
    public internal(set) var model = ""
    /// The state that it was computed at, in hexadecimal.
    public internal(set) var digest = ""
    /// The labels with a prediction.
    public internal(set) var compared = 0
    /// Labels of items of which the model says nothing.
    public internal(set) var withoutPrediction = 0
    /// The candidates, the least probable labels first.
    public internal(set) var rows: [LabelErrorRow] = []
    /// Candidates that are left out, since the dataset is blind and this organisation has not examined their items.
    public internal(set) var hidden = 0
}

extension Node {
    /// The classes of whole items that a model's predictions speak against: a list to look at, never an edit.
    ///
    /// A prediction is a label of the whole item by the source `model` with a confidence; several of one item are its
    /// classes. What lacks a confidence, or is not a number, is no prediction.
    ///
    /// - Parameter model: A source that begins with `model:`; nil where the dataset has one only.
    public func labelErrors(_ dataset: DatasetID, model: String?) throws -> LabelErrorReport {
        var question = QualityQuestion()
        question.by = .source
        let labels = try qualityLabels(dataset, question)
        var report = LabelErrorReport()
        let rater = try self.model(model, labels, dataset)
        report.model = labels.raters[rater]
        report.digest = labels.digestText
        var examples: [LabelErrors.Example] = []
        var given: [QualityLabels.Label] = []
        labels.forEachItem { _, range in
            if range.isEmpty { return }
            var probabilities = [Double](repeating: 0, count: labels.classes.count)
            var isPredicted = false
            let wholes = labels.labels[range].filter { labels.isWhole($0) }
            for label in wholes where label.rater == rater {
                guard let confidence = labels.detail(label).confidence, confidence.isFinite else {
                    continue
                }
                let place = Int(label.className)
                probabilities[place] = max(probabilities[place], confidence)
                isPredicted = true
            }
            for label in wholes where !labels.detail(label).isModel {
                if isPredicted {
                    given.append(label)
                    examples.append(
                        .init(given: Int(label.className), probabilities: probabilities))
                } else {
                    report.withoutPrediction += 1
                }
            }
        }
        report.compared = examples.count
        let blindness = try blindness(dataset)
        for found in LabelErrors(examples, classCount: labels.classes.count).candidates {
            let label = given[found.example]
            let item = labels.items[Int(label.item)]
            if try blindness?.isExamined(item) == false {
                report.hidden += 1
                continue
            }
            report.rows.append(
                LabelErrorRow(
                    id: labels.id(label), item: item,
                    className: labels.classes[Int(label.className)],
                    suggested: labels.classes[found.suggested],
                    selfConfidence: found.selfConfidence))
        }
        return report
    }

    /// The place of a model among the sources.
    private func model(
        _ name: String?, _ labels: QualityLabels, _ dataset: DatasetID
    ) throws -> Int {
        let models = labels.raters.indices.filter {
            labels.raters[$0].hasPrefix(QualityLabels.modelPrefix)
                && name.map(labels.raters[$0].hasSameBytes) != false
        }
        if models.count == 1 { return models[0] }
        let names = labels.raters.filter { $0.hasPrefix(QualityLabels.modelPrefix) }
        throw NodeError(
            .unknownRater,
            names.isEmpty
                ? "no label of \(dataset) is a model's"
                : name.map { "no label of \(dataset) is of \($0)" }
                    ?? "\(dataset) has predictions of \(names.count) models",
            hint: names.isEmpty
                ? "import its predictions with --source model:NAME@VERSION and confidences"
                : "give --model, one of " + names.prefix(10).joined(separator: ", "))
    }
}
