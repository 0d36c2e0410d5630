import AnnotationModel
import LabelQuality

extension ConsensusReport {
    /// What most raters said of each thing, or what is most probable.
    ///
    /// - Parameter isWeighted: By Dawid and Skene, and not by the majority.
    package init(_ labels: QualityLabels, _ question: QualityQuestion, isWeighted: Bool) {
        self.init()
        digest = labels.digestText
        for task in QualityTask.allCases {
            var builder = JudgedThingsBuilder(labels, question)
            guard let things = builder.things(task) else { continue }
            denseItems += things.dense.map { labels.items[Int($0)] }
            if isWeighted {
                do throws(Absence) {
                    let model = try DawidSkene(things.table)
                    iterations[task] = model.iterations
                    let weights = model.reliability.map(\.value)
                    rows += Self.rows(things, labels, weights) { unit in
                        (model.choice(of: unit).probability, model.winners(of: unit))
                    }
                } catch {
                    absences[task] = error
                }
            } else {
                let majority = Majority(things.table)
                rows += Self.rows(things, labels, []) { unit in
                    (majority.shares[unit], majority.winners(of: unit))
                }
            }
        }
    }

    /// - Parameter weights: How far each rater can be relied on; empty where all weigh the same.
    private static func rows(
        _ things: JudgedThings, _ labels: QualityLabels, _ weights: [Double],
        _ choice: (Int) -> (confidence: Double, winners: [Int])
    ) -> [ConsensusRow] {
        (0..<things.table.unitCount).compactMap { unit in
            let judgements = things.table.judgements(of: unit).count
            if judgements == 0 { return nil }
            let (confidence, winners) = choice(unit)
            let members = things.members(of: unit)
            return ConsensusRow(
                item: labels.items[Int(things.itemOfUnit[unit])], task: things.task,
                className: winners.count == 1 ? things.names[winners[0]] : nil,
                confidence: confidence,
                tied: winners.count > 1 ? winners.map { things.names[$0] } : [],
                judgements: judgements,
                labels: members.map { labels.id(labels.labels[Int($0)]).description },
                selector: winners.count == 1
                    ? place(members, things.categoryOfLabel, winners[0], labels, weights) : nil)
        }
    }

    /// The place that the labels of the chosen category have in common; each counts as far as its rater can be relied
    /// on, and as sure as it is.
    private static func place(
        _ members: ArraySlice<Int32>, _ categories: [Int32], _ winner: Int,
        _ labels: QualityLabels, _ weights: [Double]
    ) -> Selector? {
        if winner == Categories.nothing { return nil }
        return Fusion.place(
            of: members.compactMap { number in
                let label = labels.labels[Int(number)]
                let said = labels.detail(label)
                guard categories[Int(number)] == winner, let selector = said.selector else {
                    return nil
                }
                let weight = weights.isEmpty ? 1 : weights[Int(label.rater)]
                return .init(selector, weight: weight * (said.confidence ?? 1))
            })
    }
}
