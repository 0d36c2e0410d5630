import AnnotationModel
import CompanyHome
import DatasetQuality
import LabelQuality
import LogStorage
import Provenance
import Signing

/// How far companies agreed as the labels of a release came to be.
///
/// Each point is of the label set as the logs held it at some time, by the times that signers claim: of each log the
/// entries before the first later one. The last point is the release.
public struct AgreementHistory: Sendable {
    /// The label set at one time.
    public struct Point: Sendable {
        /// Seconds since 1970.
        public let time: Int64
        /// The figures of all companies.
        public let rows: [QualityRow]
    }

    /// The points, the earliest first.
    public let points: [Point]

    /// As many replays of parts of the logs as this is: each goes on from the one before.
    public static let pointsMax = 8

    init(_ node: Node, _ release: Release, _ dataset: DatasetID) throws {
        // What somebody else claims lies between what the steward says of the first entry and of the release: a clock
        // that is wrong, or a lie, moves no point of the others.
        let begin = try node.home.log(dataset.owner, dataset).entry(at: 0)
            .withUnsafeBytes { try COSESign1.parse($0).issuedAt ?? release.time }
        let claimed = min(begin, release.time)...release.time
        let times = try release.heads.map {
            (head: $0, times: try Self.times(of: $0, within: claimed, node, dataset))
        }
        let all = times.flatMap(\.times)
        guard let first = all.min(), let last = all.max(), first < last else {
            points = []
            return
        }
        let span = ReadableTime.distance(first, last)
        var points: [Point] = []
        var earlier: ReleaseContents?
        for step in 1...Self.pointsMax {
            let time =
                step == Self.pointsMax
                ? last
                : Self.time(first, after: span, part: UInt64(step))
            var sizes: [Origin: UInt64] = [:]
            for log in times {
                let count = log.times.firstIndex { $0 > time } ?? log.times.count
                let size = step == Self.pointsMax ? log.head.size : UInt64(count)
                if size > 0 { sizes[log.head.origin] = size }
            }
            let contents = try ReleaseContents(
                node, dataset, sizes: sizes, terms: release.terms, after: earlier)
            earlier = contents
            let report = try contents.agreement(
                QualityQuestion(), digest: contents.stateDigest.bytes)
            points.append(Point(time: time, rows: report.rows.filter { $0.raters.isEmpty }))
        }
        self.points = points
    }

    /// The time at which so many parts of a span have gone by: exact, whatever the span.
    private static func time(_ first: Int64, after span: UInt64, part: UInt64) -> Int64 {
        let (whole, rest) = span.quotientAndRemainder(dividingBy: UInt64(pointsMax))
        let gone = whole * part + rest * part / UInt64(pointsMax)
        return Int64(bitPattern: UInt64(bitPattern: first) &+ gone)
    }

    /// When the entries of a log were signed, as their signers claim.
    private static func times(
        of head: TreeHead, within claimed: ClosedRange<Int64>, _ node: Node, _ dataset: DatasetID
    ) throws -> [Int64] {
        var times: [Int64] = []
        try node.home.log(head.origin, dataset).forEachEntry(from: 0, to: head.size) { _, entry in
            let time = try COSESign1.parse(entry).issuedAt ?? claimed.lowerBound
            times.append(min(max(time, claimed.lowerBound), claimed.upperBound))
            return true
        }
        return times
    }
}

extension Node {
    /// How far companies agreed as the labels of a release came to be.
    public func agreementHistory(of release: Release, in dataset: DatasetID) throws
        -> AgreementHistory
    {
        try AgreementHistory(self, release, dataset)
    }
}
