import AnnotationModel
import LabelQuality
import PlainErrors

extension AgreementReport {
    /// How far raters agree.
    ///
    /// - Throws: ``NodeError`` for a rater or a class that the labels do not have.
    package init(
        _ labels: QualityLabels, _ dataset: DatasetID, _ question: QualityQuestion
    ) throws {
        self.init()
        digest = labels.digestText
        raters = labels.raters
        if labels.isBlind, question.by == .org { blindness = labels.blindRows() }
        let reference = try question.against.map { try labels.rater(called: $0, question) }
        try labels.requireClass(question.className, of: dataset)
        for task in QualityTask.allCases {
            var builder = JudgedThingsBuilder(labels, question)
            guard let things = builder.things(task) else { continue }
            denseItems += things.dense.map { labels.items[Int($0)] }
            ambiguous += things.ambiguous
            level = things.level
            let shared = things.table.sharedUnits(limit: QualityQuestion.pairsMax)
            let seen = SeenPairs(
                things, labels, shared?.pairs ?? [], isOfField: question.field != nil)
            let first = rows.count
            addFigures(things, labels, question, shared, seen)
            let judged = Self.reliability(things, labels, seen)
            reliability += judged
            warnings += QualityWarnings(things: things, labels: labels).found(
                Array(rows[first...]), judged)
            if let reference, question.field == nil {
                rows += QualityReferee(labels, things, question, reference: reference).rows()
            }
        }
    }

    private mutating func addFigures(
        _ things: JudgedThings, _ labels: QualityLabels, _ question: QualityQuestion,
        _ shared: (pairs: [(one: Int, other: Int, units: Int)], total: Int)?, _ seen: SeenPairs?
    ) {
        let pairs = shared?.pairs ?? []
        pairsLeftOut += (shared?.total ?? 0) - pairs.count
        // Cohen's is of pairs: where there are some, a line that says so helps nobody.
        let measures = question.measures.filter { $0 != .cohenKappa || pairs.isEmpty }
        let figures = Agreement.figures(
            measures, of: things.table, level: things.level, seed: labels.digest)
        for (measure, figure) in zip(measures, figures) {
            var figure = figure
            if measure == .cohenKappa, shared != nil, labels.raters.count < 2 {
                figure = Figure(.failure(.oneRater), counts: figure.counts)
            } else if measure == .cohenKappa, shared != nil {
                figure = Figure(.failure(.noUnitJudgedTwice), counts: figure.counts)
            }
            rows.append(
                QualityRow(
                    measure: measure.rawValue, task: things.task, raters: [], className: nil,
                    figure: figure))
        }
        rows += seen?.rows(question.measures, things, labels) ?? []
        var found: [(one: Int, other: Int, rows: [QualityRow], confusion: [ConfusionRow])] = []
        things.forEachPair(pairs, labels, isOfField: question.field != nil) { pair in
            var figures = labels.figures(of: pair, among: pairs.count, things, question)
            for (kind, part) in seen?.parts(of: pair.one, pair.other) ?? [] {
                // What is all of a pair has its figures already.
                let own =
                    part.unitCount == pair.unitCount
                    ? figures.filter { $0.pairs == nil }
                    : labels.figures(of: part, among: pairs.count, things, question)
                figures += own.map { $0.of(kind) }
            }
            found.append((pair.one, pair.other, figures, labels.confusion(of: pair, things)))
        }
        for pair in found.sorted(by: { ($0.one, $0.other) < ($1.one, $1.other) }) {
            rows += pair.rows
            let room = QualityQuestion.confusionMax - confusion.count
            confusion += pair.confusion.prefix(room)
            confusionLeftOut += max(0, pair.confusion.count - room)
        }
    }

    private static func reliability(
        _ things: JudgedThings, _ labels: QualityLabels, _ seen: SeenPairs?
    ) -> [RaterRow] {
        let majority = Majority(things.table).agreeing()
        var values: [Result<Double, Absence>] = []
        let judgements = things.table.judgementsByRater()
        do throws(Absence) {
            let model = try DawidSkene(things.table)
            values = model.reliability.map { .success($0.value) }
        } catch {
            values = Array(repeating: .failure(error), count: labels.raters.count)
        }
        return labels.raters.indices.filter { judgements[$0] > 0 }.map { rater in
            RaterRow(
                rater: labels.raters[rater], task: things.task, judgements: judgements[rater],
                reliability: values[rater],
                majority: (majority[rater].units, majority[rater].agreeing),
                blind: seen?.blind[rater] ?? AgreeingPairs(),
                informed: seen?.informed[rater] ?? AgreeingPairs())
        }
    }
}
