import CompanyHome
import Foundation
import Glibc
import LogStorage
import PlainErrors
import Signing
import TransparencyLog

/// The files in which transfers from partners gather until they are whole.
package struct Incoming: Sendable {
    private let folder: String

    package init(_ home: Home) { folder = home.path + "/incoming" }

    /// Where a transfer of a log from one partner gathers; one at a time.
    package func path(_ kind: String, partner: String, log: String) -> String {
        let name = SHA256Hasher.hash(Array("\(kind)\n\(partner)\n\(log)".utf8)).hex.prefix(32)
        return "\(folder)/\(getpid())-\(name).part"
    }

    /// Removes what processes that are gone have left, and what this one's namesake did.
    package func clean() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where name.hasSuffix(".part") {
            guard let pid = name.split(separator: "-").first.flatMap({ Int32($0) }),
                pid == getpid() || (kill(pid, 0) != 0 && errno == ESRCH)
            else { continue }
            unlink("\(folder)/\(name)")
        }
    }
}

/// A push on the wire.
///
/// The checkpoint's note with its length in four bytes in front, then the entries as a bundle holds
/// them. A long one comes in parts, each beginning where the one before it ended.
package enum Push {
    /// What stands in front of the entries.
    package static func head(_ checkpoint: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: UInt32(checkpoint.count).bigEndian) { Array($0) } + checkpoint
    }

    /// The checkpoint's note at a body's begin, and where the entries begin; nil while some of it is missing.
    ///
    /// - Throws: ``NodeError`` if there is no note, or one beyond the limit.
    package static func note(of body: [UInt8]) throws -> (note: [UInt8], entriesAt: Int)? {
        guard body.count >= 4 else { return nil }
        let count = body.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard (1...SignedNote.bytesMax).contains(count) else {
            throw NodeError(
                .cutPush, "the push does not begin with a checkpoint",
                hint: "send it again from its start")
        }
        return body.count >= 4 + count ? (Array(body[4..<4 + count]), 4 + count) : nil
    }
}
