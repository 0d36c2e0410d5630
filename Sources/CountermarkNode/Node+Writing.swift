import AnnotationModel
import AnnotationStore
import CompanyHome
import LogStorage
import PlainErrors
import Provenance
import Replication
import Signing
import TransparencyLog

/// What a node has to say before its next entry.
struct ActsBeforeWriting {
    /// The acts.
    var acts: [Operation] = []
    /// The log keys that the acts name, by organisation.
    var named: [Origin: [UInt8]] = [:]
}

extension Node {
    /// What the log has to say about keys before the next entry.
    ///
    /// That is the signer's certificate, if it is new there, and the keys of this node that it still knows as good and
    /// that are out of use. The steward also says
    /// which log keys its members have, and which of their keys have come to their end.
    func actsBeforeWriting(_ dataset: DatasetID, index: UInt64) throws -> ActsBeforeWriting {
        let signer = try signing()
        try requireLogKey(dataset, signer.logKey.verificationKey.ed25519Bytes ?? [])
        let state = try mergedState(dataset)
        let own = state.number(home.origin) ?? 0
        let known = index == 0 ? [:] : state.keys(of: own)
        var before = ActsBeforeWriting()
        if known[signer.identity.certificate.fingerprint] == nil {
            let logKey = index == 0 ? signer.logKey.verificationKey.ed25519Bytes : nil
            before.acts.append(
                .governance(.addKey(chain: signer.identity.chain.map(\.der), logKey: logKey)))
        }
        let present = try home.certificate().fingerprint
        for old in try home.retiredKeys()
        where old != present && known[old] != nil && known[old]?.retiredAt == nil {
            before.acts.append(
                .governance(.retireKey(fingerprint: old.bytes, index: index)))
        }
        let witness = try witness().verifier.publicKey
        let cosigning = state.witnessKeys[own] ?? []
        if !cosigning.contains(witness), cosigning.count < MemberLimits.witnessKeysMax {
            before.acts.append(.governance(.addWitness(key: witness)))
        }
        if dataset.owner == home.origin { addStewardsDuties(state, &before) }
        return before
    }

    /// How many acts about its members the steward puts before a write; the rest comes with the next ones.
    ///
    /// So no number of keys that members introduce fills the changeset.
    private static let dutiesPerWrite = 256

    /// Names the log keys of members whose logs have come, and retires what has expired.
    private func addStewardsDuties(_ state: MergeState, _ before: inout ActsBeforeWriting) {
        let latest = state.logs.values.filter { $0.origin != home.origin }.map(\.latestTime)
        for log in state.logs.values.sorted(by: { $0.origin < $1.origin })
        where log.origin != home.origin {
            if before.acts.count >= Self.dutiesPerWrite { return }
            if let act = naming(log, state), case .setMember(_, _, _, let key?, _) = act {
                before.acts.append(.governance(act))
                before.named[log.origin] = key
            }
            // Neither this clock nor what somebody claims ends anybody's key alone.
            for (fingerprint, key) in state.keys(of: log.number).sorted(by: { $0.key < $1.key })
            where key.retiredAt == nil
                && ClockRule.mayEnd(keyUntil: key.notAfter, at: now(), signed: latest)
                && before.acts.count < Self.dutiesPerWrite
            {
                before.acts.append(
                    .governance(
                        .retireKey(fingerprint: fingerprint.bytes, index: log.applied)))
            }
        }
    }

    /// A member's last setMember again, with the log key that its log introduced; nil where there is nothing to say.
    private func naming(_ log: LogProgress, _ state: MergeState) -> GovernanceAct? {
        guard let member = state.membership.members[log.origin], member.cutIndex == nil,
            let span = member.spans.last, let role = span.role,
            let key = state.logKeys[log.number], member.logKeys.last?.key != key,
            member.logKeys.isEmpty
        else { return nil }
        return .setMember(
            log.origin, role: role, roots: [], logKey: key, fromIndex: span.fromIndex)
    }

    /// Members whose first entries have come and whose log keys the steward has not named yet.
    func membersWithoutKey(_ state: MergeState) -> [Origin] {
        state.logs.values.filter { $0.origin != home.origin && naming($0, state) != nil }
            .map(\.origin).sorted()
    }

    /// Names the log keys of members whose logs have come, or keeps the reason why that cannot be done.
    ///
    /// What came is stored all the same; the next write of this node names the keys.
    func nameWhatCame() {
        while let dataset = toName.popFirst() {
            do {
                try nameLogKeys(dataset)
                namingProblems[dataset] = nil
            } catch {
                namingProblems[dataset] = PlainError.line(error)
            }
        }
    }

    /// As the steward, says which log keys members have whose first entries have come: before that nobody may cite
    /// them.
    private func nameLogKeys(_ dataset: DatasetID) throws {
        try catchUp(dataset)
        var due = membersWithoutKey(try mergedState(dataset)).count
        // It cites nothing: nobody has looked at what came, and an import may not have known it.
        while due > 0 {
            try write(dataset, message: "log keys", citing: { [:] }) { _ in }
            let left = membersWithoutKey(try mergedState(dataset)).count
            guard left < due else { return }
            due = left
        }
    }

    /// The heads of other logs that moved since our last changeset cited them, the steward's first.
    ///
    /// Of each log the checkpoint that is held goes along, signed by the log's own key; a log whose key the
    /// steward has not named yet cannot be cited.
    func headsToCite(
        _ dataset: DatasetID, _ known: [Origin: UInt64]?, naming: [Origin: [UInt8]],
        ends: [Origin: UInt64]? = nil
    ) throws -> [Head] {
        let state = try mergedState(dataset)
        let cited = state.progress(home.origin)?.cited ?? [:]
        func merged(_ log: LogProgress) -> UInt64 {
            // Of a forked log only what all its versions share.
            min(
                log.applied, log.forkedAt ?? .max, known.map { $0[log.origin] ?? 0 } ?? .max,
                ends.map { $0[log.origin] ?? 0 } ?? .max)
        }
        var named: UInt64 = .max
        if dataset.owner != home.origin {
            let steward = state.progress(dataset.owner)
            named = steward.map { max(cited[$0.number] ?? 0, merged($0)) } ?? 0
        }
        var heads: [Head] = []
        for log in state.logs.values where log.origin != home.origin {
            let merged = merged(log)
            guard merged > cited[log.number] ?? 0,
                let key = state.logKey(of: log.origin, named: named) ?? naming[log.origin],
                let head = try head(of: log.origin, dataset, merged: merged, key: key)
            else { continue }
            heads.append(head)
        }
        // The steward's head says who the others are.
        return heads.sorted {
            ($0.origin == dataset.owner ? 0 : 1, $0.origin) < (
                $1.origin == dataset.owner ? 0 : 1, $1.origin
            )
        }
    }

    /// A head of a held log under the checkpoint that is held; nil where its key did not sign that in the plain form.
    private func head(
        of origin: Origin, _ dataset: DatasetID, merged: UInt64, key: [UInt8]
    ) throws -> Head? {
        let reader = try home.log(origin, dataset)
        guard reader.size >= merged else { return nil }
        return try Head(origin, of: dataset, merged: merged, note: reader.checkpoint, key: key)
    }
}

/// Refuses, before it is signed, what all nodes would list as too many (``MemberLimits``).
struct OwnLimits {
    private let dataset: DatasetID
    private var counts: [Int: Int] = [:]
    private var names: Set<ByteKey>?
    private let load: () throws -> Set<ByteKey>

    init(_ node: Node, _ dataset: DatasetID, _ before: [Operation]) throws {
        self.dataset = dataset
        let state = try node.mergedState(dataset)
        let number = state.number(node.home.origin)
        for act in number.map({ state.acts(of: $0) }) ?? [] { counts[act.code, default: 0] += 1 }
        load = {
            guard let number else { return [] }
            return try node.store.attributeNames(of: number)
        }
        for operation in before { try admit(operation) }
    }

    /// Counts an operation.
    ///
    /// - Throws: ``NodeError`` if it is beyond a limit.
    mutating func admit(_ operation: Operation) throws {
        switch operation {
        case .governance(let act):
            guard let max = MemberLimits.actsMax(act) else { return }
            counts[act.code, default: 0] += 1
            if counts[act.code, default: 0] > max { throw beyond("acts of this kind", max) }
        case .addItem(_, let fields), .setItem(_, let fields),
            .addAnnotation(_, _, _, let fields):
            for case .attribute(let name) in fields.keys { try admit(attribute: name) }
        case .set(_, let writes):
            for case .field(.attribute(let name), _) in writes { try admit(attribute: name) }
        case .review, .comment, .commentItem: return
        }
    }

    /// Counts the name of an attribute.
    ///
    /// - Throws: ``NodeError`` if the log's names are too many with it.
    mutating func admit(attribute name: String) throws {
        if names == nil { names = try load() }
        guard names?.insert(ByteKey(name)).inserted == true else { return }
        let max = MemberLimits.attributeNamesMax
        if names?.count ?? 0 > max { throw beyond("distinct attribute names", max) }
    }

    private func beyond(_ what: String, _ max: Int) -> NodeError {
        NodeError(
            .tooMany,
            "this organisation's log of \(dataset) would hold more than \(max) \(what)",
            hint: "no node would count it; nothing was written")
    }
}
