import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import Foundation
import LogStorage
import PlainErrors
import Provenance
import Signing
import TransparencyLog

extension Node {
    /// Creates a dataset; this organisation becomes its steward.
    public func create(_ dataset: DatasetID, title: String, schema: String) throws {
        guard dataset.owner == home.origin else {
            throw NodeError(
                .notOwner, "\(dataset) would belong to \(dataset.owner)",
                hint: "leave the origin out, or use \(home.origin)/\(dataset.name)")
        }
        try writeIfDue(dataset) {
            if try home.members(of: dataset).contains(home.origin) {
                throw NodeError(
                    .datasetExists, "\(dataset) exists already",
                    hint: "see countermark dataset show \(dataset)")
            }
            return .defineDataset(title: title, schema: schema)
        }
    }

    /// Writes an act, unless it is not due: it may be so already.
    ///
    /// - Parameter decide: Returns the act; nil for none. It is asked again when the log is locked and everything
    ///   merged: another process may have said the same meanwhile.
    func writeIfDue(_ dataset: DatasetID, _ decide: () throws -> GovernanceAct?) throws {
        struct NotDue: Error {}
        guard try decide() != nil else { return }
        do {
            try write(dataset) { append in
                guard let act = try decide() else { throw NotDue() }
                _ = try append(.governance(act))
            }
        } catch is NotDue {
            // Nothing was staged.
        }
    }

    /// The steward's act that gives an organisation a role.
    ///
    /// - Parameter logKey: The key of the member's checkpoints; where it is nil, the one that its log introduced, or
    ///   that was pinned by hand, or none yet.
    public func setMember(
        _ dataset: DatasetID, _ member: Origin, role: Role, roots: [Certificate],
        logKey: [UInt8]? = nil
    ) throws {
        try requireSteward(dataset)
        try requireNotSteward(member, dataset)
        let roots = try roots.isEmpty ? home.roots(of: member) : roots
        guard !roots.isEmpty else {
            throw NodeError(
                .noRoot, "no root certificate of \(member) is known",
                hint: "run countermark partner add \(member) --root FILE, or give --root")
        }
        let pinned = try home.partners().first { $0.org == member.description }?.vkey.map {
            try NoteVerifier(vkey: $0).publicKey
        }
        try writeIfDue(dataset) {
            let state = try mergedState(dataset)
            let log = state.progress(member)
            let key = logKey ?? log.flatMap { state.logKeys[$0.number] } ?? pinned
            if let known = state.membership.members[member], known.cutIndex == nil,
                known.spans.last?.role == role, key == nil || known.logKeys.last?.key == key,
                roots.allSatisfy({ known.roots.contains($0.der) })
            {
                return nil
            }
            return .setMember(
                member, role: role, roots: roots.map(\.der), logKey: key,
                fromIndex: log?.stored ?? 0)
        }
    }

    private func requireNotSteward(_ member: Origin, _ dataset: DatasetID) throws {
        guard member == home.origin else { return }
        throw NodeError(
            .ownOrigin,
            "\(member) is the steward of \(dataset), and has no other role in it: it is neither cut nor succeeded",
            hint: "name another member; nothing was written")
    }

    /// The steward's act that ends a member at an index; without one, at what is merged of its log here: what waits for
    /// something that does not come is left out.
    public func cutMember(_ dataset: DatasetID, _ member: Origin, at index: UInt64?) throws {
        try requireSteward(dataset)
        try requireNotSteward(member, dataset)
        try catchUp(dataset)
        try writeIfDue(dataset) {
            let (known, merged) = try read(dataset) {
                ($0.state.membership.members[member], $0.state.progress(member)?.applied ?? 0)
            }
            guard let known else {
                throw NodeError.notFound(
                    "member", member.description, hint: "see countermark dataset show \(dataset)")
            }
            // A cut only ever moves down.
            if let cut = known.cutIndex, cut <= index ?? merged { return nil }
            return .cutLog(member, index: index ?? merged)
        }
    }

    /// The steward's act that says which value of a contested field is shown.
    public func setPolicy(_ dataset: DatasetID, _ policy: ResolutionPolicy) throws {
        try requireSteward(dataset)
        try catchUp(dataset)
        try writeIfDue(dataset) {
            try read(dataset, { $0.state.membership.policy }) == policy
                ? nil : .setPolicy(policy.rawValue)
        }
    }

    /// The steward's act by which one member's log goes on for another's.
    public func succeed(_ dataset: DatasetID, _ old: Origin, by new: Origin) throws {
        try requireSteward(dataset)
        for origin in [old, new] { try requireNotSteward(origin, dataset) }
        try catchUp(dataset)
        try writeIfDue(dataset) {
            let membership = try mergedState(dataset).membership
            for origin in [old, new] where membership.members[origin] == nil {
                throw NodeError.notFound(
                    "member", origin.description,
                    hint: "run countermark member set \(dataset) \(origin) first")
            }
            if membership.isOwner(old, of: new) {
                throw NodeError(
                    .badSuccession, "\(old) already goes on for \(new)",
                    hint: "a succession cannot lead back; make a new log")
            }
            return membership.successors[old] == new ? nil : .succeedLog(old, successor: new)
        }
    }

    /// Says who may read this organisation's log besides the steward; nobody named means all members.
    public func setAudience(_ dataset: DatasetID, _ origins: [Origin]) throws {
        try require(dataset)
        try catchUp(dataset)
        if dataset.owner == home.origin {
            throw NodeError(
                .stewardIsReadByAll,
                "\(home.origin) governs \(dataset): every member has to read its log",
                hint: "label in a dataset of another steward what not all may see")
        }
        let membership = try mergedState(dataset).membership
        for origin in origins where !membership.isMember(origin) {
            throw NodeError.notFound(
                "member", origin.description, hint: "see countermark dataset show \(dataset)")
        }
        try writeIfDue(dataset) {
            let known = try read(dataset) { merge in
                merge.state.number(home.origin).flatMap { merge.state.audiences[$0] }
            }
            return Set(known ?? []) == Set(origins) ? nil : .setAudience(origins)
        }
        // Also where it was so already: a crash may have come between the two.
        try keepBound("\(home.origin)/\(dataset)")
    }

    /// Throws unless this organisation governs the dataset.
    public func requireSteward(_ dataset: DatasetID) throws {
        try require(dataset)
        if dataset.owner == home.origin { return }
        throw NodeError(
            .notSteward, "\(dataset.owner) governs \(dataset), not \(home.origin)",
            hint: "ask the steward")
    }

    /// Throws unless some log of the dataset is here.
    public func require(_ dataset: DatasetID) throws {
        if try !home.holds(dataset) {
            throw NodeError.notFound(
                "dataset", dataset.description, hint: "see countermark dataset list")
        }
    }

    /// The dataset's logs by local number.
    public func logNames(_ dataset: DatasetID) throws -> [Int: Origin] {
        try merged(dataset).logNames()
    }

    /// The local key of an annotation of a dataset.
    public func key(_ id: OperationID, _ dataset: DatasetID) throws -> OperationKey {
        guard let number = try read(dataset, { $0.state.number(id.origin) }) else {
            throw NodeError.notFound(
                "annotation", id.description, hint: "see countermark list \(dataset)")
        }
        return OperationKey(log: number, slot: id.slot)
    }

    /// The suggestion that an operation of a dataset made; nil if it made none.
    public func suggestion(_ id: OperationID, _ dataset: DatasetID) throws -> SuggestionRow? {
        try read(dataset) { merge in
            try merge.state.number(id.origin).flatMap { number in
                try merge.rows.suggestion(OperationKey(log: number, slot: id.slot))
            }
        }
    }

    /// Throws unless this organisation may decide a suggestion.
    public func requireDecider(of suggestion: SuggestionRow, _ dataset: DatasetID) throws {
        let mayDecide = try read(dataset) { merge in
            let state = merge.state
            let next = state.progress(home.origin)?.stored ?? 0
            guard let owner = state.logs[suggestion.target.log]?.origin else { return false }
            return state.membership.isOwner(home.origin, of: owner)
                || (state.membership.role(of: home.origin, at: next) ?? .reader) >= .reviewer
        }
        if mayDecide { return }
        throw NodeError(
            .notYoursToDecide,
            "\(home.origin) is neither the annotation's company nor a reviewer",
            hint: "they decide on suggestions; nothing was written")
    }

    /// Calls `body` with each changeset of a dataset's logs, newest first within each log.
    public func forEachChangeset(
        _ dataset: DatasetID, of member: Origin? = nil,
        _ body: (Origin, UInt64, COSESign1, ChangesetView) throws -> Void
    ) throws {
        for origin in try home.members(of: dataset) where member == nil || member == origin {
            let reader = try home.log(origin, dataset)
            for index in stride(from: Int64(reader.size) - 1, through: 0, by: -1) {
                let entry = try reader.entry(at: UInt64(index))
                try entry.withUnsafeBytes { bytes in
                    let statement = try COSESign1.parse(bytes)
                    try body(
                        origin, UInt64(index), statement,
                        try ChangesetView(statement.payload(in: bytes)))
                }
            }
        }
    }
}
