/// Something that a person has to look at, for `status`: its members follow from its kind.
public enum AlarmDocument: Document {
    /// A log has signed two histories.
    case equivocation(Equivocation)
    /// A log has signed another root than the one held here.
    case contradiction(Contradiction)
    /// A partner has not been in contact for long.
    case silent(Silent)
    /// A partner has made another label set of the same entries.
    case digestsDiffer(DigestsDiffer)
    /// This machine's clock and all partners' differ.
    case clock(Clock)
    /// This home and the company's other nodes say different things beside logs.
    case nodesDiffer(NodesDiffer)
    /// Something ends.
    case ends(Ends)

    /// Writes what the case holds.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .equivocation(let alarm): try alarm.encode(to: encoder)
        case .contradiction(let alarm): try alarm.encode(to: encoder)
        case .silent(let alarm): try alarm.encode(to: encoder)
        case .digestsDiffer(let alarm): try alarm.encode(to: encoder)
        case .clock(let alarm): try alarm.encode(to: encoder)
        case .nodesDiffer(let alarm): try alarm.encode(to: encoder)
        case .ends(let alarm): try alarm.encode(to: encoder)
        }
    }
}

extension AlarmDocument {
    /// A log has signed two histories.
    public struct Equivocation: Encodable, Sendable {
        /// The alarm's kind.
        public let kind: String = "equivocation"
        /// The log.
        public let log: String
        /// How many of its entries still count.
        public let prefix: UInt64
        /// The evidence.
        public let file: String

        /// Makes one of its members.
        public init(log: String, prefix: UInt64, file: String) {
            self.log = log
            self.prefix = prefix
            self.file = file
        }
    }

    /// A log has signed another root than the one held here.
    public struct Contradiction: Encodable, Sendable {
        /// The alarm's kind.
        public let kind: String = "contradiction"
        /// The log.
        public let log: String
        /// What it has signed.
        public let file: String

        /// Makes one of its members.
        public init(log: String, file: String) {
            self.log = log
            self.file = file
        }
    }

    /// A partner has not been in contact for long.
    public struct Silent: Encodable, Sendable {
        /// The alarm's kind.
        public let kind: String = "silent"
        /// The partner.
        public let org: String

        /// Makes one of its members.
        public init(org: String) {
            self.org = org
        }
    }

    /// A partner has made another label set of the same entries.
    public struct DigestsDiffer: Encodable, Sendable {
        /// The alarm's kind.
        public let kind: String = "digests-differ"
        /// The dataset.
        public let dataset: String
        /// The partner.
        public let org: String
        /// This node's state digest.
        public let digest: String
        /// The partner's.
        public let theirs: String
        /// When it was first seen.
        public let since: Int64

        /// Makes one of its members.
        public init(dataset: String, org: String, digest: String, theirs: String, since: Int64) {
            self.dataset = dataset
            self.org = org
            self.digest = digest
            self.theirs = theirs
            self.since = since
        }
    }

    /// This machine's clock and all partners' differ.
    public struct Clock: Encodable, Sendable {
        /// The alarm's kind.
        public let kind: String = "clock"
        /// By how much, and what that means.
        public let what: String
        /// Nothing is signed because of it.
        public let refuses: Bool

        /// Makes one of its members.
        public init(what: String, refuses: Bool) {
            self.what = what
            self.refuses = refuses
        }
    }

    /// This home and the company's other nodes say different things beside logs.
    public struct NodesDiffer: Encodable, Sendable {
        /// The alarm's kind.
        public let kind: String = "nodes-differ"
        /// What is about to be told or is not taken, and why.
        public let what: String

        /// Makes one of its members.
        public init(what: String) {
            self.what = what
        }
    }

    /// Something ends; what ``EndingDocument`` calls its kind is ``what`` here.
    public struct Ends: Encodable, Sendable {
        /// The alarm's kind.
        public let kind: String = "ends"
        /// What ends.
        public let what: String
        /// Whose it is.
        public let org: String
        /// Of which certificate.
        public let subject: String
        /// When it ends.
        public let notAfter: Int64
        /// `warning`, `urgent` or `over`.
        public let level: String
        /// The command that helps.
        public let renew: String

        /// Makes one of its members.
        public init(
            what: String, org: String, subject: String, notAfter: Int64, level: String,
            renew: String
        ) {
            self.what = what
            self.org = org
            self.subject = subject
            self.notAfter = notAfter
            self.level = level
            self.renew = renew
        }
    }
}
