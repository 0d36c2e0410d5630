import AnnotationModel
import LabelQuality

/// Holds raters' labels against those of one of them.
struct QualityReferee {
    private let labels: QualityLabels
    private let things: JudgedThings
    private let question: QualityQuestion
    private let reference: Int32

    init(
        _ labels: QualityLabels, _ things: JudgedThings, _ question: QualityQuestion,
        reference: Int
    ) {
        (self.labels, self.things, self.question) = (labels, things, question)
        self.reference = Int32(reference)
    }

    /// The figures of all other raters, over all classes and for each of the most frequent ones.
    func rows() -> [QualityRow] {
        labels.raters.indices.filter { $0 != Int(reference) }.flatMap { rater in
            rows(of: Int32(rater))
        }
    }

    private func rows(of rater: Int32) -> [QualityRow] {
        var all = Retrieval()
        var byClass: [Int32: Retrieval] = [:]
        var counts: [Int32: Int] = [:]
        var nextMatch = 0
        let matched = things.matched
        let chosen = question.className.map { name in
            Int32(labels.classes.firstIndex { $0.hasSameBytes(as: name) } ?? -1)
        }
        labels.forEachItem { item, range in
            let first = nextMatch
            while nextMatch < matched.count, matched[nextMatch].item == item { nextMatch += 1 }
            let looked = things.looked(at: item)
            guard looked.contains(rater), looked.contains(reference) else { return }
            all.note(item: Int(item))
            let hits = self.hits(of: rater, range, matched[first..<nextMatch])
            for place in range {
                let label = labels.labels[place]
                let confidence = labels.detail(label).confidence
                guard labels.isWhole(label) == (things.task == .items) else { continue }
                if let chosen, label.className != chosen { continue }
                counts[label.className, default: 0] += 1
                if label.rater == rater {
                    let isHit = hits.contains(Int32(place))
                    all.claim(item: Int(item), isHit: isHit, confidence: confidence)
                    byClass[label.className, default: Retrieval()].claim(
                        item: Int(item), isHit: isHit, confidence: confidence)
                } else if label.rater == reference {
                    all.want(item: Int(item))
                    byClass[label.className, default: Retrieval()].want(item: Int(item))
                }
            }
        }
        var rows = named(all, rater, nil)
        if chosen != nil { return rows.map { named($0, question.className) } }
        let frequent = byClass.keys.sorted { (counts[$1] ?? 0, $0) < (counts[$0] ?? 0, $1) }
        for key in frequent.prefix(QualityQuestion.classesMax).sorted() {
            rows += named(byClass[key] ?? Retrieval(), rater, labels.classes[Int(key)])
        }
        return rows
    }

    /// The rater's labels that the reference has, too: of one class, and of places also matched.
    private func hits(
        of rater: Int32, _ range: Range<Int>, _ matched: ArraySlice<JudgedThings.Match>
    ) -> Set<Int32> {
        var hits: Set<Int32> = []
        if things.task == .places {
            for match in matched {
                let (one, other) = (labels.labels[Int(match.one)], labels.labels[Int(match.other)])
                guard one.className == other.className else { continue }
                if one.rater == rater, other.rater == reference { hits.insert(match.one) }
                if other.rater == rater, one.rater == reference { hits.insert(match.other) }
            }
            return hits
        }
        var wanted: [Int32: Int] = [:]
        for place in range where labels.isWhole(labels.labels[place]) {
            let label = labels.labels[place]
            if label.rater == reference { wanted[label.className, default: 0] += 1 }
        }
        for place in range where labels.isWhole(labels.labels[place]) {
            let label = labels.labels[place]
            guard label.rater == rater, let left = wanted[label.className], left > 0 else {
                continue
            }
            wanted[label.className] = left - 1
            hits.insert(Int32(place))
        }
        return hits
    }

    private func named(
        _ retrieval: Retrieval, _ rater: Int32, _ className: String?
    ) -> [QualityRow] {
        let names = [labels.raters[Int(rater)], labels.raters[Int(reference)]]
        let label = (names + [className ?? ""]).joined(separator: "\u{0}")
        let figures = retrieval.figures(seed: labels.digest, label: label)
        return [
            ("precision", figures.precision), ("recall", figures.recall), ("f1", figures.f1),
            ("average-precision", figures.averagePrecision),
        ].map {
            QualityRow(
                measure: $0, task: things.task, raters: names, className: className, figure: $1)
        }
    }

    private func named(_ row: QualityRow, _ className: String?) -> QualityRow {
        QualityRow(
            measure: row.measure, task: row.task, raters: row.raters, className: className,
            figure: row.figure)
    }
}
