import AnnotationModel
import LabelQuality
import Provenance
import Testing

@testable import AnnotationStore
@testable import CountermarkNode
@testable import DatasetQuality

/// Members whose labels are worth nothing, and input that no honest member writes.
@Suite("Quality with hostile members")
struct QualityHostileTests {
    /// Labels as if each of many companies had a log of its own.
    private struct Made {
        var labels = QualityLabels()
        private var next: [Int: UInt64] = [:]

        mutating func add(
            _ company: Int, _ item: String, _ name: String, _ selector: Selector = .wholeItem,
            confidence: Double? = nil
        ) throws {
            let entry = next[company, default: 0]
            next[company] = entry + 1
            labels.awareness.append(
                Awareness(log: company + 1, entry: entry, seen: CausalContext()))
            let place = Int32(labels.awareness.count - 1)
            let origin = try Origin("c\(1_000 + company).example")
            labels.add(
                item: labels.number(ofItem: item),
                rater: labels.number(ofRater: origin.description),
                className: labels.number(ofClass: name), log: labels.number(ofLog: origin),
                slot: Slot(entry: entry, position: 0), awareness: place, early: place,
                .init(shape: Shape(selector), confidence: confidence))
        }

        var settled: QualityLabels {
            var labels = labels
            labels.settle(.org)
            return labels
        }

        /// What is found of them.
        func report(
            _ question: QualityQuestion = QualityQuestion()
        ) throws -> AgreementReport {
            try AgreementReport(settled, try DatasetID("oem.example/parts"), question)
        }
    }

    private func name(_ company: Int) -> String { "c\(1_000 + company).example" }

    private func box(_ x: Double, _ y: Double = 0) -> Selector {
        .box(.init(x: x, y: y, width: 5, height: 5))
    }

    @Test("a member that answers at random is found, and outvoted")
    func random() throws {
        var generator = SeededGenerator(seed: [3])
        let classes = ["cut", "open", "short"]
        var made = Made()
        for item in 0..<150 {
            let truth = Int.random(in: 0..<3, using: &generator)
            for company in 0..<3 {
                let errs = Int.random(in: 0..<10, using: &generator) == 0
                let said = errs ? Int.random(in: 0..<3, using: &generator) : truth
                try made.add(company, "\(1_000 + item)", classes[said])
            }
            try made.add(3, "\(1_000 + item)", classes[Int.random(in: 0..<3, using: &generator)])
        }
        let report = try made.report()
        let reliability = report.reliability.compactMap { try? $0.reliability.get() }
        #expect(reliability.prefix(3).allSatisfy { $0 > 0.8 })
        #expect(reliability[3] < 0.5)
        #expect(report.warnings.map(\.kind) == [.chance])
        #expect(report.warnings.map(\.rater) == [name(3)])
    }

    @Test("a member that marks everything is named, and those who mark what is there are not")
    func marksEverything() throws {
        var made = Made()
        for item in 0..<10 {
            for company in 0..<2 { try made.add(company, "\(item)", "open", box(0)) }
            for place in 0..<20 { try made.add(2, "\(item)", "open", box(Double(place) * 10)) }
        }
        let report = try made.report()
        #expect(report.warnings.map(\.kind) == [.chance, .alone])
        #expect(report.warnings.map(\.rater) == [name(2), name(2)])
        #expect(report.warnings[1].words.hasPrefix("marked 190 of its 200 things alone"))
        var question = QualityQuestion()
        question.against = name(0)
        let precision = try made.report(question).rows.first {
            $0.measure == "precision" && $0.className == nil && $0.raters.first == name(2)
        }
        #expect(precision?.figure.value == 0.05)
    }

    @Test("who copies is named, and who was copied is not")
    func copier() throws {
        var made = Made()
        for item in 0..<30 {
            try made.add(0, "\(item)", "open")
            try made.add(1, "\(item)", item % 2 == 0 ? "open" : "short")
        }
        for item in 0..<30 {
            try made.add(2, "\(item)", "open")
            // It had the first company's labels, and not the second one's.
            var seen = CausalContext()
            seen[1] = 30
            let last = made.labels.awareness.count - 1
            made.labels.awareness[last] = Awareness(log: 3, entry: UInt64(item), seen: seen)
        }
        let report = try made.report()
        #expect(report.warnings.filter { $0.kind == .copies }.map(\.rater) == [name(2)])
        #expect(
            report.warnings.first { $0.kind == .copies }?.words.contains("30 of 30 cases") == true)
    }

    @Test("a thousand companies with one label each give figures or reasons, and bounded lists")
    func thousands() throws {
        var made = Made()
        for company in 0..<1_000 {
            try made.add(company, "a", company % 10 == 0 ? "short" : "open")
        }
        let report = try made.report()
        let percent = report.rows.first { $0.measure == "percent" && $0.raters.isEmpty }
        #expect(percent?.figure.value.map { abs($0 - 0.81981982) < 1e-6 } == true)
        #expect(report.pairsLeftOut == 499_500 - QualityQuestion.pairsMax)
        #expect(report.reliability.count == 1_000)
        let blind = report.rows.first { $0.pairs == .blind && $0.raters.isEmpty }
        #expect(blind?.figure.counts.units == 499_500)
        // One item cannot be drawn anew.
        #expect(percent?.figure.interval == nil)
        #expect(report.warnings.isEmpty)
    }

    @Test("an item with a hundred thousand labels costs no more than it may")
    func crowded() throws {
        var made = Made()
        for number in 0..<50_000 {
            try made.add(0, "a", number % 2 == 0 ? "open" : "short")
            try made.add(1, "a", "open")
        }
        let report = try made.report()
        // All that one rater says of an item is one judgement.
        #expect(report.confusion.map(\.className) == ["open + short"])
        #expect(report.confusion.map(\.count) == [1])
        var placed = Made()
        for number in 0..<3_000 {
            for company in 0..<2 {
                try placed.add(company, "a", "open", box(0, Double(number) * 9))
            }
        }
        try placed.add(0, "b", "open", box(0))
        let left = try placed.report()
        #expect(left.denseItems == ["a"])
        #expect(left.rows.allSatisfy { $0.figure.counts.items <= 1 })
    }

    @Test(
        "a class of no letters is a class, and not nothing; a confidence that is no number is none")
    func odd() throws {
        var made = Made()
        for item in 0..<3 {
            try made.add(0, "\(item)", "", box(0), confidence: .nan)
            try made.add(1, "\(item)", item == 0 ? "open" : "", box(0), confidence: .infinity)
        }
        try made.add(0, "9", "", box(0))
        try made.add(1, "9", "open", box(90))
        var question = QualityQuestion()
        question.against = name(1)
        let report = try made.report(question)
        #expect(
            Set(report.confusion.map { "\($0.className ?? "–")|\($0.otherClass ?? "–")" })
                == ["|", "|open", "|–", "–|open"])
        for row in report.rows {
            #expect(row.figure.value?.isFinite != false)
            if row.measure == "average-precision", row.figure.counts.judgements > 0 {
                #expect(row.figure.value == nil)
            }
        }
        let consensus = ConsensusReport(made.settled, QualityQuestion(), isWeighted: true)
        #expect(consensus.rows.allSatisfy { $0.confidence.isFinite })
        // And nobody signs one.
        let all = try Companies(["oem.example"])
        #expect(throws: (any Error).self) {
            try all.node("oem.example").write(
                all.dataset,
                [
                    .addAnnotation(
                        item: "a", className: "x", selector: .wholeItem,
                        fields: [.known(.confidence): .float(.nan)])
                ])
        }
    }
}
