import AnnotationFormats
import LabelText
import Provenance

/// How far a long piece of work is.
public struct WorkProgress: Equatable, Sendable {
    /// What is being done.
    public enum Stage: String, Sendable {
        /// The files are read to find what they were based on.
        case comparing
        /// The files are read, and what they say is signed.
        case reading
        /// The label table takes what was signed.
        case merging
        /// The labels are collected and written; formats may go through them more than once.
        case writing
        /// The logs are read, and every signature is checked.
        case checking
    }

    /// What is being done.
    public var stage: Stage
    /// Labels so far, in this stage; while checking, entries.
    public var labels: Int
    /// The part of the stage that is done, from 0 to 1; nil where that is not known.
    public var fraction: Double?

    /// A state of the work.
    public init(_ stage: Stage, labels: Int, fraction: Double? = nil) {
        (self.stage, self.labels, self.fraction) = (stage, labels, fraction)
    }
}

/// Counts labels, and tells from time to time how many.
final class ProgressTicker {
    /// Labels or entries between two reports: an import takes some hundred thousand a second at best.
    static let labelsPerTick = 512

    private let report: ((WorkProgress) -> Void)?
    private let meter: ReadMeter?
    private var stage = WorkProgress.Stage.reading
    private var labels = 0
    private var total: Int?

    /// A ticker; without `report` it costs next to nothing.
    init(_ report: ((WorkProgress) -> Void)?, _ meter: ReadMeter? = nil) {
        (self.report, self.meter) = (report, meter)
    }

    /// Begins a stage, with the number of its labels where that is known.
    func begin(_ stage: WorkProgress.Stage, of total: Int? = nil) {
        (self.stage, labels, self.total) = (stage, 0, total)
        meter?.restart()
    }

    /// Counts a label of a file.
    @inline(__always)
    func count(_ event: FormatEvent) {
        guard report != nil, case .annotation = event else { return }
        count()
    }

    /// Counts a label.
    func count() {
        labels += 1
        if labels % Self.labelsPerTick == 0 { tell() }
    }

    /// Ends a stage.
    func end() { report?(WorkProgress(stage, labels: labels, fraction: 1)) }

    private func tell() {
        let part = total.map { $0 > 0 ? min(1, Double(labels) / Double($0)) : 1 }
        report?(WorkProgress(stage, labels: labels, fraction: part ?? meter?.fraction))
    }
}

/// How much of a dataset's logs the label table has taken.
struct MergeMark {
    private let applied: UInt64
    private let stored: UInt64
    private let labels: Int

    init(_ state: MergeState) {
        applied = state.logs.values.reduce(0) { $0 + $1.applied }
        stored = state.logs.values.reduce(0) { $0 + $1.stored }
        labels = Int(clamping: state.counts.annotations)
    }

    /// How far the table is, where it stood at `start`.
    func progress(since start: MergeMark?, isMore: Bool) -> WorkProgress {
        let begun = start ?? self
        let all = stored - min(stored, begun.applied)
        let done = applied - min(applied, begun.applied)
        let fraction = all > 0 && isMore ? min(1, Double(done) / Double(all)) : 1
        return WorkProgress(.merging, labels: max(0, labels - begun.labels), fraction: fraction)
    }
}
