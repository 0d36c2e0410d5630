import AnnotationModel
import LabelQuality
import PlainErrors
import Signing

extension Node {
    /// How far the raters of a dataset agree, as it is now.
    public func agreement(
        _ dataset: DatasetID, _ question: QualityQuestion
    ) throws -> AgreementReport {
        try agreement(of: try qualityLabels(dataset, question), dataset, question)
    }

    func agreement(
        of labels: QualityLabels, _ dataset: DatasetID, _ question: QualityQuestion
    ) throws -> AgreementReport {
        var report = AgreementReport()
        report.digest = Self.hexadecimal(labels.digest)
        report.raters = labels.raters
        if labels.isBlind, question.by == .org { report.blindness = labels.blindRows() }
        let reference = try question.against.map { try rater($0, labels, question) }
        try requireClass(question.className, labels, dataset)
        for task in QualityTask.allCases {
            var builder = JudgedThingsBuilder(labels, question)
            guard let things = builder.things(task) else { continue }
            report.denseItems += things.dense.map { labels.items[Int($0)] }
            report.ambiguous += things.ambiguous
            report.level = things.level
            let shared = things.table.sharedUnits(limit: QualityQuestion.pairsMax)
            let seen = SeenPairs(
                things, labels, shared?.pairs ?? [], isOfField: question.field != nil)
            let first = report.rows.count
            addFigures(things, labels, question, shared, seen, &report)
            let raters = reliability(things, labels, seen)
            report.reliability += raters
            report.warnings += QualityWarnings(things: things, labels: labels).found(
                Array(report.rows[first...]), raters)
            if let reference, question.field == nil {
                report.rows +=
                    QualityReferee(labels, things, question, reference: reference).rows()
            }
        }
        return report
    }

    // MARK: Parts

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        Digest(bytes)?.hex ?? ""
    }

    private func rater(
        _ name: String, _ labels: QualityLabels, _ question: QualityQuestion
    ) throws -> Int {
        if let found = labels.raters.firstIndex(where: { $0.hasSameBytes(as: name) }) {
            return found
        }
        throw NodeError(
            .unknownRater, "nobody by that name has labelled or examined: \(name)",
            hint: "the raters by \(question.by.rawValue) are "
                + Self.some(labels.raters, of: "nobody"))
    }

    func requireClass(
        _ name: String?, _ labels: QualityLabels, _ dataset: DatasetID
    ) throws {
        guard let name, !labels.classes.contains(where: { $0.hasSameBytes(as: name) }) else {
            return
        }
        throw NodeError(
            .notFound, "\(dataset) has no label of the class \(name)",
            hint: "its classes are " + Self.some(labels.classes, of: "none"))
    }

    /// The first few names.
    private static func some(_ names: [String], of nothing: String) -> String {
        if names.isEmpty { return nothing }
        return names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "")
    }

    private func addFigures(
        _ things: JudgedThings, _ labels: QualityLabels, _ question: QualityQuestion,
        _ shared: (pairs: [(one: Int, other: Int, units: Int)], total: Int)?, _ seen: SeenPairs?,
        _ report: inout AgreementReport
    ) {
        let pairs = shared?.pairs ?? []
        report.pairsLeftOut += (shared?.total ?? 0) - pairs.count
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
            report.rows.append(
                QualityRow(
                    measure: measure.rawValue, task: things.task, raters: [], className: nil,
                    figure: figure))
        }
        report.rows += seen?.rows(question.measures, things, labels) ?? []
        var rows: [(one: Int, other: Int, rows: [QualityRow], confusion: [ConfusionRow])] = []
        things.forEachPair(pairs, labels, isOfField: question.field != nil) { pair in
            var figures = self.figures(of: pair, among: pairs.count, things, labels, question)
            for (kind, part) in seen?.parts(of: pair.one, pair.other) ?? [] {
                // What is all of a pair has its figures already.
                let own =
                    part.unitCount == pair.unitCount
                    ? figures.filter { $0.pairs == nil }
                    : self.figures(of: part, among: pairs.count, things, labels, question)
                figures += own.map { $0.of(kind) }
            }
            rows.append((pair.one, pair.other, figures, confusion(of: pair, things, labels)))
        }
        for pair in rows.sorted(by: { ($0.one, $0.other) < ($1.one, $1.other) }) {
            report.rows += pair.rows
            let room = QualityQuestion.confusionMax - report.confusion.count
            report.confusion += pair.confusion.prefix(room)
            report.confusionLeftOut += max(0, pair.confusion.count - room)
        }
    }

    func figures(
        of pair: RaterPair, among pairs: Int, _ things: JudgedThings, _ labels: QualityLabels,
        _ question: QualityQuestion
    ) -> [QualityRow] {
        let names = [labels.raters[pair.one], labels.raters[pair.other]]
        let wanted = question.measures.filter { $0 == .percent || $0 == .cohenKappa }
        if wanted.isEmpty { return [] }
        let figures = pair.figures(
            seed: labels.digest, label: "\(things.task)\u{0}" + names.joined(separator: "\u{0}"),
            among: pairs)
        return wanted.map { measure in
            QualityRow(
                measure: measure.rawValue, task: things.task, raters: names, className: nil,
                figure: measure == .percent ? figures.percent : figures.cohenKappa)
        }
    }

    func confusion(
        of pair: RaterPair, _ things: JudgedThings, _ labels: QualityLabels
    ) -> [ConfusionRow] {
        pair.confusion.map { cell in
            ConfusionRow(
                one: labels.raters[pair.one], other: labels.raters[pair.other],
                className: things.names[cell.one], otherClass: things.names[cell.other],
                count: cell.count, task: things.task)
        }
    }

    private func reliability(
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
