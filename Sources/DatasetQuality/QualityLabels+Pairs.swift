import AnnotationModel
import LabelQuality
import PlainErrors
import Signing

extension QualityLabels {
    /// The digest of the state that they are of, in hexadecimal.
    package var digestText: String { Digest(digest)?.hex ?? "" }

    /// The rater of a name.
    ///
    /// - Throws: ``NodeError`` where nobody is called so.
    package func rater(called name: String, _ question: QualityQuestion) throws -> Int {
        if let found = raters.firstIndex(where: { $0.hasSameBytes(as: name) }) {
            return found
        }
        throw NodeError(
            .unknownRater, "nobody by that name has labelled or examined: \(name)",
            hint: "the raters by \(question.by.rawValue) are "
                + Self.some(raters, of: "nobody"))
    }

    /// Throws for a class that no label has.
    package func requireClass(_ name: String?, of dataset: DatasetID) throws {
        guard let name, !classes.contains(where: { $0.hasSameBytes(as: name) }) else {
            return
        }
        throw NodeError(
            .notFound, "\(dataset) has no label of the class \(name)",
            hint: "its classes are " + Self.some(classes, of: "none"))
    }

    /// The first few names.
    private static func some(_ names: [String], of nothing: String) -> String {
        if names.isEmpty { return nothing }
        return names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "")
    }

    /// What is computed of two raters.
    func figures(
        of pair: RaterPair, among pairs: Int, _ things: JudgedThings,
        _ question: QualityQuestion
    ) -> [QualityRow] {
        let names = [raters[pair.one], raters[pair.other]]
        let wanted = question.measures.filter { $0 == .percent || $0 == .cohenKappa }
        if wanted.isEmpty { return [] }
        let figures = pair.figures(
            seed: digest, label: "\(things.task)\u{0}" + names.joined(separator: "\u{0}"),
            among: pairs)
        return wanted.map { measure in
            QualityRow(
                measure: measure.rawValue, task: things.task, raters: names, className: nil,
                figure: measure == .percent ? figures.percent : figures.cohenKappa)
        }
    }

    /// What two raters called the same things.
    package func confusion(of pair: RaterPair, _ things: JudgedThings) -> [ConfusionRow] {
        pair.confusion.map { cell in
            ConfusionRow(
                one: raters[pair.one], other: raters[pair.other],
                className: things.names[cell.one], otherClass: things.names[cell.other],
                count: cell.count, task: things.task)
        }
    }
}
