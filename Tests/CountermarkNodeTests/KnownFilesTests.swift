import Foundation
import Testing

@testable import CompanyHome

@Suite("What files held that were read before")
struct KnownFilesTests {
    private final class Reads {
        var count = 0

        func next() -> Int {
            count += 1
            return count
        }
    }

    @Test("a file that has not changed for long is read once")
    func settled() {
        let known = KnownFiles<Int>(countMax: 2)
        let reads = Reads()
        // Nobody writes to a test's source while it runs.
        for _ in 0..<3 { #expect(known.value(of: #filePath) { reads.next() } == 1) }
    }

    @Test("one that was made just now, and one that is not there, are read each time")
    func unsettled() throws {
        let path = NSTemporaryDirectory() + "countermark-known-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let known = KnownFiles<Int>(countMax: 2)
        let reads = Reads()
        #expect(known.value(of: path) { reads.next() } == 1)
        try Data("a".utf8).write(to: URL(fileURLWithPath: path))
        for number in 2..<5 { #expect(known.value(of: path) { reads.next() } == number) }
    }

    @Test("what cannot be read is not known")
    func failing() {
        let known = KnownFiles<Int>(countMax: 2)
        #expect(throws: CancellationError.self) {
            try known.value(of: #filePath) { () throws(CancellationError) in
                throw CancellationError()
            }
        }
        #expect(known.value(of: #filePath) { 7 } == 7)
    }
}
