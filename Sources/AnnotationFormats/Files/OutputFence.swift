import Glibc

/// A folder into which no output goes: a home, whose files are the program's own.
///
/// It is told by what the folders are and not by what they are called, so no link, no `..` and no second mount leads
/// in.
public struct OutputFence: Sendable {
    private var identities: Set<FileStatus.Identity> = []

    /// A fence around nothing.
    public init() {}

    /// A fence around a folder, and around the folders that links in it lead to; around nothing where it is not there.
    public init(around folder: String) {
        // A home that cannot be read is no place to write to either.
        let inside = (try? FileSystem.names(in: folder)) ?? []
        for place in [folder] + inside.map({ FileSystem.join(folder, $0) })
        where FileSystem.isFolder(place) {
            if let identity = FileStatus(followed: place)?.identity { identities.insert(identity) }
        }
    }

    /// Whether a path leads inside; nothing needs to be there yet.
    public func holds(_ path: String) -> Bool {
        // What is not there yet may be made, and then its `..` leads where the words say.
        leadsInside(path) || leadsInside(Self.plain(path))
    }

    /// Whether an open folder is the one, or one that it links to.
    func isAt(_ descriptor: Int32) -> Bool {
        guard let identity = FileStatus(descriptor: descriptor)?.identity else { return false }
        return identities.contains(identity)
    }

    private func leadsInside(_ path: String) -> Bool {
        var place = path.isEmpty ? "." : path
        while true {
            if let real = Self.real(place) { return isWithin(real) }
            guard place != ".", place != "/" else { return false }
            let above = FileSystem.parent(place)
            place = above.isEmpty ? "." : above
        }
    }

    private func isWithin(_ real: String) -> Bool {
        var place = real
        while true {
            if let identity = FileStatus(followed: place)?.identity, identities.contains(identity) {
                return true
            }
            if place == "/" || place.isEmpty { return false }
            place = FileSystem.parent(place)
        }
    }

    /// The path without links; nil where nothing is there.
    private static func real(_ path: String) -> String? {
        guard let bytes = realpath(path, nil) else { return nil }
        defer { free(bytes) }
        return String(cString: bytes)
    }

    /// The path with its `..` taken as words.
    private static func plain(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." {
                parts.removeLast()
            } else {
                parts.append(part)
            }
        }
        return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }
}
