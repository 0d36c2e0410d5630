import AnnotationModel
import CanonicalCBOR
import Signing

/// A label set that the steward has named: what the logs held at given heads.
public struct Release: Sendable, Equatable {
    /// The name, one release each in a dataset.
    public let name: String
    /// What the steward and those who countersign have signed, see ``Commitment``.
    public let digest: [UInt8]
    /// How much of each log it is made of.
    public let heads: [TreeHead]
    /// Which labels it holds, and how many have to countersign.
    public let terms: ReleaseTerms
    /// The steward's act.
    public let operation: OperationKey
    /// When, as the steward says, in seconds since 1970.
    public let time: Int64
    /// Who has to countersign by the dataset's policy as it was when the steward named it; nil without one.
    public let policy: MemberQuorum?
    /// Why the steward has withdrawn it; nil if it has not.
    public var withdrawal: String?

    /// A release as its act says.
    public init(
        name: String, digest: [UInt8], heads: [TreeHead], terms: ReleaseTerms,
        operation: OperationKey, time: Int64, policy: MemberQuorum? = nil
    ) {
        (self.name, self.digest, self.heads, self.terms) = (name, digest, heads, terms)
        (self.operation, self.time, self.policy) = (operation, time, policy)
    }

    /// How many have to countersign: as its terms ask, or as the policy does, whichever is more.
    public var quorum: Int { max(terms.quorum, policy?.threshold ?? 0) }

    /// Whether those who have countersigned are enough.
    public func isMet(by countersigned: [Origin]) -> Bool {
        guard countersigned.count >= terms.quorum else { return false }
        return policy.map { $0.asked(of: countersigned).count >= $0.threshold } ?? true
    }

    /// What a release's digest binds: its name, heads and terms, and the labels themselves by the root over them.
    public struct Commitment: Sendable, Equatable {
        /// The dataset.
        public let dataset: DatasetID
        /// The release's name.
        public let name: String
        /// How much of each log it is made of, ascending by the logs' origins.
        public let heads: [TreeHead]
        /// Which labels it holds.
        public let terms: ReleaseTerms
        /// The RFC 6962 root over the leaves of ``ReleaseLeaf``, 32 bytes.
        public let root: [UInt8]
        /// The number of items among the leaves.
        public let items: Int
        /// The number of labels among the leaves.
        public let labels: Int

        /// A commitment.
        public init(
            dataset: DatasetID, name: String, heads: [TreeHead], terms: ReleaseTerms, root: [UInt8],
            items: Int, labels: Int
        ) {
            (self.dataset, self.name, self.heads) = (dataset, name, heads)
            (self.terms, self.root, self.items, self.labels) = (terms, root, items, labels)
        }

        private static let context = Array("countermark/release/v1\n".utf8)

        /// The bytes that are hashed: the context, then one CBOR array.
        public var bytes: [UInt8] {
            Self.context
                + CBORValue.array([
                    .text(dataset.description), .text(name), .array(heads.map(\.cbor)), terms.cbor,
                    .bytes(root), .integer(Int64(items)), .integer(Int64(labels)),
                ]).encoded
        }

        /// SHA-256 of ``bytes``.
        public var digest: [UInt8] { SHA256Hasher.hash(bytes).bytes }
    }
}

/// The leaves of a release's tree.
///
/// First come its items by the bytes of their keys, then its labels by origin, entry and position. So a label
/// that is not in a release stands, if it stood, between two leaves that do.
public enum ReleaseLeaf {
    /// An item: `[0, key, {field: value}]`.
    public static func item(_ key: String, fields: [String: FieldValue]) -> [UInt8] {
        var encoder = CBOREncoder()
        encoder.arrayHead(3)
        encoder.integer(0)
        encoder.text(key)
        encode(fields, &encoder)
        return encoder.bytes
    }

    /// What is said of a label, beside its id.
    public struct Label: Sendable {
        /// The item's key as the label was written for.
        public var item: String
        /// The class as it was written.
        public var className: String
        /// Where.
        public var selector: Selector
        /// Whether it was retracted.
        public var isRetracted: Bool
        /// Whether anything of it is in conflict.
        public var isContested: Bool
        /// Who labelled, if not the organisation itself.
        public var author: String?
        /// By what it was made.
        public var source: String?
        /// The other fields with their shown values.
        public var fields: [String: FieldValue]

        /// What is said of a label.
        public init(
            item: String, className: String, selector: Selector, isRetracted: Bool,
            isContested: Bool, author: String?, source: String?, fields: [String: FieldValue]
        ) {
            (self.item, self.className, self.selector) = (item, className, selector)
            (self.isRetracted, self.isContested) = (isRetracted, isContested)
            (self.author, self.source, self.fields) = (author, source, fields)
        }
    }

    /// A label: `[1, origin, entry, position, item, class, selector, retracted, contested, author or null, source or
    /// null, {field: value}]`.
    public static func label(_ id: OperationID, _ label: Label) -> [UInt8] {
        var encoder = CBOREncoder(capacity: 256)
        encoder.arrayHead(12)
        encoder.integer(1)
        encoder.text(id.origin.description)
        encoder.unsigned(id.slot.entry)
        encoder.integer(id.slot.position)
        encoder.text(label.item)
        encoder.text(label.className)
        label.selector.encode(into: &encoder)
        encoder.bool(label.isRetracted)
        encoder.bool(label.isContested)
        for text in [label.author, label.source] {
            if let text { encoder.text(text) } else { encoder.null() }
        }
        encode(label.fields, &encoder)
        return encoder.bytes
    }

    private static func encode(_ fields: [String: FieldValue], _ encoder: inout CBOREncoder) {
        let shown = fields.filter { $0.value != .null }
            .map { (key: CBORValue.text($0.key).encoded, value: $0.value) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
        encoder.mapHead(shown.count)
        for (key, value) in shown {
            encoder.encoded(key)
            value.encode(into: &encoder)
        }
    }
}
