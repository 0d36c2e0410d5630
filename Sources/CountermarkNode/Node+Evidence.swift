import AnnotationModel
import CompanyHome
import Foundation
import LogStorage
import PlainErrors
import Provenance
import Replication
import Signing
import TransparencyLog

/// A file of evidence in a home, and what it shows.
public struct EvidenceFile: Sendable {
    /// The file.
    public let path: String
    /// The log that is accused.
    public let log: String
    /// In which way its histories differ: `same-size` or `rewritten`; `contradiction` where only two signed roots are
    /// known, and not yet what the histories share.
    public let kind: String
    /// The sizes of the two checkpoints.
    public let sizes: [UInt64]
    /// Their roots.
    public let roots: [Digest]
    /// The number of entries that both histories share; 0 for a contradiction, which does not show it.
    public let prefix: UInt64
    /// True if the file proves it by itself.
    public let isProven: Bool

    /// Checks a file from nothing but itself.
    ///
    /// - Throws: ``NodeError`` if it cannot be read or is no evidence file.
    public init(checking path: String) throws {
        guard try DurableFile.isThere(path) else {
            throw NodeError(.noEvidence, "\(path) is not there", hint: "check the path")
        }
        let data = try UserFile.read(path, max: Equivocation.bytesMax)
        self.path = path
        if data.starts(with: Contradiction.version.utf8) {
            let evidence = try Contradiction(file: data)
            (log, prefix) = (evidence.log.name, 0)
            do throws(TransparencyLogError) {
                let (first, second) = try evidence.verify()
                kind = "contradiction"
                sizes = [first.size, second.size]
                roots = [first.root, second.root]
                isProven = true
            } catch {
                (kind, sizes, roots, isProven) = (PlainError.line(error), [], [], false)
            }
            return
        }
        let evidence = try Equivocation(file: data)
        (log, prefix) = (evidence.log.name, evidence.prefix)
        do throws(TransparencyLogError) {
            let finding = try evidence.verify()
            kind = finding.first.size == finding.second.size ? "same-size" : "rewritten"
            sizes = [finding.first.size, finding.second.size]
            roots = [finding.first.root, finding.second.root]
            isProven = true
        } catch {
            (kind, sizes, roots, isProven) = (PlainError.line(error), [], [], false)
        }
    }
}

extension Node {
    /// Evidence against one log that a home keeps: what it proves is proven for good.
    static let evidencePerLogMax = 4

    private func evidenceFolder() -> String { home.path + "/evidence" }

    /// The files of evidence, by name; what cannot be read keeps the others from nothing.
    public func evidence() throws -> [EvidenceFile] {
        try evidenceNames(".equivocation").compactMap {
            try? EvidenceFile(checking: "\(evidenceFolder())/\($0)")
        }
    }

    /// The files of evidence that cannot be read, or prove nothing any more.
    public func damagedEvidence() throws -> [String] {
        try (evidenceNames(".equivocation") + evidenceNames(".contradiction")).sorted()
            .map { "\(evidenceFolder())/\($0)" }
            .filter { file in
                try NodeError.unlessDamaged { try EvidenceFile(checking: file) }?.isProven != true
            }
    }

    private func evidenceNames(_ suffix: String) throws -> [String] {
        try home.names(in: "evidence").filter { $0.hasSuffix(suffix) }.sorted()
    }

    /// Signed roots that contradict the history held here, by name.
    public func contradictions() throws -> [EvidenceFile] {
        try evidenceNames(".contradiction").compactMap {
            try? EvidenceFile(checking: "\(evidenceFolder())/\($0)")
        }
    }

    /// Compares a good head that an entry cites with the history held here.
    ///
    /// Where they contradict each other, that
    /// log's key has signed both: one proof of it is kept, and changes nothing of what counts until partners have found
    /// where the histories part.
    func compare(_ head: Head, with reader: LogReader, _ dataset: DatasetID, key: [UInt8]) throws {
        guard head.size <= reader.size, let cited = Digest(head.root) else { return }
        let root = try reader.root(at: head.size)
        guard root != cited else { return }
        let name = "\(head.origin)/\(dataset)"
        let path = "\(evidenceFolder())/\(Self.fileStem(name)).contradiction"
        if FileManager.default.fileExists(atPath: path) { return }
        let log = try NoteVerifier(name: name, publicKey: key)
        let text = Checkpoint(origin: name, size: head.size, root: cited).text
        let line = Base64.encode(log.keyID + head.signature)
        let contradiction = Contradiction(
            log: log, root: root,
            consistency: try MerkleProof.proveConsistency(old: head.size, new: reader.size) {
                try reader.subtree($0)
            }, first: Array("\(text)\n\u{2014} \(name) \(line)\n".utf8),
            second: reader.checkpoint)
        // A head that is not good contradicts nobody.
        guard (try? contradiction.verify()) != nil else { return }
        try DurableFile.replace(path, with: contradiction.file)
    }

    private static func fileStem(_ log: String) -> String {
        log.replacingOccurrences(of: "/", with: "_")
    }

    /// The forks that this home holds the proof of.
    func forks() throws -> KnownForks {
        let names = try home.names(in: "evidence")
        if let known = knownForks, known.names == names { return known.forks }
        var forks = KnownForks()
        for file in try evidence() where file.isProven {
            forks.note(file.log, prefix: file.prefix)
        }
        knownForks = (names, forks)
        return forks
    }

    /// Keeps evidence that shows a smaller common prefix than any before, durably, and takes back what
    /// does not count any more.
    ///
    /// - Parameter isNews: Whether this company's other nodes may not know it yet.
    /// - Returns: False if as small a prefix was proven before.
    @discardableResult
    func keep(_ evidence: Equivocation, isNews: Bool = true) throws -> Bool {
        var forks = try forks()
        guard forks.note(evidence.log.name, prefix: evidence.prefix) else { return false }
        let stem = Self.fileStem(evidence.log.name)
        let file = evidence.file
        let name = "\(stem)-\(SHA256Hasher.hash(file).hex.prefix(16)).equivocation"
        try DurableFile.replace("\(evidenceFolder())/\(name)", with: file)
        // What shows more shared entries has become superfluous.
        let old = try self.evidence().filter { $0.log == evidence.log.name && $0.isProven }
            .sorted { $0.prefix < $1.prefix }.dropFirst(Self.evidencePerLogMax)
        for file in old { try WholeFile.remove(file.path) }
        if isNews { try home.documents.tellEvidence(evidence.log.name) }
        let (_, dataset) = try Self.parts(of: evidence.log.name)
        try catchUp(dataset)
        return true
    }

    /// Takes evidence from a partner: it counts only for a log held here that the partner may read, by
    /// the key that the log itself introduced, and only if it proves what it says.
    ///
    /// - Returns: True if it was new.
    @discardableResult
    func take(evidence text: String, from partner: Origin) throws -> Bool {
        let evidence = try Equivocation(file: Array(text.utf8))
        try evidence.verify()
        let (member, dataset) = try Self.parts(of: evidence.log.name)
        guard try home.members(of: dataset).contains(member),
            try mayRead(member, dataset, by: partner),
            try logVerifier(member, dataset).logKey == evidence.log.publicKey
        else { return false }
        return try keep(evidence)
    }

    /// Takes evidence that another node of this company has kept: it counts for a log held here, by the key that the
    /// log itself introduced, and only if it proves what it says.
    ///
    /// - Returns: False where the log, or its key, is not here yet.
    func take(shared texts: [String], of log: String) throws -> Bool {
        let (member, dataset) = try Self.parts(of: log)
        guard try home.members(of: dataset).contains(member),
            let key = try logVerifier(member, dataset).logKey
        else { return false }
        // The smallest prefix comes last, so that each is kept.
        for text in texts.reversed() {
            let evidence = try Equivocation(file: Array(text.utf8))
            try evidence.verify()
            guard evidence.log.name == log, evidence.log.publicKey == key else {
                throw NodeError(
                    .unprovenHistory,
                    "evidence in the store accuses \(log), and is signed by another key",
                    hint: "nothing was taken; see countermark evidence on the company's other nodes"
                )
            }
            try keep(evidence, isNews: false)
        }
        return true
    }

    /// The evidence that concerns logs which an organisation may read.
    ///
    /// - Parameter known: What the organisation itself showed: only what adds to it is given.
    func evidence(for org: Origin, beyond known: [String] = []) throws -> [String] {
        var forks = KnownForks()
        for text in known {
            guard let finding = try? Equivocation(file: Array(text.utf8)).verify() else { continue }
            forks.note(finding)
        }
        return try evidence().sorted { $0.prefix < $1.prefix }.filter { file in
            guard file.isProven, let parts = try? Self.parts(of: file.log),
                try mayRead(parts.member, parts.dataset, by: org)
            else { return false }
            return forks.note(file.log, prefix: file.prefix)
        }.compactMap { try? String(contentsOfFile: $0.path, encoding: .utf8) }
    }

    /// What is to be done about a log of which a partner tells.
    func compare(
        _ offer: LogOffer, with partner: Origin
    ) throws -> SyncMachine.Comparison {
        let theirs = try Checkpoint(text: try SignedNote(Array(offer.checkpoint.utf8)).text)
        guard theirs.size == offer.size, theirs.origin == offer.origin else {
            throw NodeError(
                .badAnswer,
                "\(partner) offers \(offer.origin) under another checkpoint",
                hint: "is it a Countermark node of a matching version?")
        }
        let reader = try reader(of: offer.origin)
        let standing = try LogStanding.judge(theirs, held: reader.size) { try reader.root(at: $0) }
        // Before anybody is suspected, it is made sure that it is not our own disk.
        if standing == .otherHistory { try reader.requireWholeTree() }
        return SyncMachine.Comparison(
            standing: standing, held: reader.size,
            forkedAt: try forks().prefix(of: offer.origin))
    }

    /// Compares the log held here with another history of it, and keeps the proof if the log's key signed
    /// both.
    ///
    /// - Returns: True if it proved more than was known.
    /// - Throws: ``TileTree/Missing`` for a tile to fetch first; ``NodeError`` where the partner's tiles do not
    ///   lead to its checkpoint.
    @discardableResult
    func settle(_ log: String, with checkpoint: [UInt8], _ tiles: TileTree) throws -> Bool {
        try settle(log, with: .init(checkpoint: checkpoint) { try tiles.subtree($0) })
    }

    @discardableResult
    func settle(_ log: String, with theirs: Equivocation.Tree) throws -> Bool {
        let (member, dataset) = try Self.parts(of: log)
        let reader = try reader(of: log)
        guard reader.size > 0, let key = try logVerifier(member, dataset).logKey else {
            return false
        }
        // Before anybody is suspected, it is made sure that it is not our own disk.
        try reader.requireWholeTree()
        let ours = Equivocation.Tree(checkpoint: reader.checkpoint) { try reader.subtree($0) }
        do throws(any Error) {
            guard
                let evidence = try Equivocation.find(
                    log: try NoteVerifier(name: log, publicKey: key), ours, theirs)
            else { return false }
            return try keep(evidence)
        } catch let error as TransparencyLogError {
            // The tiles of entries that are whole may be damaged, and nobody else is to be asked for that.
            if let problem = try LogCheck.run(directory: reader.directory).first {
                throw LogStorageError.damaged(path: reader.directory, why: problem.what)
            }
            throw NodeError(
                .unprovenHistory,
                "a partner shows another history of \(log) that proves nothing: \(PlainError.line(error))",
                hint: "nothing was taken; ask the partner where it has the log from")
        }
    }

    /// True if this home holds the proof that a log signed two histories.
    func isForked(_ log: String) throws -> Bool { try forks().prefix(of: log) != nil }

    static func forked(_ log: String) -> NodeError {
        NodeError(
            .equivocation, "\(log) has signed two histories",
            hint: "see countermark evidence; call the partner: nothing more of this log is merged")
    }
}
