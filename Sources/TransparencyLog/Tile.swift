/// The place of a tile in a log's folder (C2SP tlog-tiles): a level, an index, and a width where the
/// tile is not full.
public struct Tile: Hashable, Sendable {
    /// Which kind of resource.
    public enum Kind: Hashable, Sendable {
        /// Hashes of a level, 0...63.
        case hashes(level: Int)
        /// An entry bundle.
        case entries
    }

    /// One more than the largest index: what a full tile covers is then still below 2^63.
    static let indexLimit: UInt64 = Checkpoint.sizeLimit / 256
    /// The hashes or entries of a full tile.
    public static let fullWidth = 256
    /// The kind.
    public let kind: Kind
    /// The index within the level.
    public let index: UInt64
    /// 1...255 for a partial tile, 256 for a full one.
    public let width: Int

    /// A tile.
    public init(_ kind: Kind, index: UInt64, width: Int = Tile.fullWidth) {
        (self.kind, self.index, self.width) = (kind, index, width)
    }

    /// The path below the log's prefix, such as `tile/0/x001/x234/067.p/15`.
    public var path: String {
        let name =
            switch kind {
            case .hashes(let level): String(level)
            case .entries: "entries"
            }
        let partial = width == Self.fullWidth ? "" : ".p/\(width)"
        return "tile/\(name)/\(Self.indexPath(index))\(partial)"
    }

    /// An index in groups of three digits, all but the last preceded by `x`.
    public static func indexPath(_ index: UInt64) -> String {
        func group(_ value: UInt64) -> String {
            let digits = String(value)
            return String(repeating: "0", count: 3 - digits.count) + digits
        }
        var path = group(index % 1000)
        var rest = index / 1000
        while rest > 0 {
            path = "x\(group(rest % 1000))/\(path)"
            rest /= 1000
        }
        return path
    }

    /// Reads a path that ``path`` writes.
    ///
    /// - Throws: ``TransparencyLogError/badTilePath(_:)`` for any other text.
    public init(path: String) throws(TransparencyLogError) {
        var parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let bad = TransparencyLogError.badTilePath(String(path.prefix(100)))
        guard parts.count >= 3, parts.count <= 12, parts.removeFirst() == "tile" else { throw bad }
        let name = parts.removeFirst()
        if name == "entries" {
            kind = .entries
        } else {
            guard let level = Int(name), (0...63).contains(level), String(level) == name else {
                throw bad
            }
            kind = .hashes(level: level)
        }
        var width = Self.fullWidth
        if parts.count >= 2, parts[parts.count - 2].hasSuffix(".p") {
            guard let value = Int(parts.removeLast()), (1...255).contains(value) else { throw bad }
            width = value
            let last = parts.removeLast()
            parts.append(last.dropLast(2))
        }
        self.width = width
        var index: UInt64 = 0
        for (position, part) in parts.enumerated() {
            let isLast = position == parts.count - 1
            let digits = isLast ? part : part.dropFirst()
            guard isLast || part.first == "x", digits.utf8.count == 3,
                let value = UInt64(digits), index < 1 << 53
            else { throw bad }
            index = index * 1000 + value
        }
        self.index = index
        guard index < Self.indexLimit, self.path == path else { throw bad }
    }

    /// The number of hashes that a level holds for a tree of `size` entries: floor(size / 256^level).
    public static func count(level: Int, size: UInt64) -> UInt64 {
        level >= 8 ? 0 : size >> UInt64(8 * level)
    }

    /// All tiles of a tree of `size` entries from the entry `from` on: what a log that grows from one
    /// size to another writes.
    public static func tiles(from: UInt64, size: UInt64) -> [Tile] {
        var tiles: [Tile] = []
        if size > from { tiles += Self.tiles(.entries, from, size) }
        for level in 0..<8 {
            let count = Self.count(level: level, size: size)
            let old = Self.count(level: level, size: from)
            if count > old { tiles += Self.tiles(.hashes(level: level), old, count) }
        }
        return tiles
    }

    private static func tiles(_ kind: Kind, _ from: UInt64, _ count: UInt64) -> [Tile] {
        ((from / 256)...((count - 1) / 256)).map { index in
            Tile(kind, index: index, width: Int(min(256, count - index * 256)))
        }
    }
}
