import Signing
import TransparencyLog

/// A tree straight from the definition (RFC 6962 §2.1), to compare everything else with.
struct SmallTree {
    let leaves: [Digest]

    init(_ entries: [String]) {
        var hasher = TreeHasher()
        leaves = entries.map { entry in Array(entry.utf8).withUnsafeBytes { hasher.leaf($0) } }
    }

    func root(_ range: Range<Int>) -> Digest {
        if range.isEmpty { return SHA256Hasher.hash([]) }
        if range.count == 1 { return leaves[range.lowerBound] }
        var half = 1
        while half * 2 < range.count { half *= 2 }
        let middle = range.lowerBound + half
        return SHA256Hasher.hash(
            [1] + root(range.lowerBound..<middle).bytes + root(middle..<range.upperBound).bytes)
    }

    func root(_ size: Int) -> Digest { root(0..<size) }

    func hash(_ range: Range<UInt64>) -> Digest {
        root(Int(range.lowerBound)..<Int(range.upperBound))
    }
}
