import AnnotationModel

/// The items that a dataset has, by the ends of their paths and by what they hold.
final class ItemIndex {
    struct Entry {
        var key: String
        var parts: [Substring]
    }

    /// How well a key agrees with a name: the components at their ends, and those of the folders around.
    private struct Score: Comparable {
        var components: Int
        var around: Int

        static func < (left: Score, right: Score) -> Bool {
            (left.components, left.around) < (right.components, right.around)
        }
    }

    /// What a search by ending found.
    enum Match {
        case none
        case one(String)
        case several([String])
    }

    private var byStem: ByteMap<[Entry]> = [:]
    private var byDigest: [[UInt8]: [String]] = [:]
    private(set) var isEmpty = true

    init(_ forEachItem: ((String, [String: FieldValue]) throws -> Void) throws -> Void) rethrows {
        try forEachItem { key, fields in
            isEmpty = false
            let entry = Entry(key: key, parts: key.split(separator: "/"))
            byStem[FileTree.stem(FileSystem.lastComponent(key)), default: []].append(entry)
            if case .bytes(let digest)? = fields["sha256"] {
                byDigest[digest, default: []].append(key)
            }
        }
    }

    var hasDigests: Bool { !byDigest.isEmpty }

    /// The items whose content has a digest.
    func keys(digest: [UInt8]) -> [String] { byDigest[digest] ?? [] }

    /// The item whose path ends as a name does, or with whose path the name ends.
    ///
    /// - Parameters:
    ///   - names: Spellings of the name.
    ///   - around: The folders in which the label file lies, and other words that stand for folders; of items that
    ///     agree as well otherwise it is the one that has more of them.
    ///   - mayBeShorter: Whether a key with fewer folders than the name agrees.
    func match(_ names: [String], around: [Substring], mayBeShorter: Bool) -> Match {
        var best: (score: Score, keys: [String])?
        for name in names {
            let parts = name.split(separator: "/")
            guard let last = parts.last else { continue }
            var entries = byStem[FileTree.stem(String(last))] ?? []
            let isBare = !MediaItems.isMedia(FileTree.ending(String(last)))
            if isBare, FileTree.stem(String(last)).utf8.count != last.utf8.count {
                entries += byStem[String(last)] ?? []
            }
            for entry in entries {
                guard
                    let score = Self.score(
                        parts, entry, isBare: isBare, around, mayBeShorter: mayBeShorter)
                else { continue }
                if let known = best, score < known.score { continue }
                if let known = best, score == known.score {
                    if !known.keys.contains(where: { $0.hasSameBytes(as: entry.key) }) {
                        best?.keys.append(entry.key)
                    }
                } else {
                    best = (score, [entry.key])
                }
            }
        }
        guard let best else { return .none }
        return best.keys.count == 1 ? .one(best.keys[0]) : .several(best.keys)
    }

    private static func score(
        _ parts: [Substring], _ entry: Entry, isBare: Bool, _ around: [Substring],
        mayBeShorter: Bool
    ) -> Score? {
        guard let last = parts.last, let own = entry.parts.last else { return nil }
        let isSame =
            ByteKey(String(last)) == ByteKey(String(own))
            || isBare && FileTree.stem(String(own)).hasSameBytes(as: String(last))
        guard isSame else { return nil }
        var count = 1
        while count < min(parts.count, entry.parts.count),
            String(parts[parts.count - 1 - count]).hasSameBytes(
                as: String(entry.parts[entry.parts.count - 1 - count]))
        {
            count += 1
        }
        let isWhole = count == parts.count || mayBeShorter && count == entry.parts.count
        guard isWhole else { return nil }
        let folders = entry.parts.dropLast(count)
        let shared = folders.reduce(0) { sum, folder in
            sum + (around.contains { String($0).hasSameBytes(as: String(folder)) } ? 1 : 0)
        }
        return Score(components: count, around: shared)
    }
}
