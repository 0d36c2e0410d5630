import AnnotationModel
import CanonicalCBOR
import Signing

/// A set of gold items that a company has sealed in its log, and what it said later that it was.
public struct GoldSeal: Sendable, Equatable {
    /// The name, one for each set of a company.
    public let name: String
    /// The digest of the answers, see ``SealedGold``.
    public let commitment: [UInt8]
    /// The act that sealed it.
    public let operation: OperationKey
    /// When, as the company says, in seconds since 1970.
    public let time: Int64
    /// What the company has given out as the sealed answers, in the order of its log.
    ///
    /// Whether it is what was sealed is not known here: ``SealedGold/commitment`` of it has to be ``commitment``.
    public internal(set) var openings: [Opening] = []

    /// Answers that a company says it had sealed.
    public struct Opening: Sendable, Equatable {
        /// The act.
        public let operation: OperationKey
        /// The answers.
        public let set: GoldSet
        /// The salt.
        public let salt: [UInt8]
        /// When, as the company says, in seconds since 1970.
        public let time: Int64
    }
}

/// Answers with their salt, as whoever sealed them keeps them in a file: whose SHA-256 is what was signed.
public struct SealedGold: Sendable, Equatable {
    /// The dataset.
    public let dataset: DatasetID
    /// The company.
    public let org: Origin
    /// The answers.
    public let set: GoldSet
    /// 32 random bytes: short answers could be guessed from the digest alone.
    public let salt: [UInt8]

    private static let context = Array("countermark/gold/v1\n".utf8)
    /// The largest file in bytes.
    public static let bytesMax = GoldSet.bytesMax + 2_048

    /// Answers with a salt.
    public init(dataset: DatasetID, org: Origin, set: GoldSet, salt: [UInt8]) {
        (self.dataset, self.org, self.set, self.salt) = (dataset, org, set, salt)
    }

    /// The file: the context, then one CBOR array of dataset, company, name, salt and answers.
    public var bytes: [UInt8] {
        Self.context
            + CBORValue.array([
                .text(dataset.description), .text(org.description), .text(set.name), .bytes(salt),
                set.cbor,
            ]).encoded
    }

    /// SHA-256 of ``bytes``.
    public var commitment: [UInt8] { SHA256Hasher.hash(bytes).bytes }

    /// Reads a file; nil for anything that ``bytes`` would not have made.
    public init?(bytes: [UInt8]) {
        guard bytes.count <= Self.bytesMax, bytes.starts(with: Self.context),
            let value = try? CBORValue(decoding: Array(bytes.dropFirst(Self.context.count))),
            let parts = value.arrayValue, parts.count == 5,
            let dataset = parts[0].textValue.flatMap({ try? DatasetID($0) }),
            let org = parts[1].textValue.flatMap({ try? Origin($0) }),
            let name = parts[2].textValue, let salt = parts[3].bytesValue,
            salt.count == GoldSet.saltBytes, let set = GoldSet(name: name, cbor: parts[4])
        else { return nil }
        self.init(dataset: dataset, org: org, set: set, salt: salt)
        guard self.bytes == bytes else { return nil }
    }
}
