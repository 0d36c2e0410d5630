import CanonicalCBOR

/// A signed message (COSE_Sign1, RFC 9052 §4.2) that was read in place and not verified yet.
///
/// The profile: tag 18; deterministic CBOR throughout; an empty unprotected header; an attached
/// payload; in the protected header `alg`, a content type (or a hash envelope), CWT Claims with `iss`
/// and `sub`, and the signer's certificate as `x5t` or `x5chain`. Labels that are not known are
/// skipped unless `crit` names them.
///
/// A value holds ranges into the bytes it was read from and copies nothing; functions that need the
/// bytes take them again.
public struct COSESign1: Equatable, Sendable {
    /// A log entry's length is written in 16 bits (tlog-tiles).
    public static let byteCountMax = 65_535
    /// RFC 9943 allows an `iss` of that many characters; here they also bound `sub`.
    public static let nameByteCountMax = 8_192
    /// The signer's certificate and its issuers.
    public static let chainCountMax = 8

    /// The algorithm of the signature.
    public internal(set) var algorithm: SignatureAlgorithm
    /// Where the encoded protected header lies.
    public internal(set) var protected: Range<Int>
    /// Where the payload lies.
    public internal(set) var payload: Range<Int>
    /// Where the signature lies.
    public internal(set) var signature: Range<Int>
    /// Where the text of `iss` lies.
    public internal(set) var issuer: Range<Int>
    /// Where the text of `sub` lies.
    public internal(set) var subject: Range<Int>
    /// When the signer says that it signed, in Unix seconds.
    public internal(set) var issuedAt: Int64?
    /// Where in its log the signer wants the message; nil where it says nothing of that.
    public internal(set) var place: EntryPlace?
    /// What the payload is.
    public internal(set) var content: Content
    /// The SHA-256 of the signer's certificate.
    public internal(set) var certificateThumbprint: Digest?
    /// Where the certificates of `x5chain` lie, the signer's first; empty without one.
    public internal(set) var certificateChain: [Range<Int>]
    /// Where the key identifier lies, a hint only.
    public internal(set) var keyID: Range<Int>?

    /// What the payload is, by header parameters 3 and 258.
    public enum Content: Equatable, Sendable {
        /// The payload itself, with a media type.
        case mediaType(Range<Int>)
        /// The payload itself, with a CoAP content format.
        case contentFormat(UInt64)
        /// The hash of something that lies elsewhere (RFC 9995), by its COSE algorithm number.
        case hash(algorithm: Int64)
    }

    /// Reads a message.
    ///
    /// - Throws: ``SigningError`` with the first rule that is broken; nothing is verified yet.
    /// - Complexity: One pass over the header; the payload is not looked at.
    public static func parse(_ bytes: UnsafeRawBufferPointer) throws(SigningError) -> COSESign1 {
        guard bytes.count <= byteCountMax else {
            throw .messageTooLarge(bytes: bytes.count, limit: byteCountMax)
        }
        let frame = try COSEFrame(bytes)
        var header = ProtectedHeaderReader(bytes, frame.protected)
        try header.read()
        return try header.message(frame)
    }

    /// Reads a message from an array.
    public static func parse(_ bytes: [UInt8]) throws(SigningError) -> COSESign1 {
        let result: Result<COSESign1, SigningError> = bytes.withUnsafeBytes { bytes in
            do throws(SigningError) { return .success(try parse(bytes)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The issuer, `iss`.
    public func issuer(in bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes[issuer], as: UTF8.self)
    }

    /// The subject, `sub`.
    public func subject(in bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes[subject], as: UTF8.self)
    }

    /// The media type of the payload; nil if the header gives something else.
    public func contentType(in bytes: UnsafeRawBufferPointer) -> String? {
        guard case .mediaType(let range) = content else { return nil }
        return String(decoding: bytes[range], as: UTF8.self)
    }

    /// Whether `iss` is this text; allocates nothing.
    public func hasIssuer(_ text: String, in bytes: UnsafeRawBufferPointer) -> Bool {
        bytes[issuer].elementsEqual(text.utf8)
    }

    /// Whether `sub` is this text; allocates nothing.
    public func hasSubject(_ text: String, in bytes: UnsafeRawBufferPointer) -> Bool {
        bytes[subject].elementsEqual(text.utf8)
    }

    /// Whether the payload has this media type; allocates nothing.
    public func hasContentType(_ text: String, in bytes: UnsafeRawBufferPointer) -> Bool {
        guard case .mediaType(let range) = content else { return false }
        return bytes[range].elementsEqual(text.utf8)
    }

    /// The payload.
    public func payload(in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[payload])
    }

    /// The certificates of `x5chain`, the signer's first.
    ///
    /// They are claims of the sender: a path has to be validated.
    public func certificates(
        in bytes: UnsafeRawBufferPointer
    ) throws(SigningError) -> [Certificate] {
        var certificates: [Certificate] = []
        for range in certificateChain { certificates.append(try Certificate(der: bytes[range])) }
        return certificates
    }
}
