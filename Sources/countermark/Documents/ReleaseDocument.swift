import AnnotationModel
import CountermarkNode
import Provenance
import Signing

/// A release, for `release` and what names one.
struct ReleaseDocument: Encodable {
    /// How much of a log it is made of.
    struct Head: Encodable {
        let origin: String
        let size: UInt64
        let root: String
    }

    /// Which labels it holds.
    struct Terms: Encodable {
        let companies: [String]
        let stage: String?
        let acceptedOnly: Bool
        let settledOnly: Bool
        let onlyKept: Bool
        let retracted: Bool

        init(_ terms: ReleaseTerms) {
            companies = terms.companies.map(\.description)
            stage = terms.stage.map { "\($0.stage.rawValue)=\($0.state ?? "none")" }
            (acceptedOnly, settledOnly) = (terms.isAcceptedOnly, terms.isSettledOnly)
            (onlyKept, retracted) = (terms.isWithoutExcluded, terms.holdsRetracted)
        }
    }

    let name: String
    let dataset: String
    let digest: String
    let heads: [Head]
    let terms: Terms
    let time: Int64
    let quorum: Int
    let countersigned: [String]
    /// Not withdrawn, and countersigned by as many as it asks for.
    let holds: Bool
    let withdrawn: String?
    /// What it was recomputed to; null where it was not.
    var root: String?
    var labels: Int?
    var items: Int?
    var policy: String?
    var schema: String?
    var ok: Bool?
    var changed: Bool?

    init(_ view: ReleaseView, _ dataset: DatasetID) {
        let release = view.release
        name = release.name
        self.dataset = dataset.description
        digest = Digest(release.digest)?.hex ?? ""
        heads = release.heads.map {
            Head(
                origin: $0.origin.description, size: $0.size,
                root: Digest($0.root)?.base64 ?? "")
        }
        terms = Terms(release.terms)
        (time, quorum) = (release.time, release.terms.quorum)
        countersigned = view.countersigned.map(\.description)
        (holds, withdrawn) = (view.holds, release.withdrawal)
    }

    /// The same with what it was recomputed to.
    func with(_ check: ReleaseCheck) throws -> ReleaseDocument {
        var document = self
        document.root = Digest(check.commitment.root)?.hex
        (document.labels, document.items) = (check.commitment.labels, check.commitment.items)
        document.policy = try check.contents.policy.rawValue
        document.schema = SHA256Hasher.hash(Array(try check.contents.schema.utf8)).hex
        document.ok = check.isRight
        return document
    }

    /// The release in one line.
    var line: String {
        let signed = countersigned.isEmpty ? "nobody" : countersigned.joined(separator: ", ")
        return "\(name)  \(ReadableTime.text(time))  countersigned by \(signed)"
            + (quorum > 0 ? " (\(countersigned.count) of \(quorum))" : "")
            + (withdrawn.map { "  WITHDRAWN: \($0)" } ?? "")
    }

    /// What it was recomputed to.
    var details: [String] {
        [
            "  digest \(digest)",
            "  root \(root ?? "")",
            "  \(labels ?? 0) labels of \(items ?? 0) items, policy \(policy ?? "")",
        ] + heads.map { "  \($0.origin)  \($0.size) entries" }
    }

    /// Whether it is what its logs hold.
    var verdict: String {
        ok == true
            ? "\(name): the logs give what the steward signed"
                + (holds ? "" : withdrawn == nil ? "; not countersigned by enough" : "; withdrawn")
            : "\(name): WRONG: the logs give something else than the steward signed"
    }
}

/// What changed between two releases, for `release diff`.
struct ReleaseDiffDocument: Encodable {
    /// A label or an item that differs.
    struct Change: Encodable {
        let kind: String
        let id: String
        let isItem: Bool
    }

    /// How many differ.
    struct Count: Encodable {
        let labels: Int
        let items: Int
    }

    let from: String
    let to: String
    let added: Count
    let removed: Count
    let changed: Count
    let changes: [Change]
    /// False where only the first changes are named.
    let complete: Bool

    init(_ difference: ReleaseDifference, from: String, to: String) {
        func count(_ kind: ReleaseDifference.Change.Kind) -> Count {
            let found = difference.counts[kind] ?? (0, 0)
            return Count(labels: found.labels, items: found.items)
        }
        (self.from, self.to) = (from, to)
        (added, removed, changed) = (count(.added), count(.removed), count(.changed))
        changes = difference.changes.map {
            Change(kind: $0.kind.rawValue, id: $0.name, isItem: $0.isItem)
        }
        let all = [added, removed, changed].map { $0.labels + $0.items }.reduce(0, +)
        complete = changes.count == all
    }

    var lines: [String] {
        changes.map { "\($0.kind)  \($0.isItem ? "item " : "")\($0.id)" } + [
            "from \(from) to \(to): \(added.labels) labels added, \(removed.labels) removed, "
                + "\(changed.labels) changed; \(added.items) items added, \(removed.items) removed, "
                + "\(changed.items) changed" + (complete ? "" : "; only the first are named")
        ]
    }
}
