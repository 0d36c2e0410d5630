import Dispatch
import Foundation
import LogStorage
import Testing
import TransparencyLog

@Suite("Damage in a log's folder")
struct DamageTests {
    @Test(
        "any flipped bit of an entry or a tile is noticed when the entries are read, or changes nothing that is read"
    )
    func flips() throws {
        let log = SampleLog()
        try log.grow(to: 600)
        let whole = try log.files()
        var random = SeededGenerator(seed: 7)
        for path in whole.keys.sorted() where path.hasPrefix("tile/") {
            for _ in 0..<12 {
                var files = whole
                guard let count = files[path]?.count else { continue }
                let place = Int(random.next() % UInt64(count))
                files[path]?[place] ^= 1 << UInt8(random.next() % 8)
                try log.replace(with: files)
                let reader = try LogReader(directory: log.directory)
                do {
                    try reader.forEachEntry(from: 0, to: 600) { index, entry in
                        #expect(entry.elementsEqual(SampleLog.entry(index)), "\(path) \(place)")
                        return true
                    }
                } catch LogStorageError.damaged {
                    continue
                }
            }
        }
    }

    @Test("a length that is another names no entry of the next bundle")
    func lengths() throws {
        let log = SampleLog()
        try log.grow(to: 300)
        let whole = try log.files()
        let name = try #require(whole.keys.first { $0.hasSuffix("entries/000") })
        for index in [0, 1, 100, 253, 254, 255] as [UInt64] {
            let start = (0..<index).reduce(0) { $0 + 2 + SampleLog.entry($1).count }
            var files = whole
            for bit in 0..<7 as Range<UInt8> {
                files[name] = whole[name]
                files[name]?[start + 1] ^= 1 << bit
                try log.replace(with: files)
                let named = try LogCheck.run(directory: log.directory).compactMap(\.entry)
                #expect(!named.isEmpty, "the length of entry \(index)")
                #expect(named.allSatisfy { $0 >= index && $0 < 256 }, "\(index): \(named)")
            }
        }
    }

    @Test("what is damaged is put back byte for byte and kept aside, what is whole is not touched")
    func mending() throws {
        let log = SampleLog()
        try log.grow(to: 600)
        let whole = try log.files()
        let note = try LogReader(directory: log.directory).checkpoint
        let aside = log.directory + "-aside"
        defer { try? FileManager.default.removeItem(atPath: aside) }
        for path in whole.keys.sorted() {
            for harm in [[UInt8](), nil] {
                var files = whole
                files[path] = harm
                try log.replace(with: files)
                let mender = try LogMender(directory: log.directory, note: note)
                for tile in mender.wanted {
                    #expect(!mender.take(tile, [0, 1, 2]))
                    #expect(mender.take(tile, try #require(whole[tile.path])))
                }
                #expect(mender.wanted.isEmpty && mender.isComplete, "\(path)")
                let put = try mender.finish(aside: aside, lockTimeoutSeconds: 0)
                #expect(put == [path])
                #expect(try log.files() == whole)
            }
        }
    }

    @Test("a bundle of another log is not taken for the right one")
    func another() throws {
        let log = SampleLog()
        try log.grow(to: 300)
        var files = try log.files()
        let note = try LogReader(directory: log.directory).checkpoint
        let entries = try #require(files.keys.first { $0.hasPrefix("tile/entries/001") })
        let tile = try #require(files.keys.first { $0.hasPrefix("tile/0/001") })
        let other = try SampleLog.batch(0..<44).bytes
        (files[entries], files[tile]) = (nil, nil)
        try log.replace(with: files)
        let mender = try LogMender(directory: log.directory, note: note)
        let wanted = try #require(mender.wanted.first)
        // Without the tile only the root tells.
        #expect(mender.take(wanted, other) && !mender.isComplete)
        mender.forget()
        #expect(mender.take(wanted, try SampleLog.batch(256..<300).bytes) && mender.isComplete)
    }

    @Test("files that are written at once by many are whole, and leave nothing behind")
    func atOnce() throws {
        let log = SampleLog()
        try log.grow(to: 1)
        let path = log.directory + "/small"
        DispatchQueue.concurrentPerform(iterations: 64) { number in
            let bytes = [UInt8](repeating: UInt8(number), count: 4_000)
            #expect(throws: Never.self) { try DurableFile.replace(path, with: bytes) }
        }
        let found = try #require(try DurableFile.read(path))
        #expect(found.count == 4_000 && Set(found).count == 1)
        #expect(!(try DurableFile.names(in: log.directory)).contains { $0.hasSuffix(".tmp") })
    }

    @Test(
        "the record of what was signed keeps the largest of each kind, a damaged file still says how much"
    )
    func record() throws {
        let log = SampleLog()
        let heads = SignedHeads(folder: log.directory)
        try heads.begin()
        for size in [1, 2, 5] as [UInt64] {
            try heads.keep(
                SampleLog.note(size, try SampleLog.root(size)), size: size, isOwn: true)
        }
        try heads.keep(SampleLog.note(4, try SampleLog.root(4)), size: 4, isOwn: false)
        #expect(try heads.all().map(\.size) == [4, 5] && !heads.all().contains { !$0.isInPlace })
        try Data("x".utf8).write(to: URL(fileURLWithPath: log.directory + "/5.own"))
        let last = try #require(heads.all().last)
        #expect(last.size == 5 && last.root == nil && !last.isInPlace && !last.isWhole)
    }

    @Test(
        "no bit of a record can be changed unnoticed, and one of an earlier version counts as whole"
    )
    func recordBits() throws {
        let log = SampleLog()
        let heads = SignedHeads(folder: log.directory)
        try heads.keep(SampleLog.note(3, try SampleLog.root(3)), size: 3, isOwn: false)
        let url = URL(fileURLWithPath: log.directory + "/3.seen")
        let whole = try Data(contentsOf: url)
        #expect(try #require(heads.all().last).isWhole)
        for place in whole.indices {
            var changed = whole
            changed[place] ^= 1 << UInt8(place % 8)
            // In place: another file would be a copy.
            let file = try FileHandle(forWritingTo: url)
            try file.write(contentsOf: changed)
            try file.close()
            #expect(try !#require(heads.all().last).isWhole, "byte \(place)")
        }
        let line = try #require(whole.firstIndex(of: 0x0a))
        let old = whole[..<line].split(separator: 0x20).dropLast(2).joined(separator: [0x20])
        try (Data(old) + whole[line...]).write(to: url)
        let read = try #require(heads.all().last)
        #expect(read.isWhole && read.root != nil)
    }

    @Test("a bundle whose lengths are damaged is not cut where they say that it ends")
    func damagedLengths() throws {
        let log = SampleLog()
        try log.grow(to: 5)
        var files = try log.files()
        let name = try #require(files.keys.first { $0.hasPrefix("tile/entries/") })
        var bundle = try #require(files[name])
        // Five empty entries, and then all that was there.
        bundle = [UInt8](repeating: 0, count: 10) + bundle
        files[name] = bundle
        try log.replace(with: files)
        #expect(throws: LogStorageError.self) {
            _ = try LogWriter(directory: log.directory, lockTimeoutSeconds: 1)
        }
        #expect(try log.files()[name] == bundle)
    }
}
