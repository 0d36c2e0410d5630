import AnnotationModel
import AnnotationStore
import CompanyHome
import Foundation
import LogStorage
import PlainErrors
import Provenance
import Signing

/// A release with what is known of it here.
public struct ReleaseView: Sendable {
    /// The release.
    public let release: Release
    /// The members that have countersigned it, ascending.
    public let countersigned: [Origin]

    /// True if as many members have countersigned as it asks for, and it was not withdrawn.
    public var holds: Bool {
        release.withdrawal == nil && release.isMet(by: countersigned)
    }
}

/// What a release was recomputed to.
public struct ReleaseCheck {
    /// What was recomputed.
    public let commitment: Release.Commitment
    /// The labels.
    public let contents: ReleaseContents
    /// Whether it is what the steward signed.
    public let isRight: Bool
}

extension Node {
    /// The releases of a dataset in the order in which the steward made them.
    public func releases(_ dataset: DatasetID) throws -> [ReleaseView] {
        try require(dataset)
        try catchUp(dataset)
        return try read(dataset) { merge in
            let governance = merge.state.governance
            return governance.releases.map { release in
                ReleaseView(
                    release: release,
                    countersigned: governance.countersigners(of: release)
                        .compactMap { merge.state.logs[$0]?.origin }.sorted())
            }
        }
    }

    /// The release with a name.
    ///
    /// - Throws: ``NodeError`` if there is none.
    public func release(_ name: String, of dataset: DatasetID) throws -> ReleaseView {
        guard
            let found = try releases(dataset).first(where: {
                $0.release.name.hasSameBytes(as: name)
            })
        else {
            throw NodeError.notFound(
                "release", name, hint: "see countermark release list \(dataset)")
        }
        return found
    }

    /// Names the label set as it is now, in the steward's log.
    ///
    /// - Returns: False if a release of this name holds the same already, and nothing was written.
    @discardableResult
    public func createRelease(
        _ name: String, of dataset: DatasetID, terms: ReleaseTerms
    ) throws -> Bool {
        try requireSteward(dataset)
        try Self.requireName(name)
        try catchUp(dataset)
        try requireNameable(terms, dataset)
        let heads = try headsNow(dataset)
        let contents = try ReleaseContents(self, dataset, heads: heads, terms: terms)
        let commitment = try contents.commitment(name: name, heads: heads)
        if let known = try releases(dataset).first(where: { $0.release.name.hasSameBytes(as: name) }
        ) {
            // The act itself has made the steward's log longer; what it names has to be the same.
            let old = try check(known.release, of: dataset)
            if old.commitment.root == commitment.root, known.release.terms == terms,
                known.release.withdrawal == nil
            {
                return false
            }
            throw NodeError(
                .releaseExists,
                "a release \(name) of \(dataset) exists, and it holds something else",
                hint: "choose another name: what was countersigned stays what it is")
        }
        try write(
            dataset, message: "release \(name)",
            [
                .governance(
                    .release(
                        name: name, digest: commitment.digest, heads: heads, terms: terms))
            ])
        return true
    }

    /// Throws for terms that give an empty release, or one that can never hold: its name is taken for ever.
    private func requireNameable(_ terms: ReleaseTerms, _ dataset: DatasetID) throws {
        for org in terms.companies {
            guard let why = try unknownMember(org, of: dataset) else { continue }
            throw NodeError(.unknownName, why, hint: "correct the name; nothing was written")
        }
        if terms.quorum > 0 {
            _ = try requireReachable(
                MemberQuorum(threshold: terms.quorum, members: []), "members", dataset,
                limit: Changeset.headsMax)
        }
    }

    /// The steward's act that says which members have to countersign each release that is named from now on.
    public func setReleasePolicy(_ dataset: DatasetID, _ asked: MemberQuorum) throws {
        try requireSteward(dataset)
        try catchUp(dataset)
        if asked.members.contains(home.origin) {
            throw NodeError(
                .ownRelease,
                "\(home.origin) names the releases of \(dataset): its own word is no "
                    + "countersignature", hint: "name other members")
        }
        let known = try requireReachable(asked, "members", dataset, limit: Changeset.headsMax)
        if known.releasePolicy.map({ asked.isSame(as: $0) }) == true { return }
        try write(
            dataset,
            [.governance(.setReleasePolicy(threshold: asked.threshold, members: asked.members))])
    }

    /// The steward's word that a release is not to be used any more.
    ///
    /// - Returns: False if it was withdrawn before.
    @discardableResult
    public func withdrawRelease(
        _ name: String, of dataset: DatasetID, reason: String
    ) throws -> Bool {
        try requireSteward(dataset)
        guard (1...ReleaseTerms.reasonBytesMax).contains(reason.utf8.count) else {
            throw NodeError(
                .badReason,
                "a reason has 1 to \(ReleaseTerms.reasonBytesMax) bytes", hint: "give --reason")
        }
        let release = try release(name, of: dataset).release
        if release.withdrawal != nil { return false }
        var terms = ReleaseTerms()
        terms.withdrawal = reason
        try write(
            dataset, message: "withdraw release \(name)",
            [
                .governance(
                    .release(
                        name: release.name, digest: release.digest, heads: [], terms: terms))
            ])
        return true
    }

    /// Recomputes a release from the logs, and says in this organisation's log that it is right.
    ///
    /// - Returns: False if that was said before.
    /// - Throws: ``NodeError`` if it is not.
    @discardableResult
    public func countersignRelease(_ name: String, of dataset: DatasetID) throws -> Bool {
        let view = try release(name, of: dataset)
        if dataset.owner == home.origin {
            throw NodeError(
                .ownRelease,
                "\(name) is this organisation's own word already: it has named the release",
                hint: "ask the other members to countersign it")
        }
        if let reason = view.release.withdrawal {
            throw NodeError(
                .releaseWithdrawn,
                "the steward has withdrawn \(name): \(reason)", hint: "countersign another one")
        }
        if view.countersigned.contains(home.origin) { return false }
        try requireRight(try check(view.release, of: dataset), view.release)
        try write(
            dataset, message: "countersign release \(name)",
            [.governance(.countersign(name: view.release.name, digest: view.release.digest))])
        return true
    }

    /// Recomputes a release from the logs.
    ///
    /// - Parameter earlier: The contents of another release, which are gone on from where that is possible, and are
    ///   then of use for nothing else.
    /// - Throws: ``NodeError`` if the logs that it names are not here.
    public func check(
        _ release: Release, of dataset: DatasetID, after earlier: ReleaseContents? = nil
    ) throws -> ReleaseCheck {
        let contents = try ReleaseContents(
            self, dataset, heads: release.heads, terms: release.terms, after: earlier)
        let commitment = try contents.commitment(name: release.name, heads: release.heads)
        return ReleaseCheck(
            commitment: commitment, contents: contents,
            isRight: commitment.digest == release.digest)
    }

    /// Throws unless a release is what its steward signed.
    public func requireRight(_ check: ReleaseCheck, _ release: Release) throws {
        if check.isRight { return }
        throw NodeError(
            .releaseIsWrong,
            "\(release.name) of \(check.commitment.dataset) is not what its logs hold: the steward signed "
                + "the digest \(Self.hex(release.digest)), and its \(check.commitment.labels) labels of "
                + "\(check.commitment.items) items give \(Self.hex(check.commitment.digest))",
            hint: "do not use it, and tell the steward; if others countersign it, compare versions")
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        Digest(bytes)?.hex ?? ""
    }

    /// How much of each log the label set is made of now.
    private func headsNow(_ dataset: DatasetID) throws -> [TreeHead] {
        let logs = try read(dataset) { $0.state.logs.values.filter { $0.applied > 0 } }
            .sorted { $0.origin < $1.origin }
        guard logs.count <= Changeset.headsMax else {
            throw NodeError(
                .tooManyLogs,
                "\(logs.count) logs hold labels of \(dataset), a release names \(Changeset.headsMax) "
                    + "at most", hint: "split the dataset")
        }
        return try logs.map { log in
            let reader = try home.log(log.origin, dataset).upTo(log.applied)
            return TreeHead(
                origin: log.origin, size: log.applied, root: reader.statedRoot.bytes)
        }
    }

    private static func requireName(_ name: String) throws {
        let isPlain =
            (1...GovernanceAct.releaseNameBytesMax).contains(name.utf8.count)
            && name == name.trimmingCharacters(in: .whitespacesAndNewlines)
            && InertText.line(name) == name
        guard isPlain else {
            throw NodeError(
                .badName,
                "a release's name has 1 to \(GovernanceAct.releaseNameBytesMax) bytes, none of them "
                    + "invisible, and no space at its ends", hint: "for instance 2026-11 or v1.0")
        }
    }
}
