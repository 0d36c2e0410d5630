import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import LogStorage
import PlainErrors
import Provenance
import Replication
import Signing
import TransparencyLog

/// Something that a verification found.
public struct VerificationProblem: Sendable, Equatable {
    /// The log, or the dataset for what concerns the label table.
    public let log: String
    /// The entry, where one can be named.
    public let index: UInt64?
    /// What is wrong.
    public let what: String
}

/// What a verification went through.
public struct VerificationReport: Sendable {
    /// Entries gone through.
    public var entries: UInt64 = 0
    /// Signatures that hold.
    public var signatures: UInt64 = 0
    /// What is wrong.
    public var problems: [VerificationProblem] = []
    /// What was found of each release.
    public var releases: [ReleaseFinding] = []
    /// What a reader should know, and what is not wrong here.
    public var notes: [String] = []

    /// A report of nothing yet.
    public init() {}

    /// A report that goes on with another one.
    public mutating func add(_ other: VerificationReport) {
        entries += other.entries
        signatures += other.signatures
        problems += other.problems
        releases += other.releases
        notes += other.notes
    }

    /// In words, for a verification that was ended.
    public var soFar: String {
        guard let first = problems.first else { return "\(signatures) signatures hold, no problem" }
        return "\(problems.count) problems, the first in \(first.log): \(first.what)"
    }
}

extension Node {
    /// Checks a dataset from the bytes: tiles, roots, checkpoint and entry signatures, certificates,
    /// that the label table is what the logs make of it, and that the releases are.
    ///
    /// Another process may merge, or make the label table anew, meanwhile; what is found then is looked at again.
    public func verify(_ dataset: DatasetID) throws -> VerificationReport {
        var tries = 0
        while true {
            let before = try progress(of: dataset)
            let report = try verifyOnce(dataset)
            tries += 1
            if report.problems.isEmpty || tries == Self.verifyTriesMax { return report }
            // The same before as after, and all that is here merged: nobody was at work.
            try catchUp(dataset)
            if try progress(of: dataset) == before { return report }
        }
    }

    private static let verifyTriesMax = 5

    /// What changes whenever the label table does.
    private struct TableProgress: Equatable {
        let digest: Digest
        let applied: [Int: UInt64]
        let rebuilt: Int64?
    }

    private func progress(of dataset: DatasetID) throws -> TableProgress {
        let rebuilt = try store.lastRebuild(dataset)?.ended
        return try read(dataset) { merge in
            TableProgress(
                digest: merge.state.digest, applied: merge.state.logs.mapValues(\.applied),
                rebuilt: rebuilt)
        }
    }

    private func verifyOnce(_ dataset: DatasetID) throws -> VerificationReport {
        var report = VerificationReport()
        do {
            try verifyOnce(dataset, &report)
        } catch let error as NodeError where error.code == .interrupted {
            throw NodeError(
                .interrupted, "\(error.message); \(dataset) so far: \(report.soFar)",
                hint: error.hint)
        }
        return report
    }

    private func verifyOnce(_ dataset: DatasetID, _ report: inout VerificationReport) throws {
        let members = try home.members(of: dataset)
        let ticker = ticker()
        // A log that cannot be read is a problem when it is its turn.
        ticker.begin(
            .checking,
            of: members.reduce(0) {
                $0 + Int(clamping: (try? home.log($1, dataset).size) ?? 0)
            })
        for member in members { try verifyLog(member, dataset, ticker, &report) }
        ticker.end()
        for (log, error) in try shortLogs(dataset) {
            report.problems.append(.init(log: log, index: nil, what: PlainError.line(error)))
        }
        report.problems += try verifyOwn(dataset, isNamed: !report.problems.isEmpty)
        if report.problems.isEmpty { try verifyTable(dataset, &report) }
        try verifyReleases(dataset, &report)
    }

    /// The roots that speak for a member of a dataset: those that the operator pinned, and those that
    /// the steward's log pins.
    public func roots(of member: Origin, _ dataset: DatasetID) throws -> [Certificate] {
        let pinned = try home.roots(of: member)
        let governed = try mergedState(dataset).membership.members[member]?.roots ?? []
        return pinned
            + governed.compactMap { try? Certificate(der: $0) }.filter { !pinned.contains($0) }
    }

    /// What keeps this organisation from going on with its own log.
    ///
    /// - Parameter isNamed: Whether damage of the log was found already.
    private func verifyOwn(
        _ dataset: DatasetID, isNamed: Bool
    ) throws -> [VerificationProblem] {
        let log = "\(home.origin)/\(dataset)"
        var problems: [VerificationProblem] = []
        func add(_ what: String) { problems.append(.init(log: log, index: nil, what: what)) }
        if let prefix = try forks().prefix(of: log) {
            add("its key has signed two histories; only the first \(prefix) entries count")
        }
        for head in try home.signedHeads(dataset).all() where !head.isWhole {
            add(
                "\(head.path) is damaged; the next label that is written replaces it, and until "
                    + "then its name alone says how much was signed")
        }
        let reader = try? home.log(home.origin, dataset)
        let held = reader?.size ?? 0
        // Without the log's key nothing can be said of what it signed.
        for head in (try? knownOwnHeads(dataset)) ?? [] {
            if head.size > held {
                add("its key has signed \(head.size) entries, and \(held) are here")
                break
            }
            guard let root = head.root, let reader else { continue }
            do {
                if try reader.root(at: head.size) != root {
                    add("its key has signed another root at \(head.size) entries")
                }
            } catch {
                // A damaged tile is named with the log it lies in.
                if isNamed { continue }
                add(PlainError.line(error))
            }
        }
        if try home.lostLogs().contains(dataset) {
            add(
                "nothing of it is here any more, and its key has signed entries of it; "
                    + "run countermark sync, then countermark repair")
        }
        let hasPartners = try home.hasPartners()
        if held > 0, hasPartners, home.place == .moved {
            add(
                "the home was copied, moved or restored, and no partner was asked since; "
                    + "run countermark sync")
        }
        return problems
    }

    private func verifyLog(
        _ member: Origin, _ dataset: DatasetID, _ ticker: ProgressTicker,
        _ report: inout VerificationReport
    ) throws {
        let name = "\(member)/\(dataset)"
        let folder = home.logFolder(member, dataset)
        var problems = try LogCheck.run(directory: folder, onBundle: { _ in try ticker.check() })
            .map {
                VerificationProblem(log: name, index: $0.entry, what: $0.what)
            }
        defer { report.problems += problems }
        guard let reader = try? LogReader(directory: folder) else { return }
        var verifier = LogVerifier(
            member: member, dataset: dataset, roots: try roots(of: member, dataset))
        let cose = COSEVerifier()
        do {
            try reader.forEachEntry(from: 0, to: reader.size) { index, entry in
                report.entries += 1
                try ticker.count()
                do {
                    _ = try verifier.verify(entry, index: index, with: cose)
                    report.signatures += 1
                } catch {
                    problems.append(.init(log: name, index: index, what: PlainError.line(error)))
                }
                return problems.count < 1_000
            }
        } catch let error as NodeError where error.code == .interrupted {
            throw error
        } catch {
            if problems.isEmpty {
                problems.append(.init(log: name, index: nil, what: PlainError.line(error)))
            }
        }
        do {
            guard let logKey = verifier.logKey else {
                if problems.isEmpty {
                    problems.append(
                        .init(log: name, index: 0, what: "no entry introduces the log's key"))
                }
                return
            }
            let key = try NoteVerifier(name: name, publicKey: logKey)
            _ = try Checkpoint.open(reader.checkpoint, verifier: key, origin: name)
            if problems.isEmpty {
                problems += try verifyCosignatures(member, dataset, key, reader)
            }
        } catch {
            problems.append(
                .init(log: name, index: nil, what: "checkpoint: \(PlainError.line(error))"))
        }
    }

    /// Checks the cosignatures at rest: each under a checkpoint of this log, by a key that a member introduced.
    private func verifyCosignatures(
        _ member: Origin, _ dataset: DatasetID, _ log: NoteVerifier, _ reader: LogReader
    ) throws -> [VerificationProblem] {
        func problem(_ what: String) -> VerificationProblem {
            .init(log: log.name, index: nil, what: "cosigned: \(what)")
        }
        let set: CosignatureSet
        do throws(LogStorageError) {
            set = try CosignedCheckpoint.read(directory: reader.directory)
        } catch {
            return [problem(PlainError.line(error))]
        }
        let witnesses = try witnessRoster(dataset, of: member)
        var introduced: [String: WitnessRoster] = [:]
        // A key may have ceased to count, with a fork or a cut, after it signed what is kept.
        func isOfEarlier(_ line: CosignatureSet.Line, text: [UInt8]) throws -> Bool {
            if introduced[line.name] == nil {
                introduced[line.name] = try introducedWitness(line.name, dataset)
            }
            return introduced[line.name]?.verifies(line.signature, text: text) ?? false
        }
        var problems: [VerificationProblem] = []
        for entry in set.entries {
            do {
                let checkpoint = try Checkpoint.open(
                    entry.note(with: []), verifier: log, origin: log.name)
                for line in entry.lines
                where try !witnesses.verifies(line.signature, text: entry.text)
                    && !isOfEarlier(line, text: entry.text)
                {
                    problems.append(
                        problem("a line of \(line.name) at \(entry.size) entries is nobody's"))
                }
                if checkpoint.size > reader.size {
                    problems.append(
                        problem("witnesses saw \(checkpoint.size) entries, \(reader.size) are here")
                    )
                } else if try reader.root(at: checkpoint.size) != checkpoint.root {
                    problems.append(problem("another root at \(checkpoint.size) entries"))
                }
            } catch {
                problems.append(problem(PlainError.line(error)))
            }
        }
        return problems
    }

    /// All witness keys that an organisation's log has ever introduced, whatever they count for.
    private func introducedWitness(_ name: String, _ dataset: DatasetID) throws -> WitnessRoster {
        guard let origin = try? Origin(name), try home.members(of: dataset).contains(origin) else {
            return WitnessRoster([])
        }
        var keys: [[UInt8]] = []
        try forEachChangeset(dataset, of: origin) { _, _, _, view in
            for (_, act) in try view.acts() {
                if case .addWitness(let key) = act { keys.append(key) }
            }
        }
        return WitnessRoster([.init(name: name, keys: keys)])
    }

    /// Replays the logs into a table of its own and compares the digests: of the replay, of the running
    /// sum, and of the rows as they stand.
    ///
    /// What partners bring and commands write meanwhile is no difference: both have to be equally far.
    private func verifyTable(_ dataset: DatasetID, _ report: inout VerificationReport) throws {
        let replay = try Node(replaying: self)
        for _ in 0..<Self.replaysMax {
            try catchUp(dataset)
            let (state, rows) = try read(dataset) { merge in
                (merge.state, try store.recomputedSum(dataset) { try $0(merge) })
            }
            if rows != state.sum {
                report.problems.append(
                    .init(
                        log: dataset.description, index: nil,
                        what: "the label table's rows do not add up to its digest; "
                            + "run countermark rebuild"))
            }
            try replay.catchUp(dataset)
            let other = try replay.mergedState(dataset)
            if other.digest == state.digest { return }
            if Self.applied(other) != Self.applied(state), rows == state.sum { continue }
            report.problems.append(
                .init(
                    log: dataset.description, index: nil,
                    what: "a replay of the logs gives the digest \(other.digest.hex), the table "
                        + "\(state.digest.hex); run countermark rebuild"))
            return
        }
        report.problems.append(
            .init(
                log: dataset.description, index: nil,
                what:
                    "the label table was never as far as a replay of the logs, which grow all the time; "
                    + "run countermark verify again"))
    }

    /// A replay goes on with what has come meanwhile; somebody who adds for ever cannot keep the check from its end.
    private static let replaysMax = 20

    private static func applied(_ state: MergeState) -> [Origin: UInt64] {
        Dictionary(uniqueKeysWithValues: state.logs.values.map { ($0.origin, $0.applied) })
    }
}
