import AnnotationModel
import LogStorage
import Provenance
import Replication
import Signing
import TransparencyLog

extension Node {
    /// Keeps a log's checkpoint if its last entry changes who may read the log.
    func keepBound(_ log: String) throws {
        let reader = try reader(of: log)
        guard reader.size > 0, reader.checkpoint.count <= LogBounds.noteBytesMax else { return }
        let last = newest?.log == log ? newest?.piece.last : nil
        let isBound =
            last?.index == reader.size - 1
            ? try last?.content?.changesReaders() ?? false : try Self.changesReaders(reader)
        guard isBound else { return }
        var notes = LogBounds.read(directory: reader.directory)
        guard notes.count < LogBounds.countMax,
            try notes.allSatisfy({ try Self.size(of: $0) < reader.size })
        else { return }
        notes.append(reader.checkpoint)
        try LogBounds.write(notes, directory: reader.directory)
    }

    /// Whether a log's last entry changes who may read the log.
    static func changesReaders(_ reader: LogReader) throws -> Bool {
        guard reader.size > 0 else { return false }
        return try reader.entry(at: reader.size - 1).withUnsafeBytes { entry in
            let statement = try COSESign1.parse(entry)
            return try ChangesetView(statement.payload(in: entry)).acts().contains {
                if case .setAudience = $0.act { true } else { false }
            }
        }
    }

    static func size(of note: [UInt8]) throws -> UInt64 {
        try Checkpoint(text: try SignedNote(note).text).size
    }

    /// The checkpoints at which a transfer of a log has to stop, each with its size, ascending.
    func bounds(of log: String) throws -> [(size: UInt64, note: [UInt8])] {
        try LogBounds.read(directory: try reader(of: log).directory).map {
            (try Self.size(of: $0), $0)
        }
    }

    /// What an organisation that is kept out of a log is served of it.
    ///
    /// The log up to and including the act that says so, under the checkpoint that ends there; nil for whoever may
    /// read all of it, or nothing.
    func beginning(
        of member: Origin, _ dataset: DatasetID, for org: Origin
    ) throws -> (size: UInt64, note: [UInt8])? {
        let state = try mergedState(dataset)
        guard state.membership.isMember(org), let end = state.exclusion(of: org, from: member)
        else { return nil }
        return try bounds(of: "\(member)/\(dataset)").first { $0.size == end + 1 }
    }
}
