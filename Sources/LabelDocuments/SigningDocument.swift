/// What a person's browser needs to make and sign the next entry of this organisation's log itself.
public struct SigningDocument: Document {
    /// How much of another company's log the entry cites, under which of that log's own checkpoints.
    public struct Head: Encodable, Sendable {
        /// The company.
        public let org: String
        /// The number of its first entries that were merged here.
        public let merged: UInt64
        /// The number of entries that its key signed.
        public let size: UInt64
        /// The root over these, in hexadecimal.
        public let root: String
        /// The checkpoint's signature, in Base64.
        public let signature: String

        /// Makes one of its members.
        public init(org: String, merged: UInt64, size: UInt64, root: String, signature: String) {
            self.org = org
            self.merged = merged
            self.size = size
            self.root = root
            self.signature = signature
        }
    }

    /// The act with which the log gets to know the certificate.
    public struct Introduction: Encodable, Sendable {
        /// The certificate and its issuers without the root, DER in Base64.
        public let chain: [String]
        /// The log's key in Base64, in the first entry of a log; else nil.
        public let logKey: String?

        /// Makes one of its members.
        public init(chain: [String], logKey: String?) {
            self.chain = chain
            self.logKey = logKey
        }
    }

    /// This organisation.
    public let org: String
    /// The dataset.
    public let dataset: String
    /// Who signs, as the entry names its author.
    public let author: String
    /// The certificate's SHA-256.
    public let certificate: String
    /// How many entries stand in front.
    public let index: UInt64
    /// The root over these, in hexadecimal.
    public let root: String
    /// The node's time in Unix seconds.
    public let time: Int64
    /// What has to stand in front of everything; nil where the log knows the certificate.
    public let introduction: Introduction?
    /// What the entry cites, by company.
    public let heads: [Head]

    /// Makes one of its members.
    public init(
        org: String, dataset: String, author: String, certificate: String, index: UInt64,
        root: String, time: Int64, introduction: Introduction?, heads: [Head]
    ) {
        self.org = org
        self.dataset = dataset
        self.author = author
        self.certificate = certificate
        self.index = index
        self.root = root
        self.time = time
        self.introduction = introduction
        self.heads = heads
    }
}
