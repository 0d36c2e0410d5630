import CanonicalCBOR

/// Verifies signed messages one after the other, with one buffer for what is signed.
///
/// Not for use from two threads at once: keep one for each.
public final class COSEVerifier {
    private var structure: CBOREncoder

    /// A verifier that has verified nothing yet.
    public init() { structure = CBOREncoder(capacity: 4_096) }

    /// Whether `key` made the signature of a message.
    ///
    /// - Parameters:
    ///   - message: what ``COSESign1/parse(_:)-(UnsafeRawBufferPointer)`` made of `bytes`.
    ///   - bytes: the same bytes again.
    ///   - key: the key of the signer's certificate.
    public func verify(
        _ message: COSESign1, in bytes: UnsafeRawBufferPointer, with key: VerificationKey
    ) -> Bool {
        do throws(SigningError) {
            try check(message, in: bytes, with: key)
            return true
        } catch {
            return false
        }
    }

    /// Checks that `key` made the signature of a message.
    ///
    /// - Throws: ``SigningError/algorithmDoesNotFitKey(algorithm:key:)``,
    ///   ``SigningError/signatureLength(found:expected:)`` or ``SigningError/signatureMismatch``.
    public func check(
        _ message: COSESign1, in bytes: UnsafeRawBufferPointer, with key: VerificationKey
    ) throws(SigningError) {
        // The algorithm's number is the sender's; the key decides what is computed.
        guard message.algorithm.keyKind == key.kind else {
            throw .algorithmDoesNotFitKey(algorithm: message.algorithm, key: key.kind)
        }
        guard message.signature.count == key.kind.signatureByteCount else {
            throw .signatureLength(
                found: message.signature.count, expected: key.kind.signatureByteCount)
        }
        structure.removeAll()
        SigStructure.write(
            protected: UnsafeRawBufferPointer(rebasing: bytes[message.protected]),
            payload: UnsafeRawBufferPointer(rebasing: bytes[message.payload]), into: &structure)
        let isValid = structure.bytes.withUnsafeBytes { signed in
            key.verify(UnsafeRawBufferPointer(rebasing: bytes[message.signature]), over: signed)
        }
        guard isValid else { throw .signatureMismatch }
    }
}

/// What a COSE_Sign1 signature covers (RFC 9052 §4.4).
enum SigStructure {
    /// Appends the structure: context, protected header, external data, payload.
    static func write(
        protected: UnsafeRawBufferPointer, externalData: [UInt8] = [],
        payload: UnsafeRawBufferPointer, into encoder: inout CBOREncoder
    ) {
        encoder.arrayHead(4)
        encoder.text("Signature1")
        encoder.byteString(protected)
        encoder.byteString(externalData)
        encoder.byteString(payload)
    }
}
