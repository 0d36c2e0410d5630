import COpenSSL

/// Turns ECDSA signatures between r || s (COSE, RFC 9053 §2.1) and DER (OpenSSL).
enum ECDSASignature {
    /// Writes the DER form of r || s and returns its length.
    ///
    /// `buffer` needs the length of r || s and 16 bytes more.
    static func writeDER(
        _ signature: UnsafeRawBufferPointer, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        let half = signature.count / 2
        // Both integers stay below 128 bytes, so every length fits one byte.
        var end = 2
        for start in [0, half] { end = writeInteger(signature, start, half, buffer, end) }
        buffer[0] = 0x30
        buffer[1] = UInt8(end - 2)
        return end
    }

    private static func writeInteger(
        _ signature: UnsafeRawBufferPointer, _ start: Int, _ count: Int,
        _ buffer: UnsafeMutableRawBufferPointer, _ offset: Int
    ) -> Int {
        var first = start
        while first < start + count - 1, signature[first] == 0 { first += 1 }
        // A set top bit would make the number negative.
        let pad = signature[first] >= 0x80 ? 1 : 0
        let length = start + count - first + pad
        var end = offset
        buffer[end] = 0x02
        buffer[end + 1] = UInt8(length)
        end += 2
        if pad == 1 {
            buffer[end] = 0
            end += 1
        }
        for index in first..<(start + count) {
            buffer[end] = signature[index]
            end += 1
        }
        return end
    }

    /// The r || s form of a DER signature, each half `half` bytes long.
    static func raw(der: [UInt8], half: Int) -> [UInt8]? {
        let parsed = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var cursor = buffer.baseAddress
            return d2i_ECDSA_SIG(nil, &cursor, buffer.count)
        }
        guard let parsed else { return nil }
        defer { ECDSA_SIG_free(parsed) }
        var raw = [UInt8](repeating: 0, count: 2 * half)
        let written = raw.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return false }
            return BN_bn2binpad(ECDSA_SIG_get0_r(parsed), base, Int32(half)) == Int32(half)
                && BN_bn2binpad(ECDSA_SIG_get0_s(parsed), base + half, Int32(half)) == Int32(half)
        }
        return written ? raw : nil
    }
}
