import CanonicalCBOR

/// Reads the protected header of a message against the profile of ``COSESign1``.
struct ProtectedHeaderReader {
    private let bytes: UnsafeRawBufferPointer
    private var reader: CBORReader

    private var algorithm: SignatureAlgorithm?
    private var contentType: COSESign1.Content?
    private var payloadHash: Int64?
    private var describesPreimage = false
    private var hasClaims = false
    private var issuer: Range<Int>?
    private var subject: Range<Int>?
    private var issuedAt: Int64?
    private var place: EntryPlace?
    private var thumbprint: Digest?
    private var chain: [Range<Int>] = []
    private var keyID: Range<Int>?
    /// Labels of `crit`, to be ticked off when they appear.
    private var critical: [Int64] = []
    /// Labels that appeared and that this reader acts upon.
    private var seen: Set<Int64> = []

    /// A reader over a part of a message.
    init(_ bytes: UnsafeRawBufferPointer, _ protected: Range<Int>) {
        self.bytes = bytes
        reader = CBORReader(bytes, from: protected.lowerBound, to: protected.upperBound)
    }

    /// Reads the whole map.
    mutating func read() throws(SigningError) {
        guard !reader.isAtEnd else { throw .missingHeader(.algorithm) }
        let count = try reader.checked { reader throws(CBORError) in try reader.mapHead() }
        var order = MapKeyOrder()
        for _ in 0..<count {
            let start = reader.offset
            let label = try label()
            do throws(CBORError) { try order.check(reader, keyFrom: start) } catch {
                throw SigningError(error)
            }
            try value(of: label)
        }
        try reader.checked { reader throws(CBORError) in try reader.finish() }
    }

    /// An integer label; nil for text and for integers that no known label uses.
    private mutating func label() throws(SigningError) -> Int64? {
        try reader.checked { reader throws(CBORError) in
            switch try reader.peek() {
            case .unsigned:
                return Int64(exactly: try reader.unsigned())
            case .text:
                _ = try reader.utf8()
                return nil
            case .negative:
                try reader.skip()
                return nil
            default:
                throw .unexpectedType(offset: reader.offset, expected: "a header label")
            }
        }
    }

    private mutating func value(of label: Int64?) throws(SigningError) {
        switch label {
        case 1: try readAlgorithm()
        case 2: try readCritical()
        case 3: try readContentType()
        case 4:
            keyID = try field(.keyID) { reader throws(CBORError) in try reader.byteStringRange() }
        case 15: try readClaims()
        case 16:
            _ = try textOrNumber(.type)
        case 33: try readChain()
        case 34: try readThumbprint()
        case 258:
            payloadHash = try field(.payloadHashAlgorithm) { reader throws(CBORError) in
                try reader.integer()
            }
        case 259:
            _ = try textOrNumber(.preimageContentType)
            describesPreimage = true
        case 260:
            _ = try field(.payloadLocation) { reader throws(CBORError) in try reader.utf8() }
            describesPreimage = true
        default: try reader.checked { reader throws(CBORError) in try reader.skip() }
        }
        // Only a header with `crit` needs the book-keeping; that one is in the map before the rest.
        if let label, !critical.isEmpty, Self.understood.contains(label) { seen.insert(label) }
    }

    private static let understood: Set<Int64> = [1, 3, 4, 15, 16, 33, 34, 258, 259, 260]

    private mutating func readAlgorithm() throws(SigningError) {
        let number = try field(.algorithm) { reader throws(CBORError) in try reader.integer() }
        guard let known = SignatureAlgorithm(rawValue: number) else {
            throw .unsupportedAlgorithm(number)
        }
        algorithm = known
    }

    private mutating func readCritical() throws(SigningError) {
        let count = try field(.critical) { reader throws(CBORError) in try reader.arrayHead() }
        guard (1...Self.understood.count).contains(count) else {
            throw .invalidHeader(.critical, reason: "\(count) labels")
        }
        // `alg` stands before `crit` in the map.
        if algorithm != nil { seen.insert(1) }
        for _ in 0..<count {
            let isText = try reader.checked { reader throws(CBORError) in try reader.peek() == .text
            }
            guard !isText else {
                throw .invalidHeader(.critical, reason: "a text label, and none is understood")
            }
            critical.append(
                try field(.critical) { reader throws(CBORError) in try reader.integer() })
        }
    }

    private mutating func readContentType() throws(SigningError) {
        contentType = try textOrNumber(.contentType)
    }

    private mutating func textOrNumber(
        _ field: HeaderField
    ) throws(SigningError) -> COSESign1.Content {
        try self.field(field) { reader throws(CBORError) in
            if try reader.peek() == .text { return .mediaType(try reader.textRange()) }
            return .contentFormat(try reader.unsigned())
        }
    }

    private mutating func readClaims() throws(SigningError) {
        hasClaims = true
        let count = try field(.claims) { reader throws(CBORError) in try reader.mapHead() }
        var order = MapKeyOrder()
        for _ in 0..<count {
            let start = reader.offset
            let claim = try label()
            do throws(CBORError) { try order.check(reader, keyFrom: start) } catch {
                throw SigningError(error)
            }
            switch claim {
            case 1:
                issuer = try field(.issuer) { reader throws(CBORError) in try reader.textRange() }
            case 2:
                subject = try field(.subject) { reader throws(CBORError) in try reader.textRange() }
            case 6:
                issuedAt = try field(.issuedAt) { reader throws(CBORError) in try reader.integer() }
            case 7:
                place = try field(.claimID) { reader throws(CBORError) in
                    EntryPlace(try reader.byteString(count: EntryPlace.byteCount))
                }
            default: try reader.checked { reader throws(CBORError) in try reader.skip() }
            }
        }
    }

    private mutating func readChain() throws(SigningError) {
        let kind = try reader.checked { reader throws(CBORError) in try reader.peek() }
        var count = 1
        if kind == .array {
            count = try field(.certificateChain) { reader throws(CBORError) in
                try reader.arrayHead()
            }
            guard (2...COSESign1.chainCountMax).contains(count) else {
                throw .invalidHeader(
                    .certificateChain,
                    reason: "an array of \(count), and 2 to \(COSESign1.chainCountMax) are allowed")
            }
        }
        for _ in 0..<count {
            let range = try field(.certificateChain) { reader throws(CBORError) in
                try reader.byteStringRange()
            }
            guard (1...Certificate.byteCountMax).contains(range.count) else {
                throw .invalidHeader(
                    .certificateChain, reason: "a certificate of \(range.count) bytes")
            }
            chain.append(range)
        }
    }

    private mutating func readThumbprint() throws(SigningError) {
        let hash = try field(.certificateThumbprint) { reader throws(CBORError) in
            try reader.arrayHead(count: 2)
            return try reader.integer()
        }
        guard hash == COSEHash.sha256 else {
            throw .invalidHeader(
                .certificateThumbprint,
                reason: "hash algorithm \(hash), and SHA-256 (-16) is needed")
        }
        thumbprint = try field(.certificateThumbprint) { reader throws(CBORError) in
            Digest(try reader.byteString(count: Digest.byteCount))
        }
    }

    /// Reads the value of a header; a wrong type or size is that header's fault.
    @inline(__always)
    private mutating func field<Value>(
        _ field: HeaderField, _ read: (inout CBORReader) throws(CBORError) -> Value
    ) throws(SigningError) -> Value {
        do throws(CBORError) { return try read(&reader) } catch {
            switch error {
            case .unexpectedType, .outOfRange:
                throw .invalidHeader(field, reason: error.description)
            default: throw SigningError(error)
            }
        }
    }

    /// The message, after the rules that concern several headers.
    func message(_ frame: COSEFrame) throws(SigningError) -> COSESign1 {
        guard let algorithm else { throw .missingHeader(.algorithm) }
        for label in critical where !seen.contains(label) { throw .criticalLabel(label) }
        guard hasClaims else { throw .missingHeader(.claims) }
        guard let issuer else { throw .missingHeader(.issuer) }
        guard let subject else { throw .missingHeader(.subject) }
        try checkNames(issuer, subject)
        try checkCertificate()
        return COSESign1(
            algorithm: algorithm, protected: frame.protected, payload: frame.payload,
            signature: frame.signature, issuer: issuer, subject: subject, issuedAt: issuedAt,
            place: place,
            content: try content(payloadByteCount: frame.payload.count),
            certificateThumbprint: thumbprint, certificateChain: chain, keyID: keyID)
    }

    private func checkNames(
        _ issuer: Range<Int>, _ subject: Range<Int>
    ) throws(SigningError) {
        let limit = COSESign1.nameByteCountMax
        guard (1...limit).contains(issuer.count) else {
            throw .invalidHeader(
                .issuer, reason: "\(issuer.count) bytes, and 1 to \(limit) are allowed")
        }
        guard subject.count <= limit else {
            throw .invalidHeader(
                .subject, reason: "\(subject.count) bytes, and \(limit) are allowed")
        }
        guard StringOrURI.isValid(bytes[issuer]) else {
            throw .invalidHeader(.issuer, reason: "it has a colon and is no URI (RFC 8392)")
        }
    }

    private func checkCertificate() throws(SigningError) {
        guard let leaf = chain.first else {
            guard thumbprint != nil else { throw .missingHeader(.certificate) }
            return
        }
        guard let thumbprint else { return }
        guard SHA256Hasher.hash(UnsafeRawBufferPointer(rebasing: bytes[leaf])) == thumbprint else {
            throw .invalidHeader(
                .certificateThumbprint,
                reason: "it belongs to another certificate than x5chain's first")
        }
    }

    private func content(payloadByteCount: Int) throws(SigningError) -> COSESign1.Content {
        guard let payloadHash else {
            guard !describesPreimage else { throw .missingHeader(.payloadHashAlgorithm) }
            guard let contentType else { throw .missingHeader(.contentType) }
            return contentType
        }
        guard contentType == nil else {
            throw .invalidHeader(.contentType, reason: "it must not stand beside payload-hash-alg")
        }
        guard let expected = COSEHash.byteCount(payloadHash) else {
            throw .invalidHeader(
                .payloadHashAlgorithm, reason: "hash algorithm \(payloadHash) is not in use")
        }
        guard payloadByteCount == expected else {
            throw .invalidHeader(
                .payloadHashAlgorithm,
                reason: "the payload has \(payloadByteCount) bytes and that hash has \(expected)")
        }
        return .hash(algorithm: payloadHash)
    }
}

/// The hash algorithms in use, by their COSE numbers (RFC 9054).
enum COSEHash {
    static let sha256: Int64 = -16

    /// The length of a hash value; nil for a number that is not in use.
    static func byteCount(_ algorithm: Int64) -> Int? {
        switch algorithm {
        case sha256: 32
        case -43: 48
        case -44: 64
        default: nil
        }
    }
}

/// The StringOrURI type of claims (RFC 8392 §1.1): with a colon in it, text must be a URI.
enum StringOrURI {
    /// Whether text is either without a colon or a URI (RFC 3986 §3).
    static func isValid(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { return true }
        let scheme = text[text.startIndex..<colon]
        guard let first = scheme.first, isLetter(first),
            scheme.allSatisfy({ isLetter($0) || isDigit($0) || "+-.".utf8.contains($0) })
        else { return false }
        var position = colon + 1
        while position < text.endIndex {
            let byte = text[position]
            if byte == UInt8(ascii: "%") {
                guard text.endIndex - position > 2, isHexDigit(text[position + 1]),
                    isHexDigit(text[position + 2])
                else { return false }
                position += 3
                continue
            }
            guard isLetter(byte) || isDigit(byte) || marks.contains(byte) else { return false }
            position += 1
        }
        return true
    }

    /// Unreserved and reserved characters other than letters and digits.
    private static let marks = Array("-._~:/?#[]@!$&'()*+,;=".utf8)

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
}
