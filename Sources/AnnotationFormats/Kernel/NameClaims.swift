import AnnotationModel

/// Decides which item gets a name in an export that several ask for, or that no file can have.
///
/// The item that a reader would take the name for keeps it, and among equals the one whose key comes first by
/// its bytes: the same on every node, whatever the order in which the items were written down. Whoever gets none
/// is named in the report; nobody is replaced.
struct NameClaims {
    /// What an item asks for.
    struct Claim {
        /// The item's key.
        var key: String
        /// The name of its file, or of its element in a file of many.
        var name: String
        /// More files that it brings along.
        var companions: [String] = []
        /// The place of the item among those that a reader would look for under this name.
        var rank = 0
    }

    /// True for names of files, which must be good paths and no two of which may lie in one another.
    let areFiles: Bool
    /// The name's owner; empty for the format itself.
    private var owners: ByteMap<String> = [:]
    /// The first owner of something in a folder.
    private var folders: ByteMap<String> = [:]

    /// - Parameter reserved: The files that the format itself writes.
    init(areFiles: Bool, reserved: some Sequence<String> = []) {
        self.areFiles = areFiles
        for name in reserved { take(name, for: "") }
    }

    /// For each claim why it is refused, or nil where it gets its name.
    mutating func decide(_ claims: [Claim]) -> [String?] {
        var refusals = [String?](repeating: nil, count: claims.count)
        let order = claims.indices.map {
            (rank: claims[$0].rank, key: ByteKey(claims[$0].key), index: $0)
        }
        for (_, _, index) in order.sorted(by: { ($0.rank, $0.key) < ($1.rank, $1.key) }) {
            let claim = claims[index]
            let names = [claim.name] + claim.companions
            refusals[index] = areFiles ? FileName.problem(claim.key) : nil
            for name in names where refusals[index] == nil { refusals[index] = conflict(name) }
            if refusals[index] == nil {
                for name in names { take(name, for: claim.key) }
            }
        }
        return refusals
    }

    private mutating func take(_ name: String, for key: String) {
        owners[name] = key
        guard areFiles else { return }
        for folder in Self.folders(of: name) where folders[folder] == nil { folders[folder] = key }
    }

    private func conflict(_ name: String) -> String? {
        if areFiles, let why = FileName.problem(name) { return why }
        if let owner = owners[name] { return "\"\(name)\" is the name of \(Self.text(owner))" }
        guard areFiles else { return nil }
        if let owner = folders[name] {
            return "\"\(name)\" is a folder for a file of \(Self.text(owner))"
        }
        for folder in Self.folders(of: name) {
            if let owner = owners[folder] {
                return "\"\(folder)\" is no folder but a file of \(Self.text(owner))"
            }
        }
        return nil
    }

    private static func text(_ owner: String) -> String {
        owner.isEmpty ? "the format itself" : "the item \"\(owner)\""
    }

    /// The folders in which a path lies, the outermost first.
    private static func folders(of path: String) -> [String] {
        path.utf8.indices.filter { path.utf8[$0] == UInt8(ascii: "/") }.map {
            String(path[..<$0])
        }
    }
}
