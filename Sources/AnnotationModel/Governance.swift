import CanonicalCBOR

/// What a member may do; from the least to the most.
public enum Role: UInt8, Sendable, CaseIterable, Comparable {
    case reader = 0
    case annotator = 1
    case reviewer = 2
    case steward = 3

    /// The name on the command line.
    public var name: String {
        switch self {
        case .reader: "reader"
        case .annotator: "annotator"
        case .reviewer: "reviewer"
        case .steward: "steward"
        }
    }

    /// The role with a name.
    public init?(name: String) {
        guard let role = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = role
    }

    /// A reviewer may do more than an annotator.
    public static func < (left: Role, right: Role) -> Bool { left.rawValue < right.rawValue }
}

/// An act about the dataset or about keys: rare, so it is a tree and not a compact operation.
public enum GovernanceAct: Hashable, Sendable {
    /// The first act in the steward's log: title and label schema (JSON text).
    case defineDataset(title: String, schema: String)
    /// From `fromIndex` on, entries in the member's log have this role; `roots` are DER certificates. The log key
    /// (Ed25519, 32 bytes) lets also those check a head of the log who may not read it.
    case setMember(
        Origin, role: Role, roots: [[UInt8]], logKey: [UInt8]?, fromIndex: UInt64)
    /// Entries of the member's log at and beyond `index` do not count.
    case cutLog(Origin, index: UInt64)
    /// The label schema (JSON text).
    case setSchema(String)
    /// The rule that picks the value to show of a contested field.
    case setPolicy(String)
    /// A frozen label set: name, digest, heads, and which labels of it.
    case release(name: String, digest: [UInt8], heads: [TreeHead], terms: ReleaseTerms)
    /// How many of which organisations have to have cosigned a log before its entries are called
    /// witnessed; no names stand for all members.
    case setWitnessPolicy(threshold: Int, witnesses: [Origin])
    /// How many of which organisations have to countersign each later release before it holds; no names stand for
    /// all members.
    case setReleasePolicy(threshold: Int, members: [Origin])
    /// The successor's log acts as the owner of what the origin's log added.
    case succeedLog(Origin, successor: Origin)
    /// A signing certificate (DER, leaf first) and the public key of the log's checkpoints.
    case addKey(chain: [[UInt8]], logKey: [UInt8]?)
    /// The certificate with this SHA-256 signs nothing that counts at and beyond `index`.
    case retireKey(fingerprint: [UInt8], index: UInt64)
    /// Agreement with a release.
    case countersign(name: String, digest: [UInt8])
    /// The Ed25519 key with which the organisation cosigns partners' checkpoints, and nothing else.
    case addWitness(key: [UInt8])
    /// Who may read this log besides its owner and the steward; no names stand for all members.
    case setAudience([Origin])
    /// Known answers under a name, as SHA-256 of the answers with a salt: they are told later.
    case sealGold(name: String, commitment: [UInt8])
    /// The answers that were sealed under a name, with the salt.
    case openGold(GoldSet, salt: [UInt8])
    /// Whether companies are kept from seeing each other's labels of an item until they have examined it.
    case setBlind(Bool)

    /// The longest name of a release in bytes.
    public static let releaseNameBytesMax = 256
    /// The largest label schema in bytes.
    public static let schemaBytesMax = 32_768

    /// The number of the operation on the wire.
    public var code: Int {
        switch self {
        case .defineDataset: 16
        case .setMember: 17
        case .cutLog: 18
        case .setSchema: 19
        case .setPolicy: 20
        case .release: 21
        case .setWitnessPolicy: 22
        case .succeedLog: 23
        case .addKey: 24
        case .retireKey: 25
        case .countersign: 26
        case .addWitness: 27
        case .setAudience: 28
        case .sealGold: 29
        case .openGold: 30
        case .setReleasePolicy: 32
        case .setBlind: 33
        }
    }

    /// True for what counts in the steward's log only.
    public var isStewardsAct: Bool { code < 24 || code >= 32 }

    /// The operation as it stands in a changeset: an array of the code and the members.
    public var encoded: [UInt8] {
        CBORValue.array([.integer(Int64(code))] + members).encoded
    }

    /// Decodes an operation that ``encoded`` wrote; nil if the bytes are something else.
    public init?(decoding bytes: [UInt8]) {
        guard let parts = try? CBORValue(decoding: bytes).arrayValue,
            let code = parts.first?.integerValue
        else { return nil }
        self.init(code: Int(code), members: Array(parts.dropFirst()))
    }

    /// The members of the operation after its code.
    var members: [CBORValue] {
        switch self {
        case .defineDataset(let title, let schema): [.text(title), .text(schema)]
        case .setMember(let origin, let role, let roots, let logKey, let fromIndex):
            [
                .text(origin.description), .integer(Int64(role.rawValue)),
                .array(roots.map { .bytes($0) }), logKey.map { .bytes($0) } ?? .null,
                .integer(Int64(clamping: fromIndex)),
            ]
        case .cutLog(let origin, let index):
            [.text(origin.description), .integer(Int64(clamping: index))]
        case .setSchema(let schema): [.text(schema)]
        case .setPolicy(let rule): [.text(rule)]
        case .release(let name, let digest, let heads, let terms):
            [.text(name), .bytes(digest), .array(heads.map(\.cbor))]
                + (terms == ReleaseTerms() ? [] : [terms.cbor])
        case .addKey(let chain, let logKey):
            [.array(chain.map { .bytes($0) }), logKey.map { .bytes($0) } ?? .null]
        case .retireKey(let fingerprint, let index):
            [.bytes(fingerprint), .integer(Int64(clamping: index))]
        case .countersign(let name, let digest): [.text(name), .bytes(digest)]
        case .setWitnessPolicy(let threshold, let names),
            .setReleasePolicy(let threshold, let names):
            [.integer(Int64(threshold)), Self.names(names)]
        case .succeedLog(let origin, let successor):
            [.text(origin.description), .text(successor.description)]
        case .addWitness(let key): [.bytes(key)]
        case .setAudience(let origins): [Self.names(origins)]
        case .sealGold(let name, let commitment): [.text(name), .bytes(commitment)]
        case .openGold(let set, let salt): [.text(set.name), .bytes(salt), set.cbor]
        case .setBlind(let isBlind): [.bool(isBlind)]
        }
    }

    /// Makes an act of a code and its members; nil if they do not fit.
    init?(code: Int, members: [CBORValue]) {
        let act: GovernanceAct? =
            switch code {
            case 16: Self.defineDataset(members)
            case 17: Self.setMember(members)
            case 18: Self.cutLog(members)
            case 19: Self.oneText(members, limit: Self.schemaBytesMax).map { .setSchema($0) }
            case 20: Self.oneText(members, limit: 256).map { .setPolicy($0) }
            case 21: Self.release(members)
            case 22: Self.quorum(members).map { .setWitnessPolicy(threshold: $0, witnesses: $1) }
            case 23: Self.succeedLog(members)
            case 24: Self.addKey(members)
            case 25: Self.retireKey(members)
            case 26: Self.countersign(members)
            case 27: Self.addWitness(members)
            case 28: Self.setAudience(members)
            case 29: Self.sealGold(members)
            case 30: Self.openGold(members)
            case 32: Self.quorum(members).map { .setReleasePolicy(threshold: $0, members: $1) }
            case 33: Self.setBlind(members)
            default: nil
            }
        guard let act else { return nil }
        self = act
    }

    private static func oneText(_ members: [CBORValue], limit: Int) -> String? {
        guard members.count == 1, let text = members[0].textValue, text.utf8.count <= limit else {
            return nil
        }
        return text
    }

    private static func index(_ value: CBORValue) -> UInt64? {
        guard let index = value.integerValue, index >= 0, UInt64(index) <= Slot.entryLimit else {
            return nil
        }
        return UInt64(index)
    }

    private static func names(_ origins: [Origin]) -> CBORValue {
        .array(origins.map { .text($0.description) })
    }

    /// Distinct origins, as many as a context may have heads; nil for anything else.
    private static func origins(_ value: CBORValue) -> [Origin]? {
        guard let items = value.arrayValue, items.count <= Changeset.headsMax else { return nil }
        let origins = items.compactMap { $0.textValue.flatMap { try? Origin($0) } }
        guard origins.count == items.count, Set(origins).count == items.count else { return nil }
        return origins
    }

    /// A number, and the organisations of which as many are asked for.
    private static func quorum(_ members: [CBORValue]) -> (threshold: Int, names: [Origin])? {
        guard members.count == 2, let threshold = members[0].integerValue,
            (0...Int64(Changeset.headsMax)).contains(threshold), let names = origins(members[1]),
            names.isEmpty || threshold <= names.count
        else { return nil }
        return (Int(threshold), names)
    }

    private static func succeedLog(_ members: [CBORValue]) -> GovernanceAct? {
        guard members.count == 2, let name = members[0].textValue, let origin = try? Origin(name),
            let heir = members[1].textValue, let successor = try? Origin(heir), origin != successor
        else { return nil }
        return .succeedLog(origin, successor: successor)
    }

    private static func addWitness(_ members: [CBORValue]) -> GovernanceAct? {
        guard members.count == 1, let key = members[0].bytesValue, key.count == 32 else {
            return nil
        }
        return .addWitness(key: key)
    }

    private static func setAudience(_ members: [CBORValue]) -> GovernanceAct? {
        guard members.count == 1, let names = origins(members[0]) else { return nil }
        return .setAudience(names)
    }

    private static func sealGold(_ members: [CBORValue]) -> GovernanceAct? {
        guard members.count == 2, let name = members[0].textValue,
            (1...GoldSet.nameBytesMax).contains(name.utf8.count),
            let commitment = members[1].bytesValue, commitment.count == 32
        else { return nil }
        return .sealGold(name: name, commitment: commitment)
    }

    private static func openGold(_ members: [CBORValue]) -> GovernanceAct? {
        guard members.count == 3, let name = members[0].textValue,
            let salt = members[1].bytesValue, salt.count == GoldSet.saltBytes,
            let set = GoldSet(name: name, cbor: members[2])
        else { return nil }
        return .openGold(set, salt: salt)
    }

    private static func setBlind(_ members: [CBORValue]) -> GovernanceAct? {
        guard members.count == 1, case .bool(let isBlind) = members[0] else { return nil }
        return .setBlind(isBlind)
    }

    private static func defineDataset(_ members: [CBORValue]) -> GovernanceAct? {
        guard members.count == 2, let title = members[0].textValue, title.utf8.count <= 1024,
            let schema = members[1].textValue, schema.utf8.count <= schemaBytesMax
        else { return nil }
        return .defineDataset(title: title, schema: schema)
    }

    private static func setMember(_ members: [CBORValue]) -> GovernanceAct? {
        guard members.count == 5, let name = members[0].textValue, let origin = try? Origin(name),
            let code = members[1].integerValue, let role = UInt8(exactly: code).flatMap(Role.init),
            let items = members[2].arrayValue, items.count <= 8, let from = index(members[4]),
            case .some(let logKey) = optionalKey(members[3])
        else { return nil }
        let roots = items.compactMap(\.bytesValue)
        guard roots.count == items.count else { return nil }
        return .setMember(origin, role: role, roots: roots, logKey: logKey, fromIndex: from)
    }

    /// A key of 32 bytes or null; nil for anything else.
    private static func optionalKey(_ value: CBORValue) -> [UInt8]?? {
        switch value {
        case .null: .some(nil)
        case .bytes(let key) where key.count == 32: .some(key)
        default: nil
        }
    }

    private static func cutLog(_ members: [CBORValue]) -> GovernanceAct? {
        guard members.count == 2, let name = members[0].textValue, let origin = try? Origin(name),
            let index = index(members[1])
        else { return nil }
        return .cutLog(origin, index: index)
    }

    private static func release(_ members: [CBORValue]) -> GovernanceAct? {
        guard (3...4).contains(members.count), let name = members[0].textValue,
            name.utf8.count <= releaseNameBytesMax,
            let digest = members[1].bytesValue, digest.count == 32,
            let items = members[2].arrayValue, items.count <= Changeset.headsMax
        else { return nil }
        let heads = items.compactMap(TreeHead.init(cbor:))
        guard heads.count == items.count else { return nil }
        var terms = ReleaseTerms()
        if members.count == 4 {
            // Empty terms are not written.
            guard let read = ReleaseTerms(cbor: members[3]), read != terms else { return nil }
            terms = read
        }
        return .release(name: name, digest: digest, heads: heads, terms: terms)
    }

    private static func addKey(_ members: [CBORValue]) -> GovernanceAct? {
        guard members.count == 2, let items = members[0].arrayValue, (1...4).contains(items.count)
        else { return nil }
        let chain = items.compactMap(\.bytesValue)
        guard chain.count == items.count else { return nil }
        return optionalKey(members[1]).map { .addKey(chain: chain, logKey: $0) }
    }

    private static func retireKey(_ members: [CBORValue]) -> GovernanceAct? {
        guard members.count == 2, let fingerprint = members[0].bytesValue, fingerprint.count == 32,
            let index = index(members[1])
        else { return nil }
        return .retireKey(fingerprint: fingerprint, index: index)
    }

    private static func countersign(_ members: [CBORValue]) -> GovernanceAct? {
        guard members.count == 2, let name = members[0].textValue,
            name.utf8.count <= releaseNameBytesMax,
            let digest = members[1].bytesValue, digest.count == 32
        else { return nil }
        return .countersign(name: name, digest: digest)
    }
}
