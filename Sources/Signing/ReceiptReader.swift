import CanonicalCBOR

/// Reads a COSE receipt (RFC 9942 §4) against the rules of ``COSEReceipt``.
struct ReceiptReader {
    private let bytes: UnsafeRawBufferPointer
    private var reader: CBORReader

    private var algorithm: SignatureAlgorithm?
    private var keyID: [UInt8]?
    private var issuer: String?
    private var subject: String?
    private var issuedAt: Int64?
    private var dataStructure: Int64?
    private var critical: [Int64] = []
    private var proof: COSEReceipt.Proof?

    /// Labels that may not stand in the unprotected header: they mean something only if signed.
    private static let signedLabels: Set<Int64> = [1, 2, 15, 395]
    private static let understood: Set<Int64> = [1, 4, 15, 395]

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        reader = CBORReader(bytes)
    }

    mutating func read() throws(SigningError) -> COSEReceipt {
        guard try step({ reader throws(CBORError) in try reader.peek() }) == .tag else {
            throw .notTagged
        }
        let tag = try step { reader throws(CBORError) in try reader.tag() }
        guard tag == 18 else { throw .wrongTag(tag) }
        let protected = try step { reader throws(CBORError) in
            try reader.arrayHead(count: 4)
            return try reader.byteStringRange()
        }
        let afterProtected = reader
        reader = CBORReader(bytes, from: protected.lowerBound, to: protected.upperBound)
        guard !reader.isAtEnd else { throw .missingHeader(.algorithm) }
        let signedLabels = try readProtected()
        try step { reader throws(CBORError) in try reader.finish() }
        reader = afterProtected
        try readUnprotected(signedLabels)
        guard try step({ reader throws(CBORError) in try reader.peek() }) == .null else {
            throw .attachedRoot
        }
        let signature = try step { reader throws(CBORError) in
            try reader.null()
            let range = try reader.byteStringRange()
            try reader.finish()
            return range
        }
        guard let algorithm else { throw .missingHeader(.algorithm) }
        guard dataStructure != nil else { throw .missingHeader(.dataStructure) }
        guard let proof else { throw .missingHeader(.proofs) }
        return COSEReceipt(
            algorithm: algorithm, keyID: keyID, issuer: issuer, subject: subject,
            issuedAt: issuedAt, proof: proof, protected: Array(bytes[protected]),
            signature: Array(bytes[signature]))
    }

    private mutating func step<Value>(
        _ read: (inout CBORReader) throws(CBORError) -> Value
    ) throws(SigningError) -> Value {
        try reader.checked(read)
    }

    /// Reads a map, one label after the other; labels that are text are passed over.
    private mutating func readMap(
        _ value: (inout ReceiptReader, Int64) throws(SigningError) -> Void
    ) throws(SigningError) {
        let count = try step { reader throws(CBORError) in try reader.mapHead() }
        var order = MapKeyOrder()
        for _ in 0..<count {
            let start = reader.offset
            let isText =
                try step { reader throws(CBORError) in try reader.peek() } == .text
            var label: Int64?
            if isText {
                _ = try step { reader throws(CBORError) in try reader.utf8() }
            } else {
                label = try step { reader throws(CBORError) in try reader.integer() }
            }
            do throws(CBORError) { try order.check(reader, keyFrom: start) } catch {
                throw SigningError(error)
            }
            guard let label else {
                try step { reader throws(CBORError) in try reader.skip() }
                continue
            }
            try value(&self, label)
        }
    }

    private mutating func readProtected() throws(SigningError) -> Set<Int64> {
        var seen: Set<Int64> = []
        try readMap { this, label throws(SigningError) in
            seen.insert(label)
            try this.readProtected(label)
        }
        for label in critical where !seen.contains(label) || !Self.understood.contains(label) {
            throw .criticalLabel(label)
        }
        return seen
    }

    private mutating func readProtected(_ label: Int64) throws(SigningError) {
        switch label {
        case 1:
            let number = try step { reader throws(CBORError) in try reader.integer() }
            guard let known = SignatureAlgorithm(rawValue: number) else {
                throw .unsupportedAlgorithm(number)
            }
            algorithm = known
        case 2:
            let count = try step { reader throws(CBORError) in try reader.arrayHead() }
            guard (1...Self.understood.count).contains(count) else {
                throw .invalidHeader(.critical, reason: "\(count) labels")
            }
            for _ in 0..<count {
                critical.append(try step { reader throws(CBORError) in try reader.integer() })
            }
        case 4:
            keyID = Array(
                try step { reader throws(CBORError) in try reader.byteString() })
        case 15: try readClaims()
        case 395:
            let number = try step { reader throws(CBORError) in try reader.integer() }
            guard number == COSEReceipt.dataStructure else {
                throw .invalidHeader(
                    .dataStructure, reason: "\(number), and RFC9162_SHA256 (1) is needed")
            }
            dataStructure = number
        case 396:
            throw .invalidHeader(.proofs, reason: "it stands in the protected header")
        default: try step { reader throws(CBORError) in try reader.skip() }
        }
    }

    private mutating func readClaims() throws(SigningError) {
        try readMap { this, claim throws(SigningError) in
            switch claim {
            case 1: this.issuer = try this.step { reader throws(CBORError) in try reader.text() }
            case 2: this.subject = try this.step { reader throws(CBORError) in try reader.text() }
            case 6:
                this.issuedAt = try this.step { reader throws(CBORError) in try reader.integer() }
            default: try this.step { reader throws(CBORError) in try reader.skip() }
            }
        }
    }

    private mutating func readUnprotected(_ signed: Set<Int64>) throws(SigningError) {
        try readMap { this, label throws(SigningError) in
            guard !signed.contains(label), !Self.signedLabels.contains(label) else {
                throw .unprotectedHeader
            }
            if label == 396 {
                try this.readProofs()
            } else {
                try this.step { reader throws(CBORError) in try reader.skip() }
            }
        }
    }

    private mutating func readProofs() throws(SigningError) {
        let kinds = try step { reader throws(CBORError) in try reader.mapHead() }
        // What several proofs would mean together, no text says.
        guard kinds == 1 else { throw .invalidHeader(.proofs, reason: "\(kinds) kinds of proofs") }
        let number = try step { reader throws(CBORError) in try reader.integer() }
        guard let kind = COSEReceipt.Kind(rawValue: number) else {
            throw .invalidHeader(.proofs, reason: "proofs of kind \(number)")
        }
        let count = try step { reader throws(CBORError) in try reader.arrayHead() }
        guard count == 1 else { throw .invalidHeader(.proofs, reason: "\(count) proofs") }
        let range = try step { reader throws(CBORError) in try reader.byteStringRange() }
        var inner = CBORReader(bytes, from: range.lowerBound, to: range.upperBound)
        let (size, position, hashes) = try inner.checked { reader throws(CBORError) in
            try reader.arrayHead(count: 3)
            return (try reader.unsigned(), try reader.unsigned(), try reader.arrayHead())
        }
        guard hashes <= COSEReceipt.pathCountMax else {
            throw .invalidHeader(.proofs, reason: "a proof of \(hashes) hashes")
        }
        var path: [Digest] = []
        for _ in 0..<hashes {
            let hash = try inner.checked { reader throws(CBORError) in
                Digest(try reader.byteString(count: Digest.byteCount))
            }
            guard let hash else {
                throw .invalidHeader(.proofs, reason: "a hash of another length")
            }
            path.append(hash)
        }
        try inner.checked { reader throws(CBORError) in try reader.finish() }
        proof = COSEReceipt.Proof(kind: kind, size: size, position: position, path: path)
    }
}
