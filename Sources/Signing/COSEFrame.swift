import CanonicalCBOR

/// The outer layout of a COSE_Sign1 message (RFC 9052 §4.2), as ranges into its bytes.
struct COSEFrame: Equatable {
    /// The encoded protected header, without the head of its byte string.
    var protected: Range<Int>
    var payload: Range<Int>
    var signature: Range<Int>

    /// Reads the layout; nothing is copied.
    init(_ bytes: UnsafeRawBufferPointer) throws(SigningError) {
        var reader = CBORReader(bytes)
        let first = try reader.checked { reader throws(CBORError) in try reader.peek() }
        guard first == .tag else { throw .notTagged }
        let tag = try reader.checked { reader throws(CBORError) in try reader.tag() }
        guard tag == 18 else { throw .wrongTag(tag) }
        protected = try reader.checked { reader throws(CBORError) in
            try reader.arrayHead(count: 4)
            return try reader.byteStringRange()
        }
        let unprotected = try reader.checked { reader throws(CBORError) in try reader.mapHead() }
        guard unprotected == 0 else { throw .unprotectedHeader }
        let payloadKind = try reader.checked { reader throws(CBORError) in try reader.peek() }
        guard payloadKind != .null else { throw .detachedPayload }
        payload = try reader.checked { reader throws(CBORError) in try reader.byteStringRange() }
        signature = try reader.checked { reader throws(CBORError) in
            let range = try reader.byteStringRange()
            try reader.finish()
            return range
        }
    }
}

extension CBORReader {
    /// Reads a byte string and returns where its content lies.
    mutating func byteStringRange() throws(CBORError) -> Range<Int> {
        let count = try byteString().count
        return (offset - count)..<offset
    }

    /// Reads a text string, checked for UTF-8, and returns where its content lies.
    mutating func textRange() throws(CBORError) -> Range<Int> {
        let count = try utf8().count
        return (offset - count)..<offset
    }

    /// Runs a reading step and turns its error into one of this module.
    @inline(__always)
    mutating func checked<Value>(
        _ read: (inout CBORReader) throws(CBORError) -> Value
    ) throws(SigningError) -> Value {
        do throws(CBORError) { return try read(&self) } catch { throw SigningError(error) }
    }
}

extension SigningError {
    /// Tells bytes that are no deterministic CBOR from CBOR that is laid out wrongly.
    init(_ error: CBORError) {
        switch error {
        case .unexpectedType, .outOfRange: self = .malformedMessage(error)
        case .truncated, .notShortest, .indefiniteLength, .malformed, .invalidUTF8, .unorderedKey,
            .tooDeep, .trailingBytes:
            self = .notCanonical(error)
        }
    }
}
