import CompanyHome
import DatasetReading
import Glibc
import LogStorage
import PlainErrors
import TransparencyLog

/// What writing a log into a folder outside the home has done.
struct CopiedLog {
    /// Entries that were new there.
    let new: UInt64
    /// What of it was damaged there and was written anew; nil where all was whole.
    let renewed: String?
}

extension Node {
    /// Where damaged files of a folder outside the home are moved: nothing that is there is removed.
    func asideFolder(in folder: String) -> String { "\(folder)/damaged/\(now())-\(getpid())" }

    /// Writes a log into a folder outside the home.
    ///
    /// What is there of it is compared with its tree, and what is damaged is written anew: the home has it.
    ///
    /// - Parameter aside: The folder into which damaged files are moved.
    func copy(_ log: String, to folder: String, aside: String) throws -> CopiedLog {
        let reader = try reader(of: log)
        let renewed = try renewDamaged(log, folder, reader, aside)
        let writer = try LogWriter(
            directory: folder, lockTimeoutSeconds: Home.lockTimeoutSeconds)
        defer { writer.close() }
        guard writer.size <= reader.size, try reader.root(at: writer.size) == writer.root else {
            throw Self.otherHistory(log, folder)
        }
        let from = writer.size
        let ticker = ticker()
        ticker.begin(.sending, of: Int(clamping: reader.size - from))
        do {
            try reader.forEachBatch(from: from, to: reader.size) {
                try writer.stage($0)
                try ticker.count($0.count)
            }
        } catch {
            writer.discardStaged()
            throw error
        }
        ticker.end()
        try writer.publish { _, _ in reader.checkpoint }
        if writer.checkpoint != reader.checkpoint {
            // The root holds, and the signature is not what it was.
            try DurableFile.replace("\(folder)/checkpoint", with: reader.checkpoint)
        }
        let known = CosignedCheckpoint.readable(directory: reader.directory)
        if !known.entries.isEmpty {
            try CosignedCheckpoint.update(
                directory: folder, lockTimeoutSeconds: Home.lockTimeoutSeconds
            ) { set in
                defer { set = known }
                return set != known
            }
        }
        return CopiedLog(new: reader.size - from, renewed: renewed)
    }

    private static func otherHistory(_ log: String, _ folder: String) -> NodeError {
        NodeError(
            .otherHistory,
            "\(folder) holds another history of \(log), or more of it, than this home",
            hint: "carry it in first, or choose an empty folder")
    }

    /// Puts right what is damaged of a log's copy; returns what that was, or nil.
    private func renewDamaged(
        _ log: String, _ folder: String, _ reader: LogReader, _ aside: String
    ) throws -> String? {
        guard try DurableFile.isThere(folder) else { return nil }
        let found = try NodeError.unlessDamaged { try LogReader(directory: folder, of: log) }
        if let found, found.size > 0 {
            let isSame =
                try found.size <= reader.size && reader.root(at: found.size) == found.statedRoot
            if !isSame, try authentic(found.checkpoint, log) != nil {
                throw Self.otherHistory(log, folder)
            }
            if isSame {
                guard let problem = try problem(inCopy: folder, found.size) else { return nil }
                let mender = try LogMender(directory: folder, note: found.checkpoint)
                for tile in mender.wanted {
                    if let bytes = try reader.resource(tile.path) { _ = mender.take(tile, bytes) }
                }
                if mender.isComplete {
                    let files = try mender.finish(
                        aside: aside, lockTimeoutSeconds: Home.lockTimeoutSeconds)
                    return "\(problem); written anew: \(files.joined(separator: ", ")), and what "
                        + "was there lies in \(aside)"
                }
            }
        } else if found != nil, try problem(inCopy: folder, 0) == nil {
            return nil
        }
        // Under no checkpoint of this log, or too much of it, to be put right in its place.
        try DurableFile.move(folder, to: aside)
        return "all of it was written anew, and what was there lies in \(aside)"
    }

    /// What is wrong with a copy under its own checkpoint; nil if nothing is.
    private func problem(inCopy folder: String, _ size: UInt64) throws -> String? {
        let ticker = ticker()
        ticker.begin(.checking, of: Int(clamping: size))
        defer { ticker.end() }
        do {
            // What a copy that was broken off has left beyond the checkpoint is no damage.
            let writer = try LogWriter(
                directory: folder, lockTimeoutSeconds: Home.lockTimeoutSeconds)
            defer { writer.close() }
            return try LogCheck.run(directory: folder, onBundle: { try ticker.count($0) })
                .first?.what
        } catch let error as LogStorageError where !error.isOfSystem {
            return error.elsewhere("it was not what was written")
        }
    }
}
