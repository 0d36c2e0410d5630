import AnnotationModel
import Foundation
import LogStorage
import Provenance
import Signing
import TransparencyLog

/// A file of evidence in a home, and what it shows.
public struct EvidenceFile: Sendable {
    /// The file.
    public let path: String
    /// The log that is accused.
    public let log: String
    /// In which way its histories differ: `same-size` or `rewritten`.
    public let kind: String
    /// The sizes of the two checkpoints.
    public let sizes: [UInt64]
    /// Their roots.
    public let roots: [Digest]
    /// True if the file proves it by itself.
    public let isProven: Bool

    /// Checks a file from nothing but itself.
    ///
    /// - Throws: ``NodeError`` if it cannot be read or is no evidence file.
    public init(checking path: String) throws {
        guard let handle = FileHandle(forReadingAtPath: path),
            let data = try handle.read(upToCount: Equivocation.bytesMax + 1)
        else {
            throw NodeError(
                .failed, "no-evidence", "\(path) cannot be read", hint: "check the path")
        }
        let evidence = try Equivocation(file: Array(data))
        self.path = path
        log = evidence.log.name
        do throws(TransparencyLogError) {
            let finding = try evidence.verify()
            kind = finding.kind == .sameSize ? "same-size" : "rewritten"
            sizes = [finding.first.size, finding.second.size]
            roots = [finding.first.root, finding.second.root]
            isProven = true
        } catch {
            (kind, sizes, roots, isProven) = ("\(error)", [], [], false)
        }
    }
}

extension Node {
    /// Evidence against one log that a home keeps: what it proves is proven for good.
    static let evidencePerLogMax = 4

    private func evidenceFolder() -> String { home.path + "/evidence" }

    /// The files of evidence, by name.
    public func evidence() throws -> [EvidenceFile] {
        let names = try FileManager.default.contentsOfDirectory(atPath: evidenceFolder())
        return try names.filter { $0.hasSuffix(".equivocation") }.sorted().map {
            try EvidenceFile(checking: "\(evidenceFolder())/\($0)")
        }
    }

    private static func fileStem(_ log: String) -> String {
        log.replacingOccurrences(of: "/", with: "_")
    }

    /// True if this home holds the proof that a log signed two histories.
    func isForked(_ log: String) -> Bool {
        let names = try? FileManager.default.contentsOfDirectory(atPath: evidenceFolder())
        return names?.contains {
            $0.hasPrefix(Self.fileStem(log) + "-") && $0.hasSuffix(".equivocation")
        } ?? false
    }

    /// Keeps evidence; the same once.
    func keep(_ evidence: Equivocation) throws {
        let file = evidence.file
        let stem = Self.fileStem(evidence.log.name)
        let names = try FileManager.default.contentsOfDirectory(atPath: evidenceFolder())
        guard names.count(where: { $0.hasPrefix(stem + "-") }) < Self.evidencePerLogMax else {
            return
        }
        let name = "\(stem)-\(SHA256Hasher.hash(file).hex.prefix(16)).equivocation"
        try Data(file).write(
            to: URL(fileURLWithPath: "\(evidenceFolder())/\(name)"), options: .atomic)
    }

    /// Takes evidence from a partner: it counts only for a log held here, by the key that the log itself
    /// introduced, and only if it proves what it says.
    ///
    /// - Returns: True if it was new.
    func take(evidence text: String) throws -> Bool {
        let evidence = try Equivocation(file: Array(text.utf8))
        try evidence.verify()
        let (member, dataset) = try Self.parts(of: evidence.log.name)
        guard home.members(of: dataset).contains(member), !isForked(evidence.log.name),
            try logVerifier(member, dataset).logKey == evidence.log.publicKey
        else { return false }
        try keep(evidence)
        return true
    }

    /// The evidence that concerns logs which an organisation may read.
    func evidence(for org: Origin) throws -> [String] {
        try evidence().filter { file in
            guard file.isProven, let parts = try? Self.parts(of: file.log) else { return false }
            return try mayRead(parts.member, parts.dataset, by: org)
        }.map { try String(contentsOfFile: $0.path, encoding: .utf8) }
    }

    /// Compares a partner's view of a log with ours, where it is not longer: two roots are two histories.
    func compare(_ offer: LogOffer) throws {
        let (member, dataset) = try Self.parts(of: offer.origin)
        if isForked(offer.origin) { throw Self.forked(offer.origin) }
        let note = Array(offer.checkpoint.utf8)
        let theirs = try Checkpoint(text: try SignedNote(note).text)
        let reader = try reader(of: offer.origin)
        guard theirs.size <= reader.size, theirs.size > 0,
            try reader.root(at: theirs.size) != theirs.root,
            let key = try logVerifier(member, dataset).logKey
        else { return }
        let fork =
            try theirs.size == reader.size
            ? nil
            : Equivocation.Fork(old: theirs.size, new: reader.size) { try reader.subtree($0) }
        try accuse(offer.origin, key, reader.checkpoint, note, fork)
    }

    /// Compares the log held here with a longer tree that a partner holds.
    ///
    /// - Parameter theirs: The partner's tiles, as it served them.
    func compare(_ log: String, withTilesOf theirs: LogReader) throws {
        let (member, dataset) = try Self.parts(of: log)
        let reader = try reader(of: log)
        guard reader.size > 0, reader.size < theirs.size,
            let key = try logVerifier(member, dataset).logKey
        else { return }
        let fork = try Equivocation.Fork(old: reader.size, new: theirs.size) {
            try theirs.subtree($0)
        }
        try accuse(log, key, reader.checkpoint, theirs.checkpoint, fork)
    }

    /// Keeps the evidence, if it is one, and throws; a note that the log's key did not sign accuses nobody.
    private func accuse(
        _ log: String, _ key: [UInt8], _ ours: [UInt8], _ theirs: [UInt8],
        _ fork: Equivocation.Fork?
    ) throws {
        let verifier = try NoteVerifier(name: log, publicKey: key)
        guard (try? Checkpoint.open(theirs, verifier: verifier, origin: log)) != nil else { return }
        try keep(try Equivocation(log: verifier, ours, theirs, fork: fork))
        throw Self.forked(log)
    }

    static func forked(_ log: String) -> NodeError {
        NodeError(
            .failed, "equivocation", "\(log) has signed two histories",
            hint: "see countermark evidence; call the partner: nothing more of this log is merged")
    }
}
