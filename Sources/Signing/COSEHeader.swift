import CanonicalCBOR

/// The protected header of a message that is about to be signed.
public struct COSEHeader: Equatable, Sendable {
    /// The media type of the payload.
    public var contentType: String
    /// The organisation that signs, by origin or URI: `iss`.
    public var issuer: String
    /// What the message is about: `sub`.
    public var subject: String
    /// When it is signed, in Unix seconds: `iat`.
    public var issuedAt: Int64?
    /// Where in its log the message shall stand: `cti`.
    public var place: EntryPlace?
    /// The SHA-256 of the signer's certificate: `x5t`.
    public var certificateThumbprint: Digest?
    /// The signer's certificate and its issuers: `x5chain`; left out when empty.
    public var certificateChain: [Certificate]

    /// A header; give the thumbprint, the chain, or both.
    public init(
        contentType: String, issuer: String, subject: String, issuedAt: Int64?,
        place: EntryPlace? = nil, certificateThumbprint: Digest?,
        certificateChain: [Certificate] = []
    ) {
        self.contentType = contentType
        self.issuer = issuer
        self.subject = subject
        self.issuedAt = issuedAt
        self.place = place
        self.certificateThumbprint = certificateThumbprint
        self.certificateChain = certificateChain
    }

    /// The deterministic encoding, labels ascending.
    func encoded(algorithm: SignatureAlgorithm) -> [UInt8] {
        var encoder = CBOREncoder(capacity: 256)
        let chain = certificateChain
        encoder.mapHead(3 + (chain.isEmpty ? 0 : 1) + (certificateThumbprint == nil ? 0 : 1))
        encoder.integer(1)
        encoder.integer(algorithm.rawValue)
        encoder.integer(3)
        encoder.text(contentType)
        encoder.integer(15)
        encoder.mapHead(2 + (issuedAt == nil ? 0 : 1) + (place == nil ? 0 : 1))
        encoder.integer(1)
        encoder.text(issuer)
        encoder.integer(2)
        encoder.text(subject)
        if let issuedAt {
            encoder.integer(6)
            encoder.integer(issuedAt)
        }
        if let place {
            encoder.integer(7)
            encoder.byteString(place.bytes)
        }
        if !chain.isEmpty {
            encoder.integer(33)
            // RFC 9360: one certificate stands alone, an array has two or more.
            if chain.count > 1 { encoder.arrayHead(chain.count) }
            for certificate in chain { encoder.byteString(certificate.der) }
        }
        if let certificateThumbprint {
            encoder.integer(34)
            encoder.arrayHead(2)
            encoder.integer(COSEHash.sha256)
            certificateThumbprint.withUnsafeBytes { encoder.byteString($0) }
        }
        return encoder.bytes
    }
}

extension COSESign1 {
    /// Signs a payload.
    ///
    /// - Returns: the tagged message, which ``parse(_:)-([UInt8])`` accepts.
    /// - Throws: what parsing would throw: a header that breaks the profile, a message above
    ///   ``byteCountMax``; ``SigningError/openSSL(operation:reason:)`` where signing fails.
    public static func sign(
        payload: [UInt8], header: COSEHeader, key: SigningKey
    ) throws(SigningError) -> [UInt8] {
        let protected = header.encoded(algorithm: key.algorithm)
        var structure = CBOREncoder(capacity: payload.count + protected.count + 32)
        protected.withUnsafeBytes { protected in
            payload.withUnsafeBytes { payload in
                SigStructure.write(protected: protected, payload: payload, into: &structure)
            }
        }
        let signature = try key.sign(structure.bytes)
        var message = CBOREncoder(capacity: payload.count + protected.count + 128)
        message.tag(18)
        message.arrayHead(4)
        message.byteString(protected)
        message.mapHead(0)
        message.byteString(payload)
        message.byteString(signature)
        // Partners would refuse it: better to fail here, where it can still be mended.
        _ = try parse(message.bytes)
        return message.bytes
    }

    /// How many bytes a message with this header has beyond its payload.
    ///
    /// It holds for payloads of 256 bytes and more and may be 2 too many for smaller ones.
    public static func overhead(header: COSEHeader, key: SigningKey) -> Int {
        let protected = header.encoded(algorithm: key.algorithm).count
        let protectedHead = protected < 24 ? 1 : protected < 256 ? 2 : 3
        // Tag, array, empty map; payload head of 3; signature head of 2.
        return 3 + protectedHead + protected + 3 + 2 + key.kind.signatureByteCount
    }
}
