import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetQuality
import DatasetReading
import Foundation
import LabelExchange
import LogStorage
import PlainErrors
import Provenance
import Signing
import TransparencyLog

/// The labels of a release, made anew from the logs as they were at its heads.
public final class ReleaseContents {
    /// The label set at the heads; it writes to nothing.
    let node: Node
    /// The dataset.
    public let dataset: DatasetID
    /// Which labels are meant.
    public let terms: ReleaseTerms
    private let names: [Int: Origin]
    let state: MergeState

    /// Replays the logs up to given heads.
    ///
    /// - Parameter earlier: A replay up to other heads, which is gone on with where these are no smaller, and is then
    ///   of use for nothing else.
    /// - Throws: ``NodeError`` if less of a log is here, or another history of it.
    init(
        _ node: Node, _ dataset: DatasetID, heads: [TreeHead], terms: ReleaseTerms,
        after earlier: ReleaseContents? = nil
    ) throws {
        for head in heads { try Self.require(head, node, dataset) }
        let sizes = [Origin: UInt64](
            heads.map { ($0.origin, $0.size) }, uniquingKeysWith: { first, _ in first })
        (self.node, state) = try Self.replay(node, dataset, sizes, after: earlier?.node)
        (self.dataset, self.terms) = (dataset, terms)
        for head in heads {
            let applied = state.progress(head.origin)?.applied ?? 0
            guard applied == head.size else {
                let log = "\(head.origin)/\(dataset)"
                throw NodeError(
                    .releaseNotWhole,
                    self.node.unreadableLogs[log]
                        ?? "only \(applied) of the \(head.size) entries of \(log) can be merged from "
                        + "what the release names: its heads do not belong together",
                    hint: "run countermark verify \(dataset); if all holds, the release is wrong: "
                        + "ask the steward for another one")
            }
        }
        names = state.logs.mapValues(\.origin)
    }

    /// The labels as they were when the logs had given sizes, which nobody has signed.
    init(
        _ node: Node, _ dataset: DatasetID, sizes: [Origin: UInt64], terms: ReleaseTerms,
        after earlier: ReleaseContents?
    ) throws {
        (self.node, state) = try Self.replay(node, dataset, sizes, after: earlier?.node)
        (self.dataset, self.terms) = (dataset, terms)
        names = state.logs.mapValues(\.origin)
    }

    /// A name by which a part of it is asked for and that nothing in the dataset had by then; nil where all are known.
    public func unknownName(_ part: ExportPart) throws -> String? {
        try node.unknownName(part, in: dataset)
    }

    private static func replay(
        _ node: Node, _ dataset: DatasetID, _ sizes: [Origin: UInt64], after earlier: Node?
    ) throws -> (Node, MergeState) {
        if let earlier, earlier.goOn(upTo: sizes) {
            try earlier.catchUp(dataset)
            let state = try earlier.mergedState(dataset)
            // What was to be made anew and is not yet is made from the beginning.
            if state.needsRebuild == nil { return (earlier, state) }
        }
        let replay = try Node(replaying: node, at: sizes)
        try replay.catchUp(dataset)
        return (replay, try replay.mergedState(dataset))
    }

    private static func require(_ head: TreeHead, _ node: Node, _ dataset: DatasetID) throws {
        let log = "\(head.origin)/\(dataset)"
        let reader = try node.home.log(head.origin, dataset)
        guard reader.size >= head.size else {
            throw NodeError(
                .releaseNotHere,
                "the release holds \(head.size) entries of \(log), and \(reader.size) are here",
                hint: "run countermark sync; if the log's company keeps it from this organisation, "
                    + "somebody else has to countersign")
        }
        guard try reader.upTo(head.size).statedRoot.bytes == head.root else {
            throw NodeError(
                .releaseOfOtherHistory,
                "the release names another root of the first \(head.size) entries of \(log)",
                hint:
                    "run countermark verify \(dataset) and countermark evidence: either the log has "
                    + "two histories, or the release is wrong")
        }
    }

    /// How many entries of each log were merged, by origin.
    var heads: [LogHead] {
        state.logs.values.filter { $0.applied > 0 }
            .map { LogHead(origin: $0.origin, size: $0.applied) }
            .sorted { $0.origin < $1.origin }
    }

    /// The policy that held at the heads.
    public var policy: ResolutionPolicy { state.membership.policy }

    /// The text of the schema at the heads.
    public var schema: String { state.membership.schema }

    /// The state digest at the heads.
    public var stateDigest: Digest { state.digest }

    /// The labels whose stage and item are meant; ``holds(_:)`` says which of them are.
    var filter: LabelFilter {
        var filter = LabelFilter()
        filter.stage = terms.stage.map { ($0.stage, $0.state) }
        filter.isWithoutExcluded = terms.isWithoutExcluded
        return filter
    }

    /// Calls `body` with each label in the order of the leaves.
    public func forEachLabel(_ body: (LabelView) throws -> Void) throws {
        let filter = filter
        for (number, origin) in names.sorted(by: { $0.value < $1.value }) {
            if !terms.companies.isEmpty, !terms.companies.contains(origin) { continue }
            try node.store.forEachLabel([number: origin], filter: filter) { label in
                if try holds(label) { try body(label) }
            }
        }
    }

    /// Whether a label that fits the stages is meant.
    func holds(_ label: LabelView) throws -> Bool {
        try holds(label.key, label.id.origin, label.flags, isRetracted: label.isRetracted)
    }

    /// Whether a label that fits the stages is meant.
    func holds(_ label: EncodedLabel) throws -> Bool {
        try holds(
            label.key, label.origin, try label.flags(), isRetracted: try label.isRetracted())
    }

    private func holds(
        _ label: OperationKey, _ origin: Origin, _ flags: RowFlags, isRetracted: Bool
    ) throws -> Bool {
        if !terms.companies.isEmpty, !terms.companies.contains(origin) { return false }
        if isRetracted, !terms.holdsRetracted { return false }
        if flags.isConflict, terms.isSettledOnly { return false }
        return try !terms.isAcceptedOnly || isAccepted(label)
    }

    private func isAccepted(_ label: OperationKey) throws -> Bool {
        let verdicts = try node.store.writes(label.packed, names)
            .filter { $0.field.hasPrefix("\u{0}review/") }
            .map { write -> Int64? in
                guard case .array(let parts)? = write.value, case .integer(let code)? = parts.first
                else { return nil }
                return code
            }
        return !verdicts.isEmpty && verdicts.allSatisfy { $0 == Int64(Verdict.accept.rawValue) }
    }

    /// Calls `body` with each leaf in order.
    public func forEachLeaf(_ body: (ReleaseLeaf.Place, [UInt8]) throws -> Void) throws {
        try node.store.forEachItem(dataset, withoutExcluded: terms.isWithoutExcluded) { item in
            try body(.item(ByteKey(item.key)), ReleaseLeaf.item(item.key, fields: item.fields))
        }
        try forEachLabel { label in
            try body(
                .label(label.id.origin, label.id.slot.packed),
                ReleaseLeaf.label(label.id, Self.said(label)))
        }
    }

    private static func said(_ label: LabelView) -> ReleaseLeaf.Label {
        ReleaseLeaf.Label(
            item: label.item, className: label.className, selector: label.selector,
            isRetracted: label.isRetracted, isContested: label.flags.isConflict,
            author: label.author, source: label.source, fields: label.fields)
    }

    /// Writes the labels in a format.
    ///
    /// - Returns: The report, and how many of the labels are contested.
    public func export(
        format: any AnnotationFormat, part: ExportPart = .init(),
        names: ExportClasses = .mapped, to output: any FormatOutput,
        options: WriteOptions = WriteOptions()
    ) throws -> (report: ConversionReport, contested: Int) {
        try node.export(
            dataset, format: format, view: terms.holdsRetracted ? .union : .resolved, part: part,
            onlyKept: terms.isWithoutExcluded, names: names, to: output, options: options,
            stage: terms.stage.map { ($0.stage, $0.state) }, where: { try self.holds($0) })
    }

    /// What the release's digest binds.
    public func commitment(name: String, heads: [TreeHead]) throws -> Release.Commitment {
        var tree = CompactRange()
        var hasher = TreeHasher()
        var (items, labels) = (0, 0)
        let ticker = node.ticker()
        ticker.begin(.writing)
        try forEachLeaf { place, bytes in
            try ticker.count()
            switch place {
            case .item: items += 1
            case .label: labels += 1
            }
            bytes.withUnsafeBytes { tree.append(hasher.leaf($0), &hasher) }
        }
        ticker.end()
        return Release.Commitment(
            dataset: dataset, name: name, heads: heads, terms: terms,
            root: tree.root(&hasher).bytes, items: items, labels: labels)
    }
}
