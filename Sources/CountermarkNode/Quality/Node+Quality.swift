import AnnotationModel
import AnnotationStore
import DatasetQuality
import LabelQuality
import PlainErrors

extension Node {
    /// How far the raters of a dataset agree, as it is now.
    public func agreement(
        _ dataset: DatasetID, _ question: QualityQuestion
    ) throws -> AgreementReport {
        try AgreementReport(try qualityLabels(dataset, question), dataset, question)
    }

    /// What quality is computed from, of a dataset as it is now.
    func qualityLabels(
        _ dataset: DatasetID, _ question: QualityQuestion, filter: LabelFilter = .kept,
        companies: [Origin] = [], seed: [UInt8]? = nil, gold: GoldReference? = nil,
        where holds: (EncodedLabel) throws -> Bool = { _ in true }
    ) throws -> QualityLabels {
        try require(dataset)
        try catchUp(dataset)
        return try merged(dataset).qualityLabels(
            question, filter: filter, companies: companies, seed: seed, gold: gold, where: holds)
    }
}
