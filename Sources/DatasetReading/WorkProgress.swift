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
        /// The logs are read, and what they say of themselves is checked.
        case checking
        /// Entries come from a partner.
        case fetching
        /// Entries go to a partner, or into a folder.
        case sending

        /// What is counted.
        package var unit: String {
            switch self {
            case .comparing, .reading, .merging, .writing: "labels"
            case .checking, .fetching, .sending: "entries"
            }
        }
    }

    /// What is being done.
    public var stage: Stage
    /// Labels or entries so far, in this stage.
    public var labels: Int
    /// The part of the stage that is done, from 0 to 1; nil where that is not known.
    public var fraction: Double?

    /// A state of the work.
    public init(_ stage: Stage, labels: Int, fraction: Double? = nil) {
        (self.stage, self.labels, self.fraction) = (stage, labels, fraction)
    }

    /// A transfer of a log's entries, from where it began to its size.
    package init(_ stage: Stage, entriesFrom from: UInt64, at: UInt64, of size: UInt64) {
        let (done, all) = (Int(clamping: at - min(at, from)), Int(clamping: size - min(size, from)))
        self.init(
            stage, labels: done, fraction: all > 0 ? min(1, Double(done) / Double(all)) : 1)
    }
}

/// Counts labels or entries, tells from time to time how many, and ends the work where somebody asks for it.
package final class ProgressTicker {
    /// Labels or entries between two reports: an import takes some hundred thousand a second at best.
    static let labelsPerTick = 512

    private let report: ((WorkProgress) -> Void)?
    private let meter: ReadMeter?
    private let interruption: Interruption?
    private var stage = WorkProgress.Stage.reading
    private var labels = 0
    private var total: Int?

    /// A ticker; without `report` it costs next to nothing.
    package init(
        _ report: ((WorkProgress) -> Void)?, _ meter: ReadMeter? = nil,
        _ interruption: Interruption? = nil
    ) {
        (self.report, self.meter, self.interruption) = (report, meter, interruption)
    }

    /// Begins a stage, with the number of its labels where that is known.
    package func begin(_ stage: WorkProgress.Stage, of total: Int? = nil) {
        (self.stage, labels, self.total) = (stage, 0, total)
        meter?.restart()
    }

    /// Counts a label of a file.
    @inline(__always)
    package func count(_ event: FormatEvent) throws {
        guard case .annotation = event else { return }
        try count()
    }

    /// Counts a label or an entry.
    ///
    /// - Throws: ``NodeError`` where somebody has asked for the end; so do the others.
    package func count() throws {
        labels += 1
        if labels % Self.labelsPerTick == 0 { try tell() }
    }

    /// Counts several at once.
    package func count(_ more: Int) throws {
        labels += more
        try tell()
    }

    /// Looks whether somebody has asked for the end.
    package func check() throws {
        try interruption?.check("after \(labels) \(stage.unit) (\(stage.rawValue))")
    }

    /// Ends a stage.
    package func end() { report?(WorkProgress(stage, labels: labels, fraction: 1)) }

    private func tell() throws {
        if let report {
            let part = total.map { $0 > 0 ? min(1, Double(labels) / Double($0)) : 1 }
            report(WorkProgress(stage, labels: labels, fraction: part ?? meter?.fraction))
        }
        try check()
    }
}

/// How much of a dataset's logs the label table has taken.
package struct MergeMark {
    private let applied: UInt64
    private let stored: UInt64
    private let labels: Int

    package init(_ state: MergeState) {
        applied = state.logs.values.reduce(0) { $0 + $1.applied }
        stored = state.logs.values.reduce(0) { $0 + $1.stored }
        labels = Int(clamping: state.counts.annotations)
    }

    /// How far the table is, where it stood at `start`.
    package func progress(since start: MergeMark?, isMore: Bool) -> WorkProgress {
        let begun = start ?? self
        let all = stored - min(stored, begun.applied)
        let done = applied - min(applied, begun.applied)
        let fraction = all > 0 && isMore ? min(1, Double(done) / Double(all)) : 1
        return WorkProgress(.merging, labels: max(0, labels - begun.labels), fraction: fraction)
    }
}
