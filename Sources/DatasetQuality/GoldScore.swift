import AnnotationModel
import LabelQuality

/// What a set of gold items says of those who labelled its items.
public struct GoldScore: Sendable {
    /// The set.
    public package(set) var gold: GoldView
    /// The state that it was computed at, in hexadecimal.
    public package(set) var digest = ""
    /// Precision, recall, F1 and average precision of each rater, and how far it agrees with the answers.
    public package(set) var rows: [QualityRow] = []
    /// What the answers are where a rater said something else.
    public package(set) var confusion: [ConfusionRow] = []
    /// Items that were left out, since too many of their labels lie upon each other.
    public package(set) var denseItems: [String] = []
}

extension GoldScore {
    /// How far raters have found the answers that join their labels.
    ///
    /// - Throws: ``NodeError`` for a class that no label has.
    package init(
        _ view: GoldView, _ labels: QualityLabels, _ dataset: DatasetID,
        _ question: QualityQuestion
    ) throws {
        try labels.requireClass(question.className, of: dataset)
        self.init(gold: view)
        digest = labels.digestText
        guard let gold = labels.goldRater else { return }
        for task in QualityTask.allCases {
            var builder = JudgedThingsBuilder(labels, question)
            guard let things = builder.things(task) else { continue }
            denseItems += things.dense.map { labels.items[Int($0)] }
            let pairs = labels.raters.indices.filter { $0 != gold }.map {
                (one: min(gold, $0), other: max(gold, $0), units: 0)
            }
            things.forEachPair(pairs, labels, isOfField: false) { pair in
                if pair.unitCount == 0 { return }
                rows += labels.figures(of: pair, among: pairs.count, things, question)
                confusion += labels.confusion(of: pair, things)
            }
            rows += QualityReferee(labels, things, question, reference: gold).rows()
                .filter { $0.figure.counts.items > 0 }
        }
    }
}
