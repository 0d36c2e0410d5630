import Foundation
import LogStorage
import Testing
import TransparencyLog

@Suite("Edges that a process knows")
struct LogEdgesTests {
    private let log = SampleLog()
    private let edges = LogEdges()

    /// Opens the log with what is known of it.
    ///
    /// - Returns: Whether the folder was read anew.
    private func open(owner: [UInt8] = []) throws -> (writer: LogWriter, isRead: Bool) {
        var isRead = false
        let writer = try LogWriter(
            directory: log.directory, lockTimeoutSeconds: 0, edges: (edges, owner)
        ) { isRead = true }
        return (writer, isRead)
    }

    private func grow(to size: UInt64) throws -> Bool {
        let (writer, isRead) = try open()
        defer { writer.close() }
        try writer.append(try SampleLog.batch(writer.size..<size), note: SampleLog.note)
        return isRead
    }

    @Test("a log that is as it was left is not read again, whatever its size")
    func asLeft() throws {
        #expect(try grow(to: 1))
        var size: UInt64 = 1
        for count in [1, 253, 1, 1, 254, 256, 1, 255, 513, 700] as [UInt64] {
            size += count
            #expect(try !grow(to: size), "\(size) entries")
            #expect(try log.problems(size: size) == [])
        }
    }

    @Test("what another process has written, or begun to write, is found")
    func others() throws {
        for size in [5, 200, 255, 256, 257, 512] as [UInt64] {
            let from = try LogReader(directory: log.directory).size
            _ = try grow(to: from + size)
            try log.grow(to: from + size + 1)
            #expect(try grow(to: from + size + 2))
            // One that was ended in the middle leaves the checkpoint as it was.
            for count in [1, 254, 256, 300] as [UInt64] {
                let held = try LogReader(directory: log.directory).size
                do {
                    let writer = try log.writer()
                    try writer.stage(try SampleLog.batch(held..<held + count))
                }
                #expect(try grow(to: held + 1), "\(held) entries and \(count)")
            }
            #expect(try log.problems(size: from + size + 6) == [])
        }
    }

    @Test("a tile or bundle that is gone or cut, and another checkpoint, are found")
    func damaged() throws {
        _ = try grow(to: 300)
        let whole = try log.files()
        for path in whole.keys.sorted() where path.contains(".p/") || path == "checkpoint" {
            var files = whole
            files[path] = path == "checkpoint" ? nil : files[path].map { Array($0.dropLast()) }
            try log.replace(with: files)
            var isRead = false
            _ = try? LogWriter(
                directory: log.directory, lockTimeoutSeconds: 0, edges: (edges, [])
            ) { isRead = true }
            #expect(isRead, "\(path)")
            try log.replace(with: whole)
            _ = try grow(to: 300)
        }
    }

    @Test("another owner, and a writer that has staged something, know nothing of it")
    func owners() throws {
        let (first, _) = try open(owner: [1])
        try first.append(try SampleLog.batch(0..<9), note: SampleLog.note)
        first.close()
        let (other, isRead) = try open(owner: [2])
        #expect(isRead)
        try other.stage(try SampleLog.batch(9..<20))
        other.close()
        #expect(try open(owner: [2]).isRead)
        // What the other one has left behind it is gone again.
        #expect(try !open(owner: [1]).isRead)
        #expect(try log.problems(size: 9) == [])
    }
}
