import AnnotationModel
import CanonicalCBOR
import Signing
import Testing
import TransparencyLog

@testable import Provenance

/// A few companies' logs of one dataset, written by hand: what the merge gets is what somebody could have signed.
final class Consortium {
    /// One entry.
    struct Entry {
        let payload: [UInt8]
        let time: Int64
        let signer: Digest
        var leaf: Digest { SHA256Hasher.hash([0] + payload) }
    }

    static let steward = "acme.example"
    let dataset: DatasetID
    private(set) var logs: [String: [Entry]] = [:]
    private var logKeys: [String: SigningKey] = [:]
    private var chains: [String: [Certificate]] = [:]
    let now: Int64 = 1_700_000_000

    init(_ members: [(name: String, role: Role)]) throws {
        dataset = try DatasetID("\(Self.steward)/boards")
        for name in [Self.steward] + members.map(\.name) { try introduce(name) }
        var acts: [GovernanceAct] = [
            .addKey(chain: [try certificate(Self.steward).der], logKey: key(Self.steward)),
            .defineDataset(title: "Boards", schema: "{}"),
        ]
        for (name, role) in members {
            acts.append(
                .setMember(
                    try Origin(name), role: role, roots: [], logKey: key(name), fromIndex: 0))
        }
        try write(Self.steward, acts.map { .governance($0) })
    }

    /// Makes a company's keys.
    func introduce(_ name: String, keys: Int = 1) throws {
        let authority = try CertificateAuthority.create(origin: name, at: now)
        logKeys[name] = try SigningKey.generate(.ed25519)
        chains[name] = try (0..<keys).map { _ in
            try authority.issueNode(
                origin: name, key: try SigningKey.generate(.ed25519).verificationKey, at: now)
        }
        logs[name] = []
    }

    func certificate(_ name: String, _ number: Int = 0) throws -> Certificate {
        try #require(chains[name]?[number])
    }

    func key(_ name: String) -> [UInt8]? { logKeys[name]?.verificationKey.ed25519Bytes }

    /// The head of a log as its own key signs it, or as another's does.
    func head(
        _ name: String, merged: UInt64? = nil, size: UInt64? = nil, root: Digest = .zero,
        by signer: String? = nil
    ) throws -> Head {
        let held = UInt64(logs[name]?.count ?? 0)
        let size = size ?? held
        let text = Checkpoint(origin: "\(name)/\(dataset)", size: size, root: root).text
        let signature = try #require(logKeys[signer ?? name]).sign(Array(text.utf8))
        return Head(
            origin: try Origin(name), merged: merged ?? size, size: size, root: root.bytes,
            signature: signature)
    }

    /// Appends an entry; the first one of a log introduces its key.
    @discardableResult
    func write(
        _ name: String, _ operations: [Operation], citing heads: [Head] = [], key number: Int = 0,
        at time: Int64? = nil
    ) throws -> UInt64 {
        var builder = try ChangesetBuilder()
        if logs[name]?.isEmpty == true, name != Self.steward {
            for chain in chains[name] ?? [] {
                _ = try builder.append(
                    .governance(.addKey(chain: [chain.der], logKey: key(name))))
            }
        }
        for operation in operations { #expect(try builder.append(operation)) }
        return try store(
            name, try builder.payload(heads: heads), key: number, at: time)
    }

    /// Appends whatever bytes.
    @discardableResult
    func store(
        _ name: String, _ payload: [UInt8], key number: Int = 0, at time: Int64? = nil
    ) throws -> UInt64 {
        logs[name]?.append(
            Entry(
                payload: payload, time: time ?? now + 10,
                signer: try certificate(name, number).fingerprint))
        return UInt64((logs[name]?.count ?? 1) - 1)
    }

    static func label(_ item: String = "a.png") -> Operation {
        .addAnnotation(
            item: item, className: "spur",
            selector: .box(.init(x: 1, y: 2, width: 3, height: 4)), fields: [:])
    }

    func id(_ name: String, _ entry: UInt64, _ position: Int) throws -> OperationID {
        OperationID(origin: try Origin(name), slot: Slot(entry: entry, position: position))
    }
}

/// One reader's merge of a consortium's logs.
final class Reader {
    let consortium: Consortium
    let name: String?
    private(set) var storage = MemoryLabelStorage()
    private(set) var merge: Merge
    private var held: [String: Int] = [:]
    private(set) var rebuilds = 0

    init(_ consortium: Consortium, _ name: String? = nil) throws {
        (self.consortium, self.name) = (consortium, name)
        merge = try Self.merge(consortium, name, storage)
    }

    private static func merge(
        _ consortium: Consortium, _ name: String?, _ storage: MemoryLabelStorage
    ) throws -> Merge {
        Merge(
            state: MergeState(dataset: consortium.dataset, reader: try name.map { try Origin($0) }),
            storage: storage)
    }

    /// Receives logs as far as they are written, or up to a size, and merges what can be merged.
    func receive(_ names: String..., upTo size: Int? = nil) throws {
        for name in names {
            held[name] = max(held[name] ?? 0, size ?? consortium.logs[name]?.count ?? 0)
        }
        try catchUp()
    }

    func receiveAll() throws {
        for (name, log) in consortium.logs where !log.isEmpty { held[name] = log.count }
        try catchUp()
    }

    private func catchUp() throws {
        try note()
        if merge.state.needsRebuild != nil { return try rebuild() }
        try drain()
    }

    /// Makes the label set anew.
    func rebuild() throws {
        rebuilds += 1
        storage = MemoryLabelStorage()
        merge = try Self.merge(consortium, name, storage)
        try note()
        #expect(merge.state.needsRebuild == nil)
        try drain()
    }

    private func note() throws {
        for (name, count) in held.sorted(by: { $0.key < $1.key }) {
            let number = try merge.logNumber(try Origin(name))
            let stored = Int(merge.state.logs[number]?.stored ?? 0)
            for index in stored..<max(stored, count) {
                let entry = try #require(consortium.logs[name]?[index])
                try entry.payload.withUnsafeBytes { bytes in
                    guard let acts = try? ChangesetView(bytes).acts() else { return }
                    try merge.note(
                        StoredEntry(
                            log: number, index: UInt64(index), time: entry.time,
                            signer: entry.signer, acts: acts))
                }
            }
            merge.noteStored(number, size: UInt64(count))
        }
        try merge.settle()
    }

    private func drain() throws {
        var moved = true
        while moved {
            moved = false
            for log in merge.state.logs.values.sorted(by: { $0.number < $1.number })
            where log.applied < log.stored {
                let entry = try #require(
                    consortium.logs[log.origin.description]?[Int(log.applied)])
                if try apply(entry, log) { moved = true }
            }
        }
        try merge.flush()
        #expect(merge.state.needsRebuild == nil)
    }

    private func apply(_ entry: Consortium.Entry, _ log: LogProgress) throws -> Bool {
        try entry.payload.withUnsafeBytes { bytes in
            guard let view = try? ChangesetView(bytes) else {
                try merge.applyUnreadable(log.number, index: log.applied, leafHash: entry.leaf)
                return true
            }
            let outcome = try merge.apply(
                VerifiedChangeset(
                    log: log.number, index: log.applied, leafHash: entry.leaf, time: entry.time,
                    signer: entry.signer, view: view))
            switch outcome {
            case .applied: return true
            case .waiting(let other, let size):
                merge.state.noteWait(of: log.number, for: other, size: size, at: 1)
                return false
            }
        }
    }

    // MARK: Asking

    func applied(_ name: String) throws -> UInt64 {
        merge.state.progress(try Origin(name))?.applied ?? 0
    }

    /// Why an applied entry does not count; nil if it does.
    func why(_ name: String, _ entry: UInt64) throws -> NotCounted? {
        let number = try #require(merge.state.number(try Origin(name)))
        let key = OperationKey(log: number, slot: Slot(entry: entry, position: 0))
        return try #require(storage.entry(key.entryKey)).notCounted
    }

    /// Why an operation does not count; nil if it does.
    func why(_ name: String, _ entry: UInt64, _ position: Int) throws -> NotCounted? {
        let number = try #require(merge.state.number(try Origin(name)))
        return storage.quarantined[
            OperationKey(log: number, slot: Slot(entry: entry, position: position))]
    }

    var labels: Int { storage.annotations.count }
    var digest: Digest { merge.state.digest }
}
