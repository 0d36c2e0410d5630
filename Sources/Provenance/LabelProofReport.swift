import AnnotationModel
import Signing
import TransparencyLog

/// What a label's proof shows, once it was verified.
public struct LabelProofReport: Sendable, Equatable {
    /// A value that a write gave a field.
    public enum Value: Sendable, Equatable {
        /// A plain value; a class is a text.
        case plain(FieldValue)
        /// Where on the item.
        case selector(Selector)
    }

    /// One signed write.
    public struct Write: Sendable, Equatable {
        /// The field's name; `review` for verdicts.
        public let field: String
        /// The value.
        public let value: Value
        /// The operation.
        public let operation: OperationID
        /// Who decided, where the changeset says so.
        public let author: String?
        /// The subject of the signer's certificate.
        public let signer: String
        /// Seconds since 1970 as the signer claims.
        public let time: Int64
        /// True if another write in the proof replaced it.
        public internal(set) var isReplaced = false
    }

    /// The word of an organisation that the proof holds all that concerns the label.
    public struct Word: Sendable, Equatable {
        /// The organisation.
        public let org: Origin
        /// When it signed, in seconds since 1970 as it claims.
        public let time: Int64
        /// How much of which log it speaks of.
        public let heads: [CompletenessStatement.Head]
    }

    /// A witness that cosigned a checkpoint over the annotation's entry.
    public struct Witness: Sendable, Equatable {
        /// The organisation.
        public let org: String
        /// When it had seen the checkpoint, in seconds since 1970.
        public let time: Int64
    }

    /// What a proof shows of a release itself.
    public struct NamedRelease: Sendable, Equatable {
        /// The release's name.
        public let name: String
        /// What the steward has signed.
        public let digest: [UInt8]
        /// When, in seconds since 1970 as the steward claims.
        public let time: Int64
        /// Why the steward has withdrawn it; nil if no act in the proof does.
        public let withdrawal: String?
        /// Who has countersigned it, as far as the proof shows.
        public let countersigned: [Origin]
        /// How many have to.
        public let quorum: Int
        /// Those of whom as many have to; empty: of all members.
        public let asked: [Origin]
        /// Whether enough have, and it was not withdrawn.
        public let holds: Bool
    }

    /// What the proof shows of a label in a release.
    public struct InRelease: Sendable, Equatable {
        /// The release.
        public let release: NamedRelease
        /// What the release says of the label; nil if the label is not in it.
        public let said: ReleaseProof.Said?
    }

    /// Of the release that the proof speaks of; nil if it speaks of none.
    public let release: InRelease?
    /// The item's key.
    public let item: String
    /// The subject of the certificate that signed the annotation.
    public let signer: String
    /// The fingerprint of that certificate.
    public let fingerprint: Digest
    /// When it was signed, as the signer claims.
    public let time: Int64
    /// All writes, the annotation's own first.
    public let writes: [Write]
    /// Who cosigned.
    public let witnesses: [Witness]
    /// The sizes of the checkpoints up to which the proof can speak, by organisation.
    public let sizes: [String: UInt64]
    /// Who says that this is all; empty where later entries, and such as were left out, cannot be excluded.
    public let completeBy: [Word]
    /// What a reader should know.
    public let notes: [String]

    /// Whether anybody says that this is all.
    public var isComplete: Bool { !completeBy.isEmpty }

    /// The values of a field that no write in the proof replaced; more than one: it is contested.
    public func values(_ field: String) -> [Value] {
        var values: [Value] = []
        for write in writes where write.field == field && !write.isReplaced {
            if !values.contains(write.value) { values.append(write.value) }
        }
        return values
    }
}
