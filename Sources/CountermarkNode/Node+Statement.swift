import AnnotationModel
import AnnotationStore
import CompanyHome
import Foundation
import LogStorage
import PlainErrors
import Provenance
import Signing
import TransparencyLog

extension Node {
    /// How often a statement is begun anew where others write meanwhile.
    private static let statementTriesMax = 3

    /// Gathers one label's provenance, with this organisation's word that it is all.
    ///
    /// - Parameters:
    ///   - text: The annotation's id.
    ///   - name: A release of which the proof shows that the label is in it, or is not.
    /// - Returns: The proof, and why it holds no word of ours; nil where it holds one.
    /// - Throws: ``NodeError`` if there is no such counted annotation.
    public func proveWithStatement(
        _ text: String, in chosen: DatasetID? = nil, release name: String? = nil
    ) throws -> (proof: LabelProof, without: String?) {
        let (dataset, label) = try find(text, in: chosen)
        let release = try name.map { try self.release($0, of: dataset).release }
        let acts = try release.map { try self.acts(of: $0, dataset) } ?? []
        func whole(_ proof: LabelProof) throws -> LabelProof {
            guard let release else { return proof }
            return proof.with(try prove(label.id, in: release, of: dataset))
        }
        do {
            let (proof, message) = try statement(
                about: label.id, label.key, dataset, to: nil, with: acts)
            return (try whole(try proof.adding(message)), nil)
        } catch let error as NodeError where error.code == .noStatement {
            return (try whole(try prove(label.id, label.key, dataset, with: acts)), error.message)
        }
    }

    /// This organisation's word about a label, for a partner: of the logs that are held here and that the partner
    /// may read, and of no others.
    ///
    /// - Throws: ``NodeError``: `not-found` where the partner may not read the label, or it is not here.
    func statement(about text: String, in name: String, caller: Origin) throws -> [UInt8] {
        let missing = NodeError.notFound("annotation", String(text.prefix(200)), hint: "")
        guard let dataset = try? DatasetID(name), let (id, named) = try? OperationID.parse(text),
            named ?? dataset == dataset, try home.members(of: dataset).contains(id.origin),
            try mayRead(dataset.owner, dataset, by: caller),
            try mayRead(id.origin, dataset, by: caller)
        else { throw missing }
        try catchUp(dataset)
        guard let number = try read(dataset, { $0.state.number(id.origin) }),
            let label = try store.label(
                OperationKey(log: number, slot: id.slot), origin: id.origin)
        else { throw missing }
        return try statement(about: id, label.key, dataset, to: caller).message
    }

    /// Gathers a label's proof and signs what it shows, at heads that have not moved meanwhile.
    private func statement(
        about id: OperationID, _ key: OperationKey, _ dataset: DatasetID, to caller: Origin?,
        with acts: [OperationID] = []
    ) throws -> (proof: LabelProof, message: [UInt8]) {
        guard try read(dataset, { $0.state.membership.isMember(home.origin) }) else {
            throw Self.noStatement("\(home.origin) is no member of \(dataset)")
        }
        for _ in 0..<Self.statementTriesMax {
            let heads = try appliedHeads(dataset, readableBy: caller)
            guard heads.count <= CompletenessStatement.headsMax else {
                throw Self.noStatement("\(heads.count) logs are more than a statement names")
            }
            let proof = try prove(id, key, dataset, with: acts)
            guard try appliedHeads(dataset, readableBy: caller) == heads else { continue }
            do {
                let contents = try proof.contents(
                    trusting: try home.roots(of: dataset.owner), at: now(),
                    of: Set(heads.map(\.origin)))
                return (proof, try sign(id, dataset, heads, contents))
            } catch let error as LabelProofError {
                // Whoever cannot check its own proof says nothing of it.
                throw Self.noStatement(PlainError.line(error))
            } catch SigningError.messageTooLarge {
                throw Self.noStatement("\(heads.count) logs are more than a statement names")
            } catch  where caller == nil {
                // What is wrong with keys and roots here concerns no partner.
                throw Self.noStatement("the statement cannot be signed: \(PlainError.line(error))")
            }
        }
        throw Self.noStatement("the logs grow faster than the label's entries are gathered")
    }

    private static func noStatement(_ why: String) -> NodeError {
        NodeError(.noStatement, why, hint: "ask again later")
    }

    private func roots(ofSteward dataset: DatasetID) throws(LabelProofError) -> [Certificate] {
        do {
            return try home.roots(of: dataset.owner)
        } catch {
            throw .refused("the steward's roots cannot be read: \(PlainError.line(error))")
        }
    }

    private func sign(
        _ id: OperationID, _ dataset: DatasetID, _ heads: [CompletenessStatement.Head],
        _ contents: CompletenessStatement.Contents
    ) throws -> [UInt8] {
        let identity = try home.identity()
        return try CompletenessStatement.sign(
            org: home.origin, dataset: dataset, annotation: id, heads: heads,
            contents: contents, time: now(), key: identity.key, chain: identity.chain)
    }

    /// How much of each log has been applied here, and its root.
    private func appliedHeads(
        _ dataset: DatasetID, readableBy caller: Origin?
    ) throws -> [CompletenessStatement.Head] {
        let sizes = try read(dataset) { merge in
            merge.state.logs.values.map { ($0.origin, $0.applied) }
        }
        var heads: [CompletenessStatement.Head] = []
        for (origin, size) in sizes where size > 0 {
            if let caller, !(try mayRead(origin, dataset, by: caller)) { continue }
            let reader = try home.log(origin, dataset)
            heads.append(.init(origin: origin, size: size, root: try reader.root(at: size)))
        }
        return heads.sorted { $0.origin < $1.origin }
    }

    // MARK: Asking

    /// Checks a partner's answer, and adds it to a proof.
    ///
    /// - Throws: ``NodeError`` where its word is about something else, or does not reach what the proof shows.
    func adding(_ answer: [UInt8], of org: Origin, to proof: LabelProof) throws -> LabelProof {
        do throws(LabelProofError) {
            let more = try proof.adding(answer)
            let report = try more.verify(
                trusting: try roots(ofSteward: proof.dataset), at: now())
            if report.completeBy.contains(where: { $0.org == org }) { return more }
        } catch {
            throw NodeError(
                .otherWord, "\(org) does not say the same: \(PlainError.line(error))",
                hint: "run countermark sync --with \(org), then prove again")
        }
        throw NodeError(
            .otherWord,
            "\(org) has applied less than this home, or may not read all of it",
            hint: "run countermark sync --with \(org), then prove again")
    }
}
