import Foundation
import LogStorage
import Signing
import TransparencyLog

/// A log in a scratch folder whose entries follow from their index.
///
/// A fixed line stands under its checkpoints: what a signature says is for other tests.
final class SampleLog {
    static let origin = "acme.example/oem.example/boards"
    let directory: String

    init() {
        directory = NSTemporaryDirectory() + "countermark-log-\(UUID().uuidString)"
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    static func entry(_ index: UInt64) -> [UInt8] {
        let length = 1 + Int(index &* 2_654_435_761 % 97)
        return (0..<length).map { UInt8(truncatingIfNeeded: index &+ UInt64($0) &* 31) }
    }

    static func batch(_ indexes: Range<UInt64>) throws -> EntryBatch {
        var batch = EntryBatch()
        var hasher = TreeHasher()
        for index in indexes {
            try entry(index).withUnsafeBytes { try batch.append($0, leaf: hasher.leaf($0)) }
        }
        return batch
    }

    static func note(_ size: UInt64, _ root: Digest) -> [UInt8] {
        let text = Checkpoint(origin: origin, size: size, root: root).text
        return Array("\(text)\n\u{2014} \(origin) AAAAAAAAAAAA\n".utf8)
    }

    static func root(_ size: UInt64) throws -> Digest {
        var range = CompactRange()
        var hasher = TreeHasher()
        for leaf in try batch(0..<size).leaves { range.append(leaf, &hasher) }
        return range.root(&hasher)
    }

    func writer(lockTimeoutSeconds: Double = 0) throws -> LogWriter {
        try LogWriter(directory: directory, lockTimeoutSeconds: lockTimeoutSeconds)
    }

    /// Appends the entries up to a size.
    func grow(to size: UInt64) throws {
        let writer = try writer()
        defer { writer.close() }
        try writer.append(try Self.batch(writer.size..<size), note: Self.note)
    }

    /// What is wrong with the log, which should have `size` entries.
    func problems(size: UInt64) throws -> [String] {
        var problems = try LogCheck.run(directory: directory).map(\.what)
        let reader = try LogReader(directory: directory)
        if reader.size != size { problems.append("size \(reader.size), not \(size)") }
        if reader.statedRoot != (try Self.root(reader.size)) { problems.append("another root") }
        var next: UInt64 = 0
        try reader.forEachEntry(from: 0, to: reader.size) { index, bytes in
            if index != next || !bytes.elementsEqual(Self.entry(index)) {
                problems.append("entry \(index) is another")
            }
            next += 1
            return true
        }
        if next != reader.size { problems.append("\(next) entries came") }
        return problems
    }

    /// The files below the folder, by path, the lock left out.
    func files() throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: directory) {
            guard path != "lock",
                let data = FileManager.default.contents(atPath: "\(directory)/\(path)")
            else { continue }
            files[path] = Array(data)
        }
        return files
    }

    /// Makes the folder hold exactly these files.
    func replace(with files: [String: [UInt8]]) throws {
        try? FileManager.default.removeItem(atPath: directory)
        for (path, bytes) in files {
            let url = URL(fileURLWithPath: "\(directory)/\(path)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: url)
        }
    }
}
