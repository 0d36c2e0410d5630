import AnnotationModel
import CompanyHome
import DatasetReading
import Foundation
import LogStorage
import PlainErrors
import Provenance
import Signing
import TransparencyLog

extension Node {
    /// The organisations whose log of a dataset is or was here.
    func membersToCheck(_ dataset: DatasetID) throws -> [Origin] {
        var members = Set(
            try read(dataset) { $0.state.logs.values.filter { $0.stored > 0 }.map(\.origin) })
        members.formUnion(try home.members(of: dataset))
        for name in try DurableFile.names(in: "\(home.path)/logs") {
            guard let member = try? Origin(name) else { continue }
            // A lock or what a crash left is no log.
            let folder = home.logFolder(member, dataset)
            if try DurableFile.isThere(folder + "/tile") { members.insert(member) }
        }
        if try home.signedHeads(dataset).all().contains(where: { $0.size > 0 }) {
            members.insert(home.origin)
        }
        return members.sorted()
    }

    /// What is wrong with a log's files; nil if they are whole.
    func damage(of log: String) throws -> String? {
        let (member, dataset) = try Self.parts(of: log)
        let ticker = ticker()
        ticker.begin(.checking, of: (try? home.log(member, dataset)).map { Int(clamping: $0.size) })
        let problems = try LogCheck.run(
            directory: home.logFolder(member, dataset), onBundle: { try ticker.count($0) })
        ticker.end()
        if let problem = problems.first { return problem.what }
        let reader: LogReader
        do {
            reader = try self.reader(of: log)
        } catch LogStorageError.damaged(let path, let why) {
            // Whole in itself, and another log: its folder has taken this one's place.
            return "\(path) is damaged: \(why)"
        }
        if let short = try shortLogs(dataset).first(where: { $0.log == log }) {
            return "\(short.error)"
        }
        guard member == home.origin else {
            if reader.size > 0, try authentic(reader.checkpoint, log) == nil {
                return "\(reader.directory)/checkpoint was not signed by the log's key"
            }
            return nil
        }
        let last = try knownOwnHeads(dataset).max { $0.size < $1.size }
        if let last, last.size > reader.size {
            return "its key has signed \(last.size) entries, and \(reader.size) are here"
        }
        if reader.size > 0, try authentic(reader.checkpoint, log) == nil {
            return "\(reader.directory)/checkpoint was not signed by this organisation's key"
        }
        return nil
    }

    func reader(lenient log: String) throws -> String {
        let (member, dataset) = try Self.parts(of: log)
        return home.logFolder(member, dataset)
    }

    /// A checkpoint with the log's own signature alone; nil if the log's key did not sign it.
    func authentic(_ note: [UInt8], _ log: String) throws -> [UInt8]? {
        let (member, dataset) = try Self.parts(of: log)
        let held = try read(dataset) { merge in
            merge.state.number(member).flatMap { merge.state.logKeys[$0] }
        }
        guard let key = try held ?? pinnedLogKey(member, dataset) else { return nil }
        let verifier = try NoteVerifier(name: log, publicKey: key)
        guard (try? Checkpoint.open(note, verifier: verifier, origin: log)) != nil else {
            return nil
        }
        return try Self.plain(note, of: [verifier])
    }

    /// The checkpoints of a log that its key signed and that are at hand, the one to go back to first.
    ///
    /// Of the own log that is the one with the most entries; of others the one that lies there, if it is whole.
    func goodCheckpoints(_ log: String) throws -> [[UInt8]] {
        let (member, dataset) = try Self.parts(of: log)
        let folder = home.logFolder(member, dataset)
        var notes: [[UInt8]] = []
        let there = try NodeError.unlessDamaged { try LogReader(directory: folder) }
        if let present = there, present.size > 0,
            let plain = try authentic(present.checkpoint, log)
        {
            notes.append(plain)
        }
        if member == home.origin {
            notes += try knownOwnHeads(dataset).map(\.note).filter { !$0.isEmpty }
        } else if notes.isEmpty {
            let cosigned =
                try NodeError.unlessDamaged {
                    try CosignedCheckpoint.read(directory: folder).notes
                } ?? []
            let witnessed =
                try NodeError.unlessDamaged { try home.witnessRegister.latest(of: log) } ?? nil
            notes = try (cosigned + [witnessed].compactMap { $0 })
                .compactMap { try authentic($0, log) }
        }
        let sized = try notes.map { (try Self.size(of: $0), $0) }
        return sized.sorted { $0.0 > $1.0 }.map(\.1)
    }
}
