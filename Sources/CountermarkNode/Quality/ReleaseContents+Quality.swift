import AnnotationModel
import DatasetQuality
import LabelQuality

extension ReleaseContents {
    /// How far the raters of a release agree, over the labels that it holds.
    ///
    /// - Parameter digest: The release's: what intervals follow from, so that they never change.
    public func agreement(
        _ question: QualityQuestion, digest: [UInt8]
    ) throws -> AgreementReport {
        try AgreementReport(try labels(question, digest), dataset, question)
    }

    /// What most raters of a release say of each thing, or what is most probable.
    ///
    /// - Parameter isWeighted: By Dawid and Skene, and not by the majority.
    public func consensus(
        _ question: QualityQuestion, digest: [UInt8], isWeighted: Bool
    ) throws -> ConsensusReport {
        var question = question
        question.keepsPlaces = true
        return ConsensusReport(
            try labels(question, digest), question, isWeighted: isWeighted)
    }

    private func labels(
        _ question: QualityQuestion, _ digest: [UInt8]
    ) throws -> QualityLabels {
        try node.qualityLabels(
            dataset, question, filter: filter, companies: Array(terms.companies), seed: digest,
            where: { try self.holds($0) })
    }
}
