import AnnotationModel
import AnnotationStore
import CompanyHome
import LogStorage
import PlainErrors
import Provenance

/// What a verification found of a release.
public struct ReleaseFinding: Sendable {
    /// The release's dataset.
    public let dataset: DatasetID
    /// The release, and who has countersigned it.
    public let view: ReleaseView
    /// Whether the logs give what the steward signed; nil where not all of them are here.
    public let isRight: Bool?
    /// Why not, or why nobody can say it here.
    public let why: String?

    /// What is wrong: something that the steward has signed, that is false, and that it has not withdrawn.
    var problem: VerificationProblem? {
        guard isRight == false, view.release.withdrawal == nil else { return nil }
        return VerificationProblem(
            log: dataset.description, index: nil,
            what: "release \(view.release.name): \(why ?? "it is wrong")")
    }
}

extension Node {
    /// Recomputes the releases of a dataset from the logs, and looks at what members have countersigned.
    ///
    /// A release that waits for countersignatures, or was withdrawn, is no problem, and is told.
    func verifyReleases(_ dataset: DatasetID, _ report: inout VerificationReport) throws {
        // A log that is damaged from its beginning may leave nothing of the dataset to look at.
        if !report.problems.isEmpty, (try? require(dataset)) == nil { return }
        let releases = try releases(dataset)
        report.notes += try strayCountersignatures(dataset)
        if releases.isEmpty { return }
        guard report.problems.isEmpty else {
            report.notes.append(
                "the releases of \(dataset) were not recomputed: mend the logs and the label table first"
            )
            return
        }
        var earlier: ReleaseContents?
        for view in releases {
            let finding = find(view, dataset, after: &earlier)
            report.releases.append(finding)
            if let problem = finding.problem { report.problems.append(problem) }
        }
    }

    private func find(
        _ view: ReleaseView, _ dataset: DatasetID, after earlier: inout ReleaseContents?
    ) -> ReleaseFinding {
        func finding(_ isRight: Bool?, _ why: String? = nil) -> ReleaseFinding {
            ReleaseFinding(dataset: dataset, view: view, isRight: isRight, why: why)
        }
        let release = view.release
        if let why = impossible(release, dataset) { return finding(false, why) }
        let before = earlier
        earlier = nil
        if before != nil, let check = try? check(release, of: dataset, after: before),
            check.isRight
        {
            earlier = check.contents
            return finding(true)
        }
        // Nobody is accused by a replay that went on from another one.
        do {
            let check = try check(release, of: dataset)
            earlier = check.contents
            try requireRight(check, release)
            return finding(true)
        } catch let error as NodeError where error.code == .releaseNotHere {
            return finding(nil, error.message)
        } catch {
            return finding(false, (error as? NodeError)?.message ?? PlainError.line(error))
        }
    }

    /// Why nobody can ever hold what a release names; nil if somebody may.
    private func impossible(_ release: Release, _ dataset: DatasetID) -> String? {
        for head in release.heads {
            let act = release.operation.slot.entry
            if head.origin == dataset.owner, head.size > act {
                return
                    "it names \(head.size) entries of the steward's log, and is entry \(act) of it"
            }
            guard head.origin == home.origin, let own = try? home.log(head.origin, dataset).size,
                head.size > own
            else { continue }
            return
                "it names \(head.size) entries of this organisation's own log, which has signed \(own)"
        }
        return nil
    }

    /// What members have countersigned that no release is, in words.
    private func strayCountersignatures(_ dataset: DatasetID) throws -> [String] {
        try read(dataset) { merge in
            let governance = merge.state.governance
            let names = governance.releases.map(\.name)
            return governance.strayCountersignatures.sorted { $0.key < $1.key }.flatMap {
                log, strays -> [String] in
                guard let member = merge.state.logs[log]?.origin else { return [] }
                let named = strays.sorted { ByteKey($0) < ByteKey($1) }.prefix(Self.straysNamedMax)
                let lines = named.map { name in
                    names.contains { $0.hasSameBytes(as: name) }
                        ? "\(member) has countersigned another digest of release \(name) than the steward "
                            + "has signed: it does not count"
                        : "\(member) has countersigned a release \(name) that the steward has not named: "
                            + "it does not count"
                }
                let more = strays.count - named.count
                return lines
                    + (more > 0
                        ? ["\(member) has countersigned \(more) more that no release is"] : [])
            }
        }
    }

    /// A member may write thousands of them; nobody reads so many lines.
    private static let straysNamedMax = 10
}
