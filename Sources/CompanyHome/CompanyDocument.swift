import AnnotationModel
import Foundation
import LogStorage
import PlainErrors
import SharedStore
import Signing
import TransparencyLog

/// Something that all nodes of one company have in common beside logs, and where a home keeps its copy.
///
/// What a file of the home holds is the document's text; what is not there is a document without one. Keys are none of
/// them, and neither is what is true of one node alone: contacts, transfers, sessions of the page.
package enum CompanyDocument: Hashable, Sendable {
    /// A partner: its roots, its address, its log key.
    case partner(Origin)
    /// A partner's revocation lists.
    case lists(Origin)
    /// This organisation's own revocation list, and the certificates that it names.
    case ownLists
    /// The proof that a log has signed two histories.
    case evidence(log: String)
    /// That this organisation takes part in a dataset of which no log is here yet.
    case joined(DatasetID)
    /// That it has left one.
    case left(DatasetID)
    /// From which entry its steward says that it has cut this organisation.
    case cut(DatasetID)
    /// An invitation, without its secret.
    case invitation(nonce: String)

    /// The document of a name; nil for a name of a later program, and for one that leads elsewhere.
    init?(name: String) {
        guard let slash = name.firstIndex(of: "/") else { return nil }
        let rest = String(name[name.index(after: slash)...])
        let origin = try? Origin(rest)
        let dataset = try? DatasetID(rest)
        switch name[..<slash] {
        case "partner":
            guard let origin else { return nil }
            self = .partner(origin)
        case "lists":
            guard let origin else { return nil }
            self = .lists(origin)
        case "own":
            guard rest == "lists" else { return nil }
            self = .ownLists
        case "joined":
            guard let dataset else { return nil }
            self = .joined(dataset)
        case "left":
            guard let dataset else { return nil }
            self = .left(dataset)
        case "cut":
            guard let dataset else { return nil }
            self = .cut(dataset)
        case "evidence":
            // The log's owner, then its dataset.
            guard let cut = rest.firstIndex(of: "/"), (try? Origin(String(rest[..<cut]))) != nil,
                (try? DatasetID(String(rest[rest.index(after: cut)...]))) != nil
            else { return nil }
            self = .evidence(log: rest)
        case "invitation":
            guard (1...128).contains(rest.utf8.count), rest.utf8.allSatisfy(Self.isHex) else {
                return nil
            }
            self = .invitation(nonce: rest)
        default: return nil
        }
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }

    /// What it is called in the store.
    package var name: String {
        switch self {
        case .partner(let org): "partner/\(org)"
        case .lists(let org): "lists/\(org)"
        case .ownLists: "own/lists"
        case .evidence(let log): "evidence/\(log)"
        case .joined(let dataset): "joined/\(dataset)"
        case .left(let dataset): "left/\(dataset)"
        case .cut(let dataset): "cut/\(dataset)"
        case .invitation(let nonce): "invitation/\(nonce)"
        }
    }

    /// A partner comes before what is said of it.
    var rank: Int {
        switch self {
        case .partner: 0
        case .lists, .ownLists: 1
        default: 2
        }
    }

    /// Whether what two nodes know of it is more than what either knows.
    var isUnion: Bool {
        switch self {
        case .lists, .ownLists, .evidence: true
        default: false
        }
    }

    /// All of which a home has a file.
    static func all(in home: Home) throws -> [CompanyDocument] {
        func origins(_ suffix: String) throws -> [Origin] {
            try home.names(in: "trust").filter { $0.hasSuffix(suffix) }.compactMap {
                try? Origin(String($0.dropLast(suffix.utf8.count)))
            }
        }
        func datasets(_ folder: String) throws -> [DatasetID] {
            try home.names(in: folder).filter { (try? Origin($0)) != nil }.flatMap { owner in
                try home.names(in: "\(folder)/\(owner)").compactMap {
                    try? DatasetID("\(owner)/\($0)")
                }
            }
        }
        var found = try origins(".json").map { CompanyDocument.partner($0) }
        found += try origins(".crl").map { .lists($0) }
        if try DurableFile.isThere(home.path + "/keys/revoked.json") { found.append(.ownLists) }
        found += try home.provenForks().keys.map { .evidence(log: $0) }
        found += try datasets("joined").map { .joined($0) }
        found += try datasets("left").map { .left($0) }
        found += try datasets("cut").map { .cut($0) }
        found += try home.names(in: "invitations").filter { $0.hasSuffix(".invite") }.compactMap {
            CompanyDocument(name: "invitation/\($0.dropLast(7))")
        }
        return found
    }

    // MARK: The home's files

    /// Where a home keeps it; nil for what has several files.
    private var file: String? {
        switch self {
        case .partner(let org): "trust/\(org).json"
        case .lists(let org): "trust/\(org).crl"
        case .ownLists: "keys/revoked.json"
        case .evidence: nil
        case .joined(let dataset): "joined/\(dataset)"
        case .left(let dataset): "left/\(dataset)"
        case .cut(let dataset): "cut/\(dataset)"
        case .invitation(let nonce): "invitations/\(nonce).invite"
        }
    }

    /// What the home says of it, in the one form in which nodes share it; nil where it says nothing.
    func text(in home: Home) throws -> String? {
        guard let file else { return try home.evidenceText(self) }
        guard let text = try WholeFile.read("\(home.path)/\(file)") else { return nil }
        switch self {
        case .partner: return try SharedJSON(text).text
        case .ownLists:
            var known = try SharedJSON(text)
            // An earlier version kept it in its own file alone.
            if known.members["list"] == nil { known.members["list"] = try home.ownRevocationText() }
            return try known.text
        case .invitation:
            var record = try SharedJSON(text)
            record.members["secret"] = nil
            return try record.text
        default: return text
        }
    }

    /// Has the home say it.
    ///
    /// Evidence is not among it: a node takes that, and checks it first.
    func put(_ text: String?, in home: Home) throws {
        guard let file else { return }
        let path = "\(home.path)/\(file)"
        guard let text else {
            if self == .ownLists { return }
            return try WholeFile.remove(path)
        }
        try WholeFile.makeFolder(
            (path as NSString).deletingLastPathComponent, mode: isOwn ? 0o700 : 0o755)
        switch self {
        case .ownLists:
            try WholeFile.replace(path, with: text, mode: 0o600)
            if let list = try SharedJSON(text).members["list"] as? String {
                try WholeFile.replace(home.path + "/trust/own-revoked.pem", with: list)
            }
        case .invitation:
            // A secret that was drawn stays with the home that drew it.
            var record = try SharedJSON(text)
            if let known = try WholeFile.read(path) {
                record.members["secret"] = try SharedJSON(known).members["secret"]
            }
            try WholeFile.replace(path, with: try record.text, mode: 0o600)
        default: try WholeFile.replace(path, with: text)
        }
    }

    private var isOwn: Bool {
        if case .invitation = self { true } else { self == .ownLists }
    }
}

/// A JSON object in one form, whoever wrote it: members in the order of their names, without the seal.
struct SharedJSON {
    var members: [String: Any]

    init(_ text: String) throws {
        guard
            let found = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        else { throw CocoaError(.fileReadCorruptFile) }
        members = found
        members["sha256"] = nil
    }

    var text: String {
        get throws {
            String(
                decoding: try JSONSerialization.data(
                    withJSONObject: members, options: [.sortedKeys, .withoutEscapingSlashes]),
                as: UTF8.self)
        }
    }
}

// MARK: What two nodes have said at once

extension CompanyDocument {
    /// What holds where two nodes have said different things of one version: the same on every node.
    ///
    /// Nothing that keeps somebody out is lost by it.
    func merged(_ one: String?, _ other: String?) throws -> String? {
        if one == other { return one }
        switch self {
        case .lists:
            guard let one, let other else { return one ?? other }
            return try RevocationList.joined([one, other])
        case .ownLists:
            guard let one, let other else { return one ?? other }
            return try Self.joinedOwn(one, other)
        case .evidence:
            return try Home.evidenceText([one, other].flatMap { try Home.evidence(in: $0) })
        case .invitation:
            guard let one, let other else { return one ?? other }
            let (first, second) = (try Self.advance(of: one), try Self.advance(of: other))
            return first == second ? min(one, other) : first > second ? one : other
        case .partner:
            // Whoever was removed by one of them stays out.
            guard let one, let other else { return nil }
            return min(one, other)
        case .joined, .left, .cut:
            guard let one, let other else { return one ?? other }
            return min(one, other)
        }
    }

    /// How far an invitation is: what was used never opens again.
    private static func advance(of text: String) throws -> Int {
        switch try SharedJSON(text).members["state"] as? String {
        case "accepted": 3
        case "revoked": 2
        case "pending": 1
        default: 0
        }
    }

    /// All certificates that either names, stolen where either says so; of each authority the newer list, until the
    /// next one names them all.
    private static func joinedOwn(_ one: String, _ other: String) throws -> String {
        let decoder = JSONDecoder()
        let (left, right) = (
            try decoder.decode(Home.RevokedList.self, from: Data(one.utf8)),
            try decoder.decode(Home.RevokedList.self, from: Data(other.utf8))
        )
        var newer = (left.number, one) >= (right.number, other) ? left : right
        let older = (left.number, one) >= (right.number, other) ? right : left
        for revoked in older.certificates {
            let place = newer.certificates.firstIndex { $0.certificate == revoked.certificate }
            guard let place else {
                newer.certificates.append(revoked)
                continue
            }
            // Nothing makes a stolen key safe again.
            if revoked.isStolen { newer.certificates[place].isStolen = true }
        }
        let lists = [newer.list, older.list].compactMap { $0 }
        newer.list = lists.isEmpty ? nil : try RevocationList.joined(lists)
        return try newer.text
    }
}

extension RevocationList {
    /// The newest list of each authority, of texts with lists.
    static func joined(_ texts: [String]) throws -> String {
        var newest: [[UInt8]: RevocationList] = [:]
        for list in try texts.flatMap({ try RevocationList.all(pem: $0) }) {
            let authority = Array(list.issuer.utf8) + [0] + list.issuerKey
            if let known = newest[authority], list.thisUpdate <= known.thisUpdate { continue }
            newest[authority] = list
        }
        return try newest.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { try $0.value.pem }.joined()
    }
}

// MARK: Evidence

extension Home {
    /// Evidence of one log that nodes share: what it proves is proven for good, and the smallest prefix says it all.
    private static let evidenceCount = 4

    /// The proven forks by their log, each with the texts that prove it.
    func provenForks() throws -> [String: [String]] {
        var found: [String: [String]] = [:]
        for name in try names(in: "evidence") where name.hasSuffix(".equivocation") {
            // What cannot be read, or proves nothing, is named by `evidence` and `doctor`.
            guard
                let bytes = try? DurableFile.read(
                    "\(path)/evidence/\(name)", max: Equivocation.bytesMax + 1),
                let evidence = try? Equivocation(file: bytes), (try? evidence.verify()) != nil
            else { continue }
            found[evidence.log.name, default: []].append(String(decoding: bytes, as: UTF8.self))
        }
        return found
    }

    fileprivate func evidenceText(_ document: CompanyDocument) throws -> String? {
        guard case .evidence(let log) = document else { return nil }
        return try Self.evidenceText(try provenForks()[log] ?? [])
    }

    /// Evidence as nodes share it: of each common prefix one proof, the smallest first.
    static func evidenceText(_ all: [String]) throws -> String? {
        var kept: [UInt64: String] = [:]
        for text in all {
            guard let finding = try? Equivocation(file: Array(text.utf8)).verify() else { continue }
            kept[finding.prefix] = min(kept[finding.prefix] ?? text, text)
        }
        let chain = kept.sorted { $0.key < $1.key }.prefix(evidenceCount).map(\.value)
        if chain.isEmpty { return nil }
        return String(decoding: try JSONEncoder().encode(chain), as: UTF8.self)
    }

    /// The proofs in such a text.
    static func evidence(in text: String?) throws -> [String] {
        guard let text else { return [] }
        return Array(
            try JSONDecoder().decode([String].self, from: Data(text.utf8)).prefix(evidenceCount))
    }

    /// The smallest common prefix that such a text proves.
    static func provenPrefix(in text: String?) throws -> UInt64 {
        try evidence(in: text).compactMap {
            try? Equivocation(file: Array($0.utf8)).verify().prefix
        }.min() ?? .max
    }
}
