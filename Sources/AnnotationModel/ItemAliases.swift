/// Which items of equal content somebody has called the same, and under which key each is shown.
///
/// Each item says at most one thing: `sameAs`, the key of another. An item is shown under the last key that
/// following these words leads to; where they lead in a circle, under the circle's smallest key (bytewise). So
/// what is shown follows from the words alone, in whatever order they came.
public struct ItemAliases: Sendable {
    private let heads: ByteMap<String>
    private let members: ByteMap<[String]>

    /// What follows from the words: by an item's key, the key of the item that it is said to be.
    ///
    /// The cost is in proportion to the number of words, however they hang together.
    public init(_ words: ByteMap<String> = [:]) {
        var heads: ByteMap<String> = [:]
        for start in words.keys where heads[start] == nil {
            var path: [String] = []
            var seen: ByteMap<Int> = [:]
            var key = start
            while heads[key] == nil, seen[key] == nil, let next = words[key] {
                seen[key] = path.count
                path.append(key)
                key = next
            }
            let head: String
            if let known = heads[key] {
                head = known
            } else if let first = seen[key] {
                head = path[first...].sortedByBytes().first ?? key
            } else {
                head = key
            }
            for key in path { heads[key] = head }
        }
        var members: ByteMap<[String]> = [:]
        for (key, head) in heads where !key.hasSameBytes(as: head) {
            members[head, default: []].append(key)
        }
        (self.heads, self.members) = (heads, members.mapValues { $0.sortedByBytes() })
    }

    /// The key under which an item is shown.
    public func shown(_ key: String) -> String { heads[key] ?? key }

    /// All keys that are shown under the same key as this one: that key first, the others in the order of their bytes.
    public func names(of key: String) -> [String] {
        let head = shown(key)
        return [head] + (members[head] ?? [])
    }
}
