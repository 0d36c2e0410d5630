import Signing
import TransparencyLog

@testable import LogStorage

/// A log whose entries follow from their index, with checkpoints that a fixed line stands under: what
/// a signature says is for other tests.
enum SampleLog {
    static let origin = "acme.example/oem.example/boards"
    static let directory = "/logs/acme"

    static func entry(_ index: UInt64) -> [UInt8] {
        Array("entry \(index)".utf8.prefix(Int(index % 13) + 2))
            + [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: Int(index % 7))
    }

    static func batch(_ indexes: Range<UInt64>, length: Int? = nil) throws -> EntryBatch {
        var batch = EntryBatch()
        var hasher = TreeHasher()
        for index in indexes {
            let bytes =
                length.map { [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: $0) }
                ?? entry(index)
            try bytes.withUnsafeBytes { try batch.append($0, &hasher) }
        }
        return batch
    }

    static func note(_ size: UInt64, _ root: Digest) -> [UInt8] {
        let text = Checkpoint(origin: origin, size: size, root: root).text
        return Array("\(text)\n\u{2014} \(origin) AAAAAAAAAAAA\n".utf8)
    }

    static func root(_ size: UInt64) throws -> Digest {
        var hasher = TreeHasher()
        return hasher.root(try batch(0..<size).leaves)
    }

    static func writer(
        _ files: any FileOperations, _ directory: String = SampleLog.directory
    ) throws -> LogWriter {
        try LogWriter(
            directory: directory, origin: try LogOrigin(origin), lockTimeoutSeconds: 0, files: files
        )
    }

    /// Every problem of the log on a disk that should have `size` entries at rest.
    static func problems(
        _ files: any FileOperations, size: UInt64, _ directory: String = SampleLog.directory
    ) throws -> [String] {
        var problems = LogCheck.run(
            directory: directory, files: files, recovers: false, verify: { _ in }
        ).map(\.what)
        let reader = try LogReader(directory: directory, files: files)
        if reader.size != size { problems.append("size \(reader.size), not \(size)") }
        try reader.forEachEntry(from: 0, to: reader.size) { index, bytes in
            if !bytes.elementsEqual(entry(index)) { problems.append("entry \(index) is another") }
            return true
        }
        return problems
    }
}
