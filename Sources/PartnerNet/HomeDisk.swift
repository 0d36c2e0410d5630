import CompanyHome
import Foundation
import Glibc
import LogStorage
import PlainErrors

/// Whether a home's disk takes what a node has to write.
struct HomeDisk: Sendable {
    private let path: String

    /// The disk of a home.
    init(_ home: Home) { path = home.path }

    /// What a write may need at once: an entry with its tiles, and a transaction of the label table; in bytes.
    static let bytesMin = 1 << 20

    /// What keeps a node from writing, in plain words; nil if nothing does.
    ///
    /// A small file is written for it: neither quotas nor a read-only disk show in the free space.
    func trouble() -> String? {
        if let free = SpoolAccount.free(path), free < Self.bytesMin {
            return
                "the disk of \(path) is full, \(free >> 10) KiB are free: free some; this node reads "
                + "and serves, and writes again by itself"
        }
        do throws(LogStorageError) {
            try DurableFile.probe("\(path)/incoming/probe")
            return nil
        } catch {
            return PlainError.line(error)
        }
    }
}
