import Foundation
import Glibc
import LogStorage
import Signing
import TransparencyLog

/// The files in which transfers from partners gather until they are whole.
struct Incoming: Sendable {
    private let folder: String

    init(_ home: Home) { folder = home.path + "/incoming" }

    /// Where a transfer of a log from one partner gathers; one at a time.
    func path(_ kind: String, partner: String, log: String) -> String {
        let name = SHA256Hasher.hash(Array("\(kind)\n\(partner)\n\(log)".utf8)).hex.prefix(32)
        return "\(folder)/\(getpid())-\(name).part"
    }

    /// Removes what processes that are gone have left.
    func clean() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names {
            guard let pid = name.split(separator: "-").first.flatMap({ Int32($0) }),
                kill(pid, 0) != 0, errno == ESRCH
            else { continue }
            unlink("\(folder)/\(name)")
        }
    }
}

/// A push on the wire.
///
/// The checkpoint's note with its length in four bytes in front, then the entries as a bundle holds
/// them. A long one comes in parts, each beginning where the one before it ended.
enum Push {
    /// How much a sender puts into one request: what proxies usually let pass.
    static let partBytes = 8 << 20
    /// The largest request that is taken.
    static let partBytesMax = 32 << 20
    /// The largest push in all its parts: some hundred million labels.
    static let bytesMax = 4 << 30

    /// What stands in front of the entries.
    static func head(_ checkpoint: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: UInt32(checkpoint.count).bigEndian) { Array($0) } + checkpoint
    }

    /// The checkpoint of a spooled push, and where its entries begin.
    ///
    /// - Throws: ``NodeError`` if the head is cut or beyond the limit.
    static func checkpoint(of spool: EntrySpool) throws -> (note: [UInt8], entriesAt: Int) {
        let head = try spool.read(from: 0, count: 4)
        let count = head.reduce(0) { $0 << 8 | Int($1) }
        guard head.count == 4, count <= SignedNote.bytesMax else { throw cut }
        let note = try spool.read(from: 4, count: count)
        guard note.count == count else { throw cut }
        return (note, 4 + count)
    }

    private static var cut: NodeError {
        NodeError(.failed, "cut-push", "the push is cut", hint: "send it again from its start")
    }
}
