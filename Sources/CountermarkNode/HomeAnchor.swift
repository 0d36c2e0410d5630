import Foundation
import Glibc
import LogStorage

/// Tells a home that has been in use from one that was copied or restored from a backup.
///
/// The file `anchor` says which file it is: its device and inode. A copy is another file with the same
/// words, and so shows. A home whose anchor does not hold may be older than what partners have of its log: its
/// next write could give a place in the log to a second entry. So it asks first. A snapshot of the whole disk
/// keeps the inode and is not noticed; the next contact notices it.
struct HomeAnchor {
    private let path: String

    init(_ home: Home) { path = home.path + "/anchor" }

    /// True if the home is where it was anchored.
    var holds: Bool {
        guard let words = FileManager.default.contents(atPath: path), let own = identity(path)
        else {
            return false
        }
        return words == Data(own.utf8)
    }

    /// Anchors the home here: it was compared with a partner's view, is new, or its operator answers for it.
    func set() throws {
        let next = "\(path).\(getpid())"
        let file = open(next, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure }
        defer { close(file) }
        // The inode stays when the file gets its name.
        guard let words = identity(next) else { throw failure }
        let bytes = Array(words.utf8)
        guard write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0,
            rename(next, path) == 0
        else {
            unlink(next)
            throw failure
        }
    }

    private var failure: NodeError {
        NodeError(
            .failed, "not-writable",
            "\(path) cannot be written: \(SystemReason.words(errno))",
            hint: "check the folder's owner and its disk")
    }

    private func identity(_ path: String) -> String? {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            let device = attributes[.systemNumber] as? Int,
            let inode = attributes[.systemFileNumber] as? Int
        else { return nil }
        return "\(device) \(inode)\n"
    }
}

extension Home {
    /// True unless the home was copied or restored and no partner has been asked since.
    public var isAnchored: Bool { HomeAnchor(self).holds }
}

extension Node {
    /// Throws where a write could fork this organisation's log: the home was copied or restored, and no
    /// partner has been asked since.
    func requireAnchored() throws {
        let anchor = HomeAnchor(home)
        if anchor.holds { return }
        if try !mayWriteUnchecked && !home.partners().isEmpty {
            throw NodeError(
                .failed, "not-checked",
                "\(home.path) was copied or restored, and no partner was asked since whether it has "
                    + "newer entries of \(home.origin)",
                hint:
                    "run countermark sync; or give --offline, if you are sure that no newer entry "
                    + "of this organisation ever left: otherwise its log forks")
        }
        try anchor.set()
    }
}
