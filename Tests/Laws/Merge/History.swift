import AnnotationModel
import Provenance
import Signing
import TransparencyLog

/// A random history of several companies' logs, hostile members among them.
struct History {
    /// One entry as it stands in a log.
    struct Entry {
        let payload: [UInt8]
        let leafHash: Digest
        let time: Int64
        let signer: Digest
    }

    /// A company's two certificates, the first of which ends in the middle of a history, and its log key.
    struct Keys {
        let chains: [[[UInt8]]]
        let fingerprints: [Digest]
        let logKey: SigningKey

        /// Keys from fixed seeds, so that a history's leaf hashes are the same in every run.
        init(_ origin: Origin, number: Int) throws {
            let base = History.firstKeyNumber + 10 * number
            let authority = try CompanyPool.authority(origin.description, seed: base)
            let signers = try [History.firstKeySeconds, 1_000_000].enumerated().map {
                place, seconds in
                try CompanyPool.signer(
                    origin, by: authority, seed: base + 1 + place, from: History.start - 300,
                    to: History.start + seconds)
            }
            chains = signers.map(\.chain)
            fingerprints = signers.map(\.fingerprint)
            logKey = try CompanyPool.key(base + 9)
        }
    }

    static let start: Int64 = 1_700_000_000
    static let firstKeySeconds: Int64 = 200
    /// Beyond those of the simulation's companies.
    private static let firstKeyNumber = 2_000
    private static let secondsPerStep: Int64 = 10

    /// Made once, and used by all histories.
    private static let keys: Result<[Origin: Keys], any Error> = Result {
        var keys: [Origin: Keys] = [:]
        for (number, name) in companies.enumerated() {
            let origin = try Origin(name)
            keys[origin] = try Keys(origin, number: number)
        }
        return keys
    }

    static let companies = [
        "acme.example", "borealis.example", "cirrus.example", "mallory.example",
        "dorado.example",
    ]
    let dataset: DatasetID
    private(set) var logs: [Origin: [Entry]] = [:]
    /// What each company's node has merged of the other logs.
    private var views: [Origin: [Origin: UInt64]] = [:]
    /// What each entry's author had merged.
    private var contexts: [Origin: [[Origin: UInt64]]] = [:]
    private var annotations: [OperationID] = []
    /// Operations that may be suggestions.
    private var changes: [OperationID] = []
    private let keys: [Origin: Keys]
    private var time = start

    init(seed: UInt64, steps: Int, hostile: Bool) throws {
        var random = SeededGenerator(seed: seed)
        dataset = try DatasetID("acme.example/boards")
        keys = try Self.keys.get()
        let origins = try Self.companies.map { try Origin($0) }
        for origin in origins {
            logs[origin] = []
            views[origin] = [:]
            contexts[origin] = []
        }
        try define(origins)
        for _ in 0..<steps {
            time += Self.secondsPerStep
            let author = origins[Int.random(in: 0..<origins.count, using: &random)]
            let isHostile = hostile && author == origins[3] && random.oneIn(2)
            try step(author, origins, isHostile: isHostile, &random)
        }
    }

    private mutating func define(_ origins: [Origin]) throws {
        var builder = try ChangesetBuilder()
        var acts: [GovernanceAct] = [.defineDataset(title: "Boards", schema: "{}")]
        for (origin, role) in zip(
            origins.dropFirst(), [Role.reviewer, .annotator, .reviewer, .reader])
        {
            acts.append(
                .setMember(
                    origin, role: role, roots: [],
                    logKey: keys[origin]?.logKey.verificationKey.ed25519Bytes, fromIndex: 0))
        }
        for act in try introductions(origins[0]) + acts {
            _ = try builder.append(.governance(act))
        }
        append(try builder.payload(), to: origins[0], context: [:], time: time)
    }

    private func introductions(_ origin: Origin) throws -> [GovernanceAct] {
        (keys[origin]?.chains ?? []).map {
            .addKey(chain: $0, logKey: keys[origin]?.logKey.verificationKey.ed25519Bytes)
        }
    }

    /// A key that holds at the time that is claimed; a member that backdates shows an old one.
    private mutating func append(
        _ payload: [UInt8], to author: Origin, context: [Origin: UInt64], time: Int64
    ) {
        let isFirst = time <= Self.start + Self.firstKeySeconds
        logs[author]?.append(
            Entry(
                payload: payload, leafHash: SHA256Hasher.hash([0] + payload), time: time,
                signer: keys[author]?.fingerprints[isFirst ? 0 : 1] ?? .zero))
        contexts[author]?.append(context)
    }

    /// What the steward does to members and keys now and then.
    private func stewardsAct(
        _ origins: [Origin], _ random: inout SeededGenerator
    ) -> GovernanceAct {
        let member = origins[Int.random(in: 1..<origins.count, using: &random)]
        let index = UInt64.random(in: 0...UInt64(logs[member]?.count ?? 0), using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return .cutLog(member, index: index)
        case 1: return .setPolicy(random.oneIn(2) ? "owner-decides" : "role-rank")
        case 2:
            let key = keys[member]?.fingerprints[Int.random(in: 0...1, using: &random)]
            return .retireKey(fingerprint: key?.bytes ?? [], index: index)
        case 3:
            let others = origins.filter { $0 != member }
            return .succeedLog(
                member, successor: others[Int.random(in: 0..<others.count, using: &random)])
        default:
            let role = Role.allCases[Int.random(in: 0..<3, using: &random)]
            return .setMember(member, role: role, roots: [], logKey: nil, fromIndex: index)
        }
    }

    private func membersAct(
        _ author: Origin, _ origins: [Origin], _ random: inout SeededGenerator
    ) -> GovernanceAct {
        if random.oneIn(3) {
            // The reader of the laws is the last company: now and then it is kept out.
            return .setAudience(
                random.oneIn(3) ? [] : Array(origins.dropLast(random.oneIn(2) ? 1 : 2)))
        }
        let index = UInt64.random(in: 0...UInt64(logs[author]?.count ?? 0), using: &random)
        let key = keys[author]?.fingerprints[Int.random(in: 0...1, using: &random)]
        return .retireKey(fingerprint: key?.bytes ?? [], index: index)
    }

    /// A stand-in for the Merkle root: what a log's key signs serves the merge, whatever the root is.
    private func root(_ origin: Origin, _ size: UInt64) -> Digest {
        SHA256Hasher.hash((logs[origin] ?? []).prefix(Int(size)).flatMap(\.leafHash.bytes))
    }

    /// A head as the cited log signed it.
    ///
    /// - Parameter size: The size of the checkpoint; where it is nil, as much as was merged.
    private func head(
        _ origin: Origin, merged: UInt64, size: UInt64? = nil, root: Digest? = nil,
        by signer: Origin? = nil
    ) throws -> Head {
        let size = size ?? merged
        let root = root ?? self.root(origin, size)
        let text = Checkpoint(origin: "\(origin)/\(dataset)", size: size, root: root).text
        let signature = try keys[signer ?? origin]?.logKey.sign(Array(text.utf8)) ?? []
        return Head(
            origin: origin, merged: merged, size: size, root: root.bytes, signature: signature)
    }

    private mutating func step(
        _ author: Origin, _ origins: [Origin], isHostile: Bool, _ random: inout SeededGenerator
    ) throws {
        var view = views[author] ?? [:]
        let before = view
        for other in origins where other != author && random.oneIn(2) {
            merge(other, into: &view, author: author, &random)
        }
        var heads: [Head] = []
        for (origin, merged) in view where merged > (before[origin] ?? 0) {
            // A node cites under the checkpoint that it holds, which may cover more.
            let held = UInt64(logs[origin]?.count ?? 0)
            let size = random.oneIn(3) ? UInt64.random(in: merged...held, using: &random) : merged
            heads.append(try head(origin, merged: merged, size: size))
        }
        if isHostile { try spoil(&heads, origins, author, &random) }
        var builder = try ChangesetBuilder(author: random.oneIn(2) ? "anna" : nil)
        let index = UInt64(logs[author]?.count ?? 0)
        var acts: [GovernanceAct] = []
        if author != origins[0], index == 0 { acts += try introductions(author) }
        // A steward's act in another log counts for nothing.
        if random.oneIn(author == origins[0] ? 3 : 12) {
            acts.append(stewardsAct(origins, &random))
        }
        if author != origins[0], random.oneIn(9) {
            acts.append(membersAct(author, origins, &random))
        }
        for act in acts { _ = try builder.append(.governance(act)) }
        for position in 0..<Int.random(in: 1...5, using: &random) {
            let operation = operation(author, view, &random)
            _ = try builder.append(operation)
            let id = OperationID(
                origin: author, slot: Slot(entry: index, position: acts.count + position))
            if case .set = operation { changes.append(id) }
            if case .addAnnotation = operation { annotations.append(id) }
        }
        let backdated = Self.start + (random.oneIn(2) ? 100 : -1_000_000)
        let claimed = isHostile && random.oneIn(3) ? backdated : time
        append(
            try builder.payload(heads: heads), to: author, context: view, time: claimed)
        views[author] = view
    }

    /// Takes a log up to some size, and with it what its last entry had merged.
    private func merge(
        _ other: Origin, into view: inout [Origin: UInt64], author: Origin,
        _ random: inout SeededGenerator
    ) {
        let held = UInt64(logs[other]?.count ?? 0)
        let from = view[other] ?? 0
        guard held > from else { return }
        let size = UInt64.random(in: (from + 1)...held, using: &random)
        view[other] = size
        for (origin, needed) in contexts[other]?[Int(size - 1)] ?? [:] where origin != author {
            view[origin] = max(view[origin] ?? 0, needed)
        }
    }

    private func spoil(
        _ heads: inout [Head], _ origins: [Origin], _ author: Origin,
        _ random: inout SeededGenerator
    ) throws {
        let victim = origins[Int.random(in: 0..<3, using: &random)]
        heads.removeAll { $0.origin == victim }
        let held = UInt64(logs[victim]?.count ?? 0)
        switch Int.random(in: 0..<6, using: &random) {
        case 0:  // A root that the log never had, which a colluding company may sign.
            if held == 0 { return }
            heads.append(try head(victim, merged: held, root: Digest(repeating: 7)))
        case 1:  // Less than was cited before.
            if held == 0 { return }
            heads.append(try head(victim, merged: 1))
        case 2:  // The future, with the signature of a company that colludes.
            heads.append(
                try head(victim, merged: held + 2, root: Digest(repeating: 9)))
        case 3:  // Another company's signature.
            if held == 0 { return }
            heads.append(try head(victim, merged: held, by: author))
        case 4:  // Somebody who is no member.
            let stranger = try Origin("nobody.example")
            heads.append(try head(stranger, merged: 1, by: author))
        default:  // The newest entry of a log without what that entry had merged.
            if held == 0 { return }
            heads = [try head(victim, merged: held)]
        }
    }

    private func operation(
        _ author: Origin, _ view: [Origin: UInt64], _ random: inout SeededGenerator
    ) -> Operation {
        let item = "board-\(Int.random(in: 0..<6, using: &random)).png"
        let classes = ["open", "short", "spur"]
        let className = classes[Int.random(in: 0..<3, using: &random)]
        let selector = Selector.box(
            .init(
                x: Double(Int.random(in: 0..<64_000, using: &random)) / 100, y: 4.25,
                width: 10, height: 12))
        // Now and then a target that the author does not know: it must not count, on any node.
        let known = annotations.filter {
            $0.origin == author || $0.slot.entry < view[$0.origin] ?? 0
        }
        if !changes.isEmpty, random.oneIn(5) {
            let change = changes[Int.random(in: 0..<changes.count, using: &random)]
            return .review(change, random.oneIn(3) ? .reject : .accept, reason: nil)
        }
        let pool = random.oneIn(20) ? annotations : Array(known.suffix(8))
        let target = pool.isEmpty ? nil : pool[Int.random(in: 0..<pool.count, using: &random)]
        guard let target, !random.oneIn(4) else {
            return random.oneIn(3)
                ? .addItem(
                    key: item,
                    fields: random.oneIn(3)
                        ? [:]
                        : [
                            .known(.width): .integer(Int64.random(in: 1...2, using: &random)),
                            .attribute("line"): random.oneIn(3) ? .null : .text(className),
                        ])
                : .addAnnotation(
                    item: item, className: className, selector: selector,
                    fields: random.oneIn(2) ? [.attribute("severity"): .text(className)] : [:])
        }
        switch Int.random(in: 0..<9, using: &random) {
        case 0: return .set(target, [.field(.known(.status), .integer(1))])
        case 1: return .set(target, [.field(.known(.status), .integer(0))])
        case 2: return .review(target, .reject, reason: className)
        case 3: return .comment(target, text: className)
        case 4: return .set(target, [.selector(selector)])
        case 5: return .setItem(key: item, fields: [.known(.group): .text(className)])
        case 7:
            let word: FieldValue = random.oneIn(3) ? .null : .text("\(item)!")
            return .setItem(key: item, fields: [.known(.sameAs): word])
        case 6: return .setItem(key: item, fields: [.known(.examined): .bool(true)])
        default:
            return .set(
                target, [.className(className), .field(.attribute("severity"), .text(className))])
        }
    }
}

extension Digest {
    /// A digest of one byte over and over.
    init(repeating byte: UInt8) {
        self = Digest([UInt8](repeating: byte, count: 32)) ?? .zero
    }
}

/// The first entries of one log of a history.
struct HistoryLog: HeldEntries {
    private let entries: ArraySlice<History.Entry>

    init(_ entries: ArraySlice<History.Entry>) { self.entries = entries }

    var size: UInt64 { UInt64(entries.count) }

    func forEachStored(
        from: UInt64, to: UInt64, _ body: (StoredChangeset) throws -> Bool
    ) throws {
        for index in from..<max(from, to) {
            let entry = entries[Int(index)]
            let goesOn = try entry.payload.withUnsafeBytes { payload in
                let content = StoredChangeset.Content(
                    time: entry.time, signer: entry.signer, view: try ChangesetView(payload))
                return try body(
                    StoredChangeset(
                        content, index: index, leafHash: entry.leafHash,
                        byteCount: payload.count))
            }
            if !goesOn { return }
        }
    }
}

extension History {
    /// The first entries of a company's log.
    func log(_ origin: Origin, upTo size: UInt64) -> HistoryLog {
        HistoryLog((logs[origin] ?? []).prefix(Int(size)))
    }
}
