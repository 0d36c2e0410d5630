import AnnotationModel
import CanonicalCBOR
import Signing
import TransparencyLog

/// That a label is in a release, with what it says there, or that it is not.
///
/// What is shown are leaves of the release's tree: the label's own, or the one or two between which it would stand.
public struct ReleaseProof: Sendable, Equatable {
    /// A leaf, and the way to the root.
    public struct Leaf: Sendable, Equatable {
        /// Its place in the tree.
        public let index: UInt64
        /// What was hashed, see ``ReleaseLeaf``.
        public let bytes: [UInt8]
        /// The inclusion proof (RFC 9162 §2.1.3).
        public let path: [Digest]

        /// A leaf.
        public init(index: UInt64, bytes: [UInt8], path: [Digest]) {
            (self.index, self.bytes, self.path) = (index, bytes, path)
        }
    }

    /// What the steward signed the digest of.
    public let commitment: Release.Commitment
    /// The leaves, in their order.
    public let leaves: [Leaf]

    /// A tree of 2^40 leaves is larger than any dataset.
    private static let pathMax = 40
    /// A label is between two leaves.
    private static let leavesMax = 2
    /// As much as an entry can hold.
    private static let leafBytesMax = 1 << 17

    /// A proof from its parts; nothing is checked.
    public init(commitment: Release.Commitment, leaves: [Leaf]) {
        (self.commitment, self.leaves) = (commitment, leaves)
    }

    // MARK: The file

    /// Appends `[name, [[origin, size, root]…], terms, root, items, labels, [[index, leaf, [hash…]]…]]`.
    func encode(into encoder: inout CBOREncoder) {
        let leaves = leaves.map { leaf in
            CBORValue.array([
                .integer(Int64(clamping: leaf.index)), .bytes(leaf.bytes),
                .array(leaf.path.map { .bytes($0.bytes) }),
            ])
        }
        CBORValue.array([
            .text(commitment.name), .array(commitment.heads.map(\.cbor)), commitment.terms.cbor,
            .bytes(commitment.root),
            .integer(Int64(commitment.items)), .integer(Int64(commitment.labels)),
            .array(leaves),
        ]).encode(into: &encoder)
    }

    /// Reads what ``encode(into:)`` wrote; nil for anything else.
    init?(cbor: CBORValue, dataset: DatasetID) {
        guard let parts = cbor.arrayValue, parts.count == 7, let name = parts[0].textValue,
            name.utf8.count <= GovernanceAct.releaseNameBytesMax,
            let heads = parts[1].arrayValue, heads.count <= Changeset.headsMax,
            let terms = ReleaseTerms(cbor: parts[2]),
            let root = parts[3].bytesValue, root.count == 32,
            let items = parts[4].integerValue, let labels = parts[5].integerValue,
            (0...1 << 40).contains(items), (0...1 << 40).contains(labels),
            let leaves = parts[6].arrayValue, leaves.count <= Self.leavesMax
        else { return nil }
        let read = heads.compactMap { TreeHead(cbor: $0) }
        self.leaves = leaves.compactMap(Self.leaf)
        guard read.count == heads.count, self.leaves.count == leaves.count else { return nil }
        commitment = Release.Commitment(
            dataset: dataset, name: name, heads: read, terms: terms, root: root,
            items: Int(items), labels: Int(labels))
    }

    private static func leaf(_ cbor: CBORValue) -> Leaf? {
        guard let parts = cbor.arrayValue, parts.count == 3, let index = parts[0].integerValue,
            index >= 0, let bytes = parts[1].bytesValue, bytes.count <= leafBytesMax,
            let path = parts[2].arrayValue, path.count <= pathMax
        else { return nil }
        let hashes = path.compactMap { $0.bytesValue.flatMap { Digest($0) } }
        guard hashes.count == path.count else { return nil }
        return Leaf(index: UInt64(index), bytes: bytes, path: hashes)
    }

    // MARK: Verification

    /// What a leaf says of a label.
    public struct Said: Sendable, Equatable {
        /// The item's key.
        public let item: String
        /// The class.
        public let className: String
        /// Whether it was retracted.
        public let isRetracted: Bool
        /// Whether anything of it was in conflict.
        public let isContested: Bool
    }

    /// Checks the leaves against the root.
    ///
    /// - Returns: What the release says of the annotation; nil if it is not in it.
    /// - Throws: ``LabelProofError/refused(_:)`` if the leaves show neither.
    func verify(_ annotation: OperationID) throws -> Said? {
        let count = UInt64(commitment.items) + UInt64(commitment.labels)
        guard let root = Digest(commitment.root) else { throw Self.shows("no root") }
        var hasher = TreeHasher()
        for leaf in leaves {
            let hash = leaf.bytes.withUnsafeBytes { hasher.leaf($0) }
            try MerkleProof.verifyInclusion(
                leaf.path, index: leaf.index, size: count, leaf: hash, root: root)
        }
        let wanted = ReleaseLeaf.Place.label(annotation.origin, annotation.slot.packed)
        let places = try leaves.map { leaf in
            guard let read = ReleaseLeaf.Place(leaf.bytes) else { throw Self.shows("no leaf") }
            return read
        }
        if let only = leaves.first, leaves.count == 1, places[0] == wanted {
            guard let said = Said(leaf: only.bytes) else { throw Self.shows("no label") }
            return said
        }
        let isBetween =
            switch leaves.count {
            case 0: count == 0 && root == TreeHasher.emptyRoot
            case 1:
                leaves[0].index == 0 && wanted < places[0]
                    || leaves[0].index + 1 == count && places[0] < wanted
            default:
                leaves[0].index + 1 == leaves[1].index && places[0] < wanted
                    && wanted < places[1]
            }
        guard isBetween else {
            throw Self.shows("neither that the label is in it nor that it is not")
        }
        return nil
    }

    private static func shows(_ what: String) -> LabelProofError {
        .refused("the part about the release shows \(what)")
    }
}

extension ReleaseProof.Said {
    /// Reads a label's leaf; nil for another one.
    init?(leaf: [UInt8]) {
        guard let parts = try? CBORValue(decoding: leaf).arrayValue, parts.count == 12,
            let item = parts[4].textValue, let name = parts[5].textValue,
            case .bool(let isRetracted) = parts[7], case .bool(let isContested) = parts[8]
        else { return nil }
        (self.item, className) = (item, name)
        (self.isRetracted, self.isContested) = (isRetracted, isContested)
    }
}

extension ReleaseLeaf {
    /// Where a leaf stands in the order.
    public enum Place: Comparable, Hashable, Sendable {
        /// An item, by the bytes of its key.
        case item(ByteKey)
        /// A label, by its log and its place there.
        case label(Origin, UInt64)

        /// The place of a leaf; nil for what is none.
        init?(_ leaf: [UInt8]) {
            guard let parts = try? CBORValue(decoding: leaf).arrayValue else { return nil }
            switch (parts.first?.integerValue, parts.count) {
            case (0, 3):
                guard let key = parts[1].textValue else { return nil }
                self = .item(ByteKey(key))
            case (1, 12):
                guard let origin = parts[1].textValue.flatMap({ try? Origin($0) }),
                    let entry = parts[2].integerValue, let position = parts[3].integerValue,
                    (0...Int64(Slot.entryLimit)).contains(entry), (0...0xfff).contains(position)
                else { return nil }
                self = .label(
                    origin, Slot(entry: UInt64(entry), position: Int(position)).packed)
            default: return nil
            }
        }
    }
}
