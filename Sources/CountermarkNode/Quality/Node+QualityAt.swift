import AnnotationModel
import CompanyHome
import DatasetQuality
import LabelQuality
import LogStorage
import PlainErrors
import Provenance
import Signing

extension Node {
    /// How far raters agreed when logs had given sizes.
    ///
    /// - Parameter heads: Logs that are not named count as far as the entries of them can be merged with these.
    /// - Throws: ``NodeError`` where a log has fewer entries, or where those that are named cite more of others.
    public func agreement(
        _ dataset: DatasetID, _ question: QualityQuestion, at heads: [LogHead]
    ) throws -> AgreementReport {
        let contents = try labelSet(dataset, at: heads)
        var report = try contents.agreement(question, digest: contents.stateDigest.bytes)
        report.heads = contents.heads
        return report
    }

    /// What most raters said when logs had given sizes, as ``agreement(_:_:at:)``.
    public func consensus(
        _ dataset: DatasetID, _ question: QualityQuestion, isWeighted: Bool, at heads: [LogHead]
    ) throws -> ConsensusReport {
        let contents = try labelSet(dataset, at: heads)
        var report = try contents.consensus(
            question, digest: contents.stateDigest.bytes, isWeighted: isWeighted)
        report.heads = contents.heads
        try hideUnexamined(of: &report, dataset)
        return report
    }

    /// The label set as it was when logs had given sizes.
    private func labelSet(_ dataset: DatasetID, at heads: [LogHead]) throws -> ReleaseContents {
        try require(dataset)
        var sizes: [Origin: UInt64] = [:]
        for member in try home.members(of: dataset) {
            sizes[member] = try home.log(member, dataset).size
        }
        for head in heads {
            guard let held = sizes[head.origin], held >= head.size else {
                throw NodeError(
                    .notFound,
                    sizes[head.origin].map {
                        "\($0) entries of \(head.origin)/\(dataset) are here, and not \(head.size)"
                    } ?? "there is no log \(head.origin)/\(dataset) here",
                    hint:
                        "countermark status \(dataset) says how many entries of each log there are")
            }
            sizes[head.origin] = head.size
        }
        var terms = ReleaseTerms()
        // As the present label set is looked at.
        terms.isWithoutExcluded = true
        let contents = try ReleaseContents(
            self, dataset, sizes: sizes.filter { $0.value > 0 }, terms: terms, after: nil)
        for head in heads where head.size > 0 {
            let applied = contents.state.progress(head.origin)?.applied ?? 0
            guard applied == head.size else {
                throw NodeError(
                    .notFound,
                    "entry \(applied) of \(head.origin)/\(dataset) was signed by somebody who had merged more "
                        + "of another log than these heads have",
                    hint: "give a larger head of the other log, or --at \(head.origin)=\(applied)")
            }
        }
        return contents
    }
}
