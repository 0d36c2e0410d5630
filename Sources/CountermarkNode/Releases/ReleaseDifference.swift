import AnnotationModel
import Provenance
import Signing
import TransparencyLog

/// What changed from one release to another.
public struct ReleaseDifference: Sendable {
    /// A label or an item that is in one of them only, or says something else.
    public struct Change: Sendable {
        /// How it differs.
        public enum Kind: String, Sendable {
            /// The second one has it.
            case added
            /// The first one has it.
            case removed
            /// Both have it, with other values.
            case changed
        }
        /// How it differs.
        public let kind: Kind
        /// The label's id or the item's key.
        public let name: String
        /// True for an item.
        public let isItem: Bool
    }

    /// How many labels and items of each kind.
    public private(set) var counts: [Change.Kind: (labels: Int, items: Int)] = [:]
    /// The first of them, in the order of the leaves.
    public private(set) var changes: [Change] = []

    /// The most changes that are named.
    public static let namedMax = 1_000

    /// Compares two releases leaf by leaf.
    public init(from old: ReleaseContents, to new: ReleaseContents) throws {
        let (left, right) = (try Self.leaves(old), try Self.leaves(new))
        var (at, other) = (0, 0)
        while at < left.count || other < right.count {
            if other == right.count || at < left.count && left[at].place < right[other].place {
                note(.removed, left[at])
                at += 1
            } else if at == left.count || right[other].place < left[at].place {
                note(.added, right[other])
                other += 1
            } else {
                if left[at].hash != right[other].hash { note(.changed, right[other]) }
                at += 1
                other += 1
            }
        }
    }

    /// A leaf's place in the order, and its hash.
    private struct Leaf {
        let place: ReleaseLeaf.Place
        let hash: Digest
    }

    private static func leaves(_ contents: ReleaseContents) throws -> [Leaf] {
        var leaves: [Leaf] = []
        var hasher = TreeHasher()
        try contents.forEachLeaf { place, bytes in
            leaves.append(Leaf(place: place, hash: bytes.withUnsafeBytes { hasher.leaf($0) }))
        }
        return leaves
    }

    private mutating func note(_ kind: Change.Kind, _ leaf: Leaf) {
        var count = counts[kind] ?? (0, 0)
        let change: Change
        switch leaf.place {
        case .item(let key):
            count.items += 1
            change = Change(kind: kind, name: key.text, isItem: true)
        case .label(let origin, let slot):
            count.labels += 1
            let id = OperationID(origin: origin, slot: Slot(packed: slot))
            change = Change(kind: kind, name: id.description, isItem: false)
        }
        counts[kind] = count
        if changes.count < Self.namedMax { changes.append(change) }
    }
}
