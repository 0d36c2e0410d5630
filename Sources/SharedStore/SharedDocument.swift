import Signing

/// Something that all nodes of a company have in common beside logs, such as a partner that they trust.
///
/// A store is written to by whoever may write to the database, so its bytes count for nothing by themselves: they are a
/// ``SignedDocument``.
public struct SharedDocument: Sendable, Equatable {
    /// What it is about.
    public let name: String
    /// Moves with each change, and never back.
    public let version: Int64
    /// A ``SignedDocument``.
    public let bytes: [UInt8]

    /// Bytes of one document: some thousand certificates of a list, or several files of evidence.
    public static let bytesMax = 4 << 20
    /// Bytes of a name: a log's name with what stands in front of it.
    public static let nameBytesMax = 700
    /// Documents of a company; one that was removed counts on, because that it was removed is what it says.
    public static let countMax = 10_000
    /// Documents that are read: nodes that put their last ones at once may go a little beyond the limit.
    static let readMax = 2 * countMax
    /// Versions beyond that were never reached by changes.
    public static let versionMax: Int64 = 1 << 53

    /// A document.
    public init(name: String, version: Int64, bytes: [UInt8]) {
        (self.name, self.version, self.bytes) = (name, version, bytes)
    }

    /// How far it is.
    public var mark: DocumentMark {
        DocumentMark(
            name: name, version: version,
            signature: Array(bytes.prefix(SignedDocument.signatureBytes)))
    }

    /// Throws for one that is larger than any may be.
    func requireSize() throws(SharedStoreError) {
        guard bytes.count <= Self.bytesMax, name.utf8.count <= Self.nameBytesMax else {
            throw .tooLarge(document: String(name.prefix(100)), bytesMax: Self.bytesMax)
        }
    }

    /// Throws where there are more than may be.
    static func requireCount(_ count: Int, atMost most: Int) throws(SharedStoreError) {
        if count > most { throw .tooManyDocuments(countMax: countMax) }
    }
}

/// How far a document is: what tells one making of it from another.
public struct DocumentMark: Sendable, Equatable {
    /// What it is about.
    public let name: String
    /// Its version.
    public let version: Int64
    /// The signature in front of its bytes: another one stands for other bytes.
    public let signature: [UInt8]

    /// A mark.
    public init(name: String, version: Int64, signature: [UInt8]) {
        (self.name, self.version, self.signature) = (name, version, signature)
    }
}

/// A document as a node of the company has signed it, with the key that signs the company's checkpoints.
///
/// All nodes have that key, and nobody else has. The signature covers the company, the name and the version, so no
/// document stands for another one, or for a later version of itself.
public struct SignedDocument: Sendable, Equatable {
    /// What it is about.
    public let name: String
    /// Its version.
    public let version: Int64
    /// What it says; nil where the thing was removed.
    public let text: String?

    /// Ed25519 (RFC 8032).
    static let signatureBytes = 64
    private static let removed: UInt8 = 0
    private static let kept: UInt8 = 1

    /// A document.
    public init(name: String, version: Int64, text: String?) {
        (self.name, self.version, self.text) = (name, version, text)
    }

    /// No checkpoint looks like this: its second line is a number, and this one's is an organisation.
    private static func message(
        _ org: String, _ name: String, _ version: Int64, _ content: ArraySlice<UInt8>
    ) -> [UInt8] {
        Array("countermark company document v1\n\(org)\n\(name)\n\(version)\n".utf8) + content
    }

    /// Signs it for a store.
    ///
    /// - Throws: `SigningError`; ``SharedStoreError/tooLarge(document:bytesMax:)``.
    public func signed(for org: String, with key: SigningKey) throws -> SharedDocument {
        var content = [text == nil ? Self.removed : Self.kept]
        content += (text ?? "").utf8
        let signature = try key.sign(Self.message(org, name, version, content[...]))
        let document = SharedDocument(name: name, version: version, bytes: signature + content)
        try document.requireSize()
        return document
    }

    /// Reads what a store holds.
    ///
    /// - Throws: ``SharedStoreError/forged(document:)`` for what no node of the company has signed.
    public init(
        _ document: SharedDocument, of org: String, key: VerificationKey
    ) throws(SharedStoreError) {
        let (signature, content) = (
            Array(document.bytes.prefix(Self.signatureBytes)),
            document.bytes.dropFirst(Self.signatureBytes)
        )
        let message = Self.message(org, document.name, document.version, content)
        guard (1...SharedDocument.versionMax).contains(document.version),
            !document.name.contains("\n"), let kind = content.first,
            key.verify(signature, over: message),
            kind == Self.kept || (kind == Self.removed && content.count == 1),
            let text = String(validating: content.dropFirst(), as: UTF8.self)
        else { throw .forged(document: String(document.name.prefix(SharedDocument.nameBytesMax))) }
        (name, version) = (document.name, document.version)
        self.text = kind == Self.kept ? text : nil
    }
}
