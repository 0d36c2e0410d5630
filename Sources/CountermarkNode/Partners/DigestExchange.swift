import AnnotationModel
import CompanyHome
import Foundation
import LogStorage
import PartnerTLS
import PlainErrors
import Provenance
import Signing

/// What a node has made of a dataset's logs: two nodes that have applied the same entries must have the same digest.
struct DigestStatement: Codable, Sendable, Equatable {
    /// The dataset.
    let dataset: String
    /// Stands for the entries that are applied (``MergeState/mark``), in hexadecimal.
    let mark: String
    /// The state digest, in hexadecimal.
    let digest: String
}

/// The digests of two nodes of the datasets that they share.
struct DigestList: Codable, Sendable {
    /// One for each dataset.
    let digests: [DigestStatement]

    /// The most datasets that one list may name.
    static let countMax = 4_096
    /// The largest list in bytes: names and two digests each.
    static let bytesMax = 2 << 20
}

/// That a partner has made something else of the same entries; kept until the digests are equal again.
public struct DigestAlarm: Codable, Sendable, Equatable {
    /// The dataset.
    public let dataset: String
    /// The partner.
    public let partner: String
    /// What stands for the entries.
    let mark: String
    /// This node's digest, in hexadecimal.
    public let ours: String
    /// The partner's.
    public let theirs: String
    /// When it was first seen, in Unix seconds.
    public let since: Int64
}

extension Node {
    private var digestAlarmFile: String { home.path + "/digest-alarms.json" }

    /// The digests of the datasets that an organisation takes part in, as far as they are settled.
    func digests(for org: Origin) throws -> [DigestStatement] {
        var digests: [DigestStatement] = []
        for dataset in try home.datasets() where digests.count < DigestList.countMax {
            // A dataset that cannot be merged has no digest, and keeps the others from nothing.
            guard (try? mayRead(dataset, org)) == true, (try? catchUp(dataset)) != nil,
                let state = try? read(dataset, { $0.state }), state.needsRebuild == nil
            else { continue }
            digests.append(
                DigestStatement(
                    dataset: dataset.description, mark: state.mark.hex, digest: state.digest.hex))
        }
        return digests
    }

    /// Compares a partner's digests with this node's; what differs raises an alarm, what agrees ends one.
    ///
    /// - Returns: The datasets of which another digest was made of the same entries.
    @discardableResult
    func compare(_ theirs: [DigestStatement], of partner: Origin) throws -> [String] {
        let ours = Dictionary(
            try digests(for: partner).map { ($0.dataset, $0) },
            uniquingKeysWith: { first, _ in first })
        var alarms = digestAlarms()
        let before = alarms
        var differing: [String] = []
        for their in theirs.prefix(DigestList.countMax) {
            guard let our = ours[their.dataset], our.mark == their.mark else { continue }
            let known = alarms.first {
                $0.dataset == their.dataset && $0.partner == partner.description
            }
            alarms.removeAll { $0 == known }
            if our.digest == their.digest { continue }
            differing.append(their.dataset)
            alarms.append(
                DigestAlarm(
                    dataset: their.dataset, partner: partner.description, mark: our.mark,
                    ours: our.digest, theirs: their.digest, since: known?.since ?? now()))
        }
        if alarms != before {
            try DurableFile.replace(
                digestAlarmFile, with: Array(try JSONEncoder().encode(alarms)))
        }
        return differing
    }

    /// The differences that stand.
    public func digestAlarms() -> [DigestAlarm] {
        guard let bytes = try? DurableFile.read(digestAlarmFile) else { return [] }
        let data = Data(bytes)
        return (try? JSONDecoder().decode([DigestAlarm].self, from: data)) ?? []
    }
}

extension PartnerSync {
    /// Compares digests with a partner, which does the same.
    func exchangeDigests(
        _ org: Origin, _ client: HTTPClient, _ report: inout SyncReport
    ) async throws {
        let ours = try await node.run { try $0.digests(for: org) }
        let response = try await call(
            client, "POST", "/v1/digests",
            body: Array(try JSONEncoder().encode(DigestList(digests: ours))),
            bytesMax: DigestList.bytesMax)
        guard response.status == 200,
            let theirs = try? JSONDecoder().decode(DigestList.self, from: Data(response.body))
        else { throw Self.badAnswer(client, response, "/v1/digests") }
        let differing = try await node.run { try $0.compare(theirs.digests, of: org) }
        meter?.noteMismatches(differing.count)
        for dataset in differing {
            report.fail(
                NodeError(
                    .digestsDiffer,
                    "\(org) has made another label set of the same entries of \(dataset)",
                    hint: "run countermark verify on both sides, then rebuild where it fails"))
        }
    }
}
