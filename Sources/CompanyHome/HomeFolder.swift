import AnnotationFormats
import Foundation
import Glibc
import LogStorage
import PlainErrors

/// The folders of a new home: open to their owner alone, whatever was there before.
///
/// Logs and the label table hold what companies show each other and nobody else, and keys sign in the
/// company's name. So the home is closed as a whole, also where somebody made the folder beforehand.
package struct HomeFolder {
    private static let mode: mode_t = 0o700
    private static let names = [
        "keys", "trust", "logs", "incoming", "blobs", "evidence", "invitations",
    ]
    private let path: String

    package init(_ path: String) { self.path = path }

    /// Makes the folders, or closes those that are there.
    ///
    /// - Throws: ``NodeError`` for a folder that belongs to another user, who could open it again, and for one
    ///   in which something of another user or a link lies: what is written there would be theirs to read.
    package func make() throws {
        let above = URL(fileURLWithPath: path).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: above, withIntermediateDirectories: true)
        } catch {
            throw NodeError(
                .notWritable, "\(path) cannot be made: \(PlainError.line(error))",
                hint: "check the folder above it")
        }
        if mkdir(path, Self.mode) != 0, errno != EEXIST { throw failure(path) }
        // The last part may be a link: the user named it.
        let home = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard home >= 0 else { throw failure(path) }
        defer { close(home) }
        try shut(home, path)
        for name in Self.names {
            if mkdirat(home, name, Self.mode) != 0, errno != EEXIST {
                throw failure("\(path)/\(name)")
            }
            let folder = openat(home, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard folder >= 0 else { throw foreign("\(path)/\(name)") }
            defer { close(folder) }
            try shut(folder, "\(path)/\(name)")
        }
    }

    /// Says that a home is being made here.
    var beingMade: String { "\(path)/being-made" }

    /// Whether keys or logs of a home lie here: none may be made in their place.
    func isUsed() throws -> Bool {
        func holdsAnything(_ name: String) throws -> Bool {
            let folder = "\(path)/\(name)"
            var status = stat()
            // Where a link leads is somebody else's; that it lies here is told of when the home is made.
            if lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFLNK { return false }
            return try !DurableFile.names(in: folder).isEmpty
        }
        if try holdsAnything("logs") || holdsAnything("signed") { return true }
        // What a crash left of a home that was never whole has signed nothing.
        if try DurableFile.isThere(beingMade) { return false }
        return try holdsAnything("keys") || holdsAnything("trust")
    }

    /// Makes the folders that are not there, where that is possible.
    func makeMissing() {
        for name in Self.names where access("\(path)/\(name)", F_OK) != 0 {
            mkdir("\(path)/\(name)", Self.mode)
        }
    }

    /// Closes a folder to others, and makes sure that only its owner has been at work in it.
    private func shut(_ folder: Int32, _ place: String) throws {
        guard FileStatus(descriptor: folder)?.owner == geteuid() else { throw foreign(place) }
        guard fchmod(folder, Self.mode) == 0 else { throw failure(place) }
        for name in try DurableFile.names(in: place) {
            guard let status = FileStatus(name, in: folder) else { continue }
            guard status.owner == geteuid(), !status.isLink else {
                throw foreign("\(place)/\(name)")
            }
        }
    }

    private func foreign(_ place: String) -> NodeError {
        NodeError(
            .notOwn, "\(place) is a link, no folder, or belongs to another user",
            hint: "name a folder that does not exist yet; no home was made")
    }

    private func failure(_ place: String) -> NodeError {
        NodeError(
            .notWritable,
            "\(place) cannot be made: \(SystemReason.words(errno))",
            hint: "check the folder above it")
    }
}
