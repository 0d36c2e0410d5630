import LogStorage
import TransparencyLog

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
