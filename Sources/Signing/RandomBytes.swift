import COpenSSL

/// Bytes that nobody can guess, from OpenSSL's generator.
public enum RandomBytes {
    /// So many random bytes.
    ///
    /// - Throws: ``SigningError`` if the generator has none.
    public static func draw(_ count: Int) throws(SigningError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(clamping: count)) == 1 else {
            throw .lastFailure(of: "draw random numbers")
        }
        return bytes
    }
}
