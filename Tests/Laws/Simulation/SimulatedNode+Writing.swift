import AnnotationModel
import Provenance
import Replication
import Signing
import TransparencyLog

extension SimulatedNode {
    /// What a node has to say before its next entry, and the log keys that this names.
    struct Before {
        var acts: [GovernanceAct] = []
        var named: [Origin: [UInt8]] = [:]
    }

    /// The signer's certificate, if it is new in the log; of the steward also its members' log keys, and the ends of
    /// their certificates.
    func actsBeforeWriting(at time: Int64) -> Before {
        var before = Before()
        let signer = company.signers[disk.signer]
        let number = state.number(origin) ?? 0
        if ownSize == 0 || state.keys(of: number)[signer.fingerprint] == nil {
            before.acts.append(
                .addKey(chain: signer.chain, logKey: ownSize == 0 ? company.logKeyBytes : nil))
        }
        guard dataset.owner == origin else { return before }
        for log in others {
            if let key = keyToName(of: log), let act = naming(log, key) {
                before.acts.append(act)
                before.named[log.origin] = key
            }
            before.acts += retirements(in: log, at: time)
        }
        return before
    }

    private var others: [LogProgress] {
        state.logs.values.filter { $0.origin != origin }.sorted { $0.origin < $1.origin }
    }

    /// True if the steward has a log key to name: before that nobody may cite the log.
    var hasKeysToName: Bool {
        dataset.owner == origin && others.contains { keyToName(of: $0) != nil }
    }

    private func keyToName(of log: LogProgress) -> [UInt8]? {
        guard let member = state.membership.members[log.origin], member.cutIndex == nil,
            member.logKeys.isEmpty, member.spans.last?.role != nil
        else { return nil }
        return state.logKeys[log.number]
    }

    private func naming(_ log: LogProgress, _ key: [UInt8]) -> GovernanceAct? {
        guard let span = state.membership.members[log.origin]?.spans.last, let role = span.role
        else { return nil }
        return .setMember(
            log.origin, role: role, roots: [], logKey: key, fromIndex: span.fromIndex)
    }

    /// A clock that runs ahead must not end anybody's key: somebody else has to have signed a later time too.
    private func retirements(in log: LogProgress, at time: Int64) -> [GovernanceAct] {
        state.keys(of: log.number).sorted { $0.key < $1.key }.compactMap { fingerprint, key in
            guard key.retiredAt == nil,
                ClockRule.mayEnd(
                    keyUntil: key.notAfter, at: time, signed: state.logs.values.map(\.latestTime))
            else { return nil }
            return .retireKey(fingerprint: fingerprint.bytes, index: log.applied)
        }
    }

    /// The heads of other logs that moved since the own log cited them.
    func headsToCite(naming: [Origin: [UInt8]] = [:]) throws -> [Head] {
        let cited = state.progress(origin)?.cited ?? [:]
        func merged(_ log: LogProgress) -> UInt64 { min(log.applied, log.forkedAt ?? .max) }
        var named: UInt64 = .max
        if dataset.owner != origin {
            let steward = state.progress(dataset.owner)
            named = steward.map { max(cited[$0.number] ?? 0, merged($0)) } ?? 0
        }
        return try others.compactMap { log in
            let merged = merged(log)
            guard merged > cited[log.number] ?? 0, let held = disk.logs[log.origin],
                let key = state.logKey(of: log.origin, named: named) ?? naming[log.origin]
            else { return nil }
            return try Head(
                log.origin, of: dataset, merged: merged, note: held.note, key: key)
        }
    }

    /// Signs a checkpoint of the own log.
    static func checkpoint(
        of log: HeldLog, _ company: Company, _ dataset: DatasetID
    ) throws -> [UInt8] {
        let name = "\(company.origin)/\(dataset)"
        let checkpoint = Checkpoint(
            origin: name, size: log.size, root: log.root(at: log.size) ?? .zero)
        return try SignedNote.sign(checkpoint.text, name: name, key: company.logKey)
    }

    /// Signs a changeset.
    static func sign(
        _ payload: [UInt8], issuer: Origin, dataset: DatasetID, by signer: Signer, at time: Int64
    ) throws -> [UInt8] {
        try COSESign1.sign(
            payload: payload,
            header: COSEHeader(
                contentType: Changeset.contentType, issuer: issuer.description,
                subject: dataset.description, issuedAt: time,
                certificateThumbprint: signer.fingerprint),
            key: signer.key)
    }

    /// Appends an own entry durably, under a new checkpoint.
    func append(_ entry: [UInt8]) throws {
        var log = disk.logs[origin] ?? HeldLog()
        log.append(entry)
        log.note = try Self.checkpoint(of: log, company, dataset)
        if try changesReaders(entry) { log.bounds[log.size] = log.note }
        disk.logs[origin] = log
        try catchUp()
    }
}
