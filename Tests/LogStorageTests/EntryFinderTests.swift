import Foundation
import LogStorage
import Signing
import Testing
import TransparencyLog

@Suite("Single entries of a log")
struct EntryFinderTests {
    private func leaf(_ index: UInt64) -> Digest {
        var hasher = TreeHasher()
        return SampleLog.entry(index).withUnsafeBytes { hasher.leaf($0) }
    }

    @Test("any entry is found, in any order, while the log grows under its finder")
    func growing() throws {
        let log = SampleLog()
        var random = SeededGenerator(seed: 11)
        try log.grow(to: 3)
        let finder = EntryFinder(directory: log.directory)
        for size in [3, 40, 255, 256, 257, 600] as [UInt64] {
            try log.grow(to: size)
            for _ in 0..<60 {
                let index = random.next() % size
                let found = try finder.entry(at: index, leaf: leaf(index))
                #expect(found == SampleLog.entry(index), "entry \(index) of \(size)")
            }
            // The newest lies where the finder has not been.
            #expect(try finder.entry(at: size - 1, leaf: nil) == SampleLog.entry(size - 1))
        }
    }

    @Test("an entry that is not there, is cut, or is not the one that was asked for is damage")
    func damage() throws {
        let log = SampleLog()
        try log.grow(to: 300)
        let whole = try log.files()
        #expect(throws: LogStorageError.self) {
            try EntryFinder(directory: log.directory).entry(at: 300, leaf: nil)
        }
        #expect(throws: LogStorageError.self) {
            try EntryFinder(directory: log.directory).entry(at: 5_000, leaf: nil)
        }
        #expect(throws: LogStorageError.self) {
            try EntryFinder(directory: log.directory).entry(at: 7, leaf: leaf(8))
        }
        for path in whole.keys.sorted() where path.hasPrefix("tile/entries") {
            for length in [0, 1, 2, 3, 100] {
                var files = whole
                files[path] = whole[path].map { Array($0.prefix(length)) }
                try log.replace(with: files)
                let index: UInt64 = path.contains(".p/") ? 299 : 255
                #expect(throws: LogStorageError.self, "\(path) cut to \(length)") {
                    try EntryFinder(directory: log.directory).entry(at: index, leaf: nil)
                }
            }
        }
        try log.replace(with: whole.filter { !$0.key.hasPrefix("tile/entries") })
        #expect(throws: LogStorageError.self) {
            try EntryFinder(directory: log.directory).entry(at: 0, leaf: nil)
        }
    }
}
