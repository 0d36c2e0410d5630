import Foundation
import LogStorage
import Testing
import TransparencyLog

@Suite("A log's folder")
struct LogWriterTests {
    private struct Refused: Error {}

    @Test(
        "batches of any size across bundles, tiles and levels make the log that the definition says"
    )
    func batches() throws {
        let log = SampleLog()
        var size: UInt64 = 0
        for count in [1, 254, 1, 1, 255, 256, 257, 3, 700, 2] as [UInt64] {
            size += count
            try log.grow(to: size)
            #expect(try log.problems(size: size) == [])
        }
    }

    @Test("more than 65,536 entries make a third level")
    func thirdLevel() throws {
        let log = SampleLog()
        try log.grow(to: 65_530)
        try log.grow(to: 65_540)
        #expect(try log.problems(size: 65_540) == [])
        let tiles = try log.files().keys
        #expect(tiles.contains { $0.hasPrefix("tile/2/") })
    }

    @Test("staged entries are seen by nobody until they are published")
    func staging() throws {
        let log = SampleLog()
        try log.grow(to: 200)
        let writer = try log.writer()
        for start in stride(from: UInt64(200), to: 1_400, by: 100) {
            try writer.stage(try SampleLog.batch(start..<start + 100))
            #expect(try LogReader(directory: log.directory).size == 200)
        }
        #expect(writer.stagedSize == 1_400)
        try writer.publish(note: SampleLog.note)
        writer.close()
        #expect(try log.problems(size: 1_400) == [])
    }

    @Test("what is staged and dropped, or refused by the note, leaves no trace")
    func dropping() throws {
        let log = SampleLog()
        try log.grow(to: 200)
        let before = try log.files()
        let writer = try log.writer()
        try writer.stage(try SampleLog.batch(200..<1_300))
        writer.discardStaged()
        #expect(try log.files() == before)
        try writer.stage(try SampleLog.batch(200..<900))
        #expect(throws: Refused.self) { try writer.publish { _, _ in throw Refused() } }
        #expect(try log.files() == before)
        try writer.append(try SampleLog.batch(200..<201), note: SampleLog.note)
        writer.close()
        #expect(try log.problems(size: 201) == [])
    }

    @Test("a second writer waits for the lock, then says who holds what")
    func lock() throws {
        let log = SampleLog()
        try log.grow(to: 1)
        let first = try log.writer()
        defer { first.close() }
        #expect(throws: LogStorageError.locked(path: log.directory + "/lock", seconds: 0.05)) {
            try log.writer(lockTimeoutSeconds: 0.05)
        }
    }

    @Test("a missing bundle, a cut one and a cut tile are named")
    func damage() throws {
        let log = SampleLog()
        try log.grow(to: 600)
        let whole = try log.files()
        for path in ["tile/entries/001", "tile/0/001", "tile/1/000.p/2"] {
            var files = whole
            files[path] = nil
            try log.replace(with: files)
            #expect(
                try LogCheck.run(directory: log.directory).contains { $0.what.contains(path) },
                "\(path) missing")
            files = whole
            files[path]?.removeLast()
            try log.replace(with: files)
            #expect(
                try LogCheck.run(directory: log.directory).contains { $0.what.contains(path) },
                "\(path) cut")
        }
    }
}
