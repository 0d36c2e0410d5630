import LogStorage
import TransparencyLog

@testable import CompanyHome
@testable import CountermarkNode

/// Parts of logs as whole bundles in memory, as tests change them.
extension Node {
    func outgoing(
        _ log: String, from: UInt64
    ) throws -> (bundle: [UInt8], checkpoint: [UInt8], count: UInt64) {
        let reader = try reader(of: log)
        var bundle: [UInt8] = []
        try reader.forEachEntry(from: from, to: reader.size) { _, entry in
            try EntryBundle.append(entry, to: &bundle)
            return true
        }
        return (bundle, reader.checkpoint, reader.size - from)
    }

    /// A held log as a history to compare with.
    func tree(_ log: String) throws -> Equivocation.Tree {
        let reader = try reader(of: log)
        return Equivocation.Tree(checkpoint: reader.checkpoint) { try reader.subtree($0) }
    }

    @discardableResult
    func accept(
        _ log: String, from: UInt64, bundle: [UInt8], checkpoint: [UInt8]
    ) throws -> Int {
        let path = home.path + "/incoming/test.part"
        let spool = try EntrySpool(path: path)
        defer { spool.remove() }
        try bundle.withUnsafeBytes { try spool.append($0) }
        return try accept(log, from: from, checkpoint: checkpoint) {
            try spool.forEachBatch(bytesMax: 300, $0)
        }
    }
}
