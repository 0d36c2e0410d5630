import CZlib

/// Packs and unpacks streams of zlib (RFC 1950), whose sizes are known beforehand.
enum Zlib {
    /// The data is cut, damaged, or not as long as was said.
    struct Damage: Error, Equatable {}

    /// DEFLATE cannot pack more than this many bytes into one.
    static let ratioMax = 1_032

    /// The `count` bytes that a stream holds: neither room nor work for more than that.
    static func unpack(_ input: [UInt8], count: Int) throws(Damage) -> [UInt8] {
        guard input.count >= 6, count >= 0, count / ratioMax <= input.count else {
            throw Damage()
        }
        var length = uLongf(count)
        var code = Z_OK
        // An empty stream needs a place to be checked at, too.
        let output = [UInt8](unsafeUninitializedCapacity: max(1, count)) { buffer, written in
            code = uncompress(buffer.baseAddress, &length, input, uLong(input.count))
            written = code == Z_OK ? min(Int(length), count) : 0
        }
        guard code == Z_OK, Int(length) == count else { throw Damage() }
        return output
    }

    /// The bytes as a stream.
    static func pack(_ raw: [UInt8]) -> [UInt8] {
        let bound = compressBound(uLong(raw.count))
        return [UInt8](unsafeUninitializedCapacity: Int(bound)) { buffer, written in
            var length = uLongf(bound)
            // It fails only where there is no memory, or not room for the bound.
            let code = compress2(
                buffer.baseAddress, &length, raw, uLong(raw.count), Z_DEFAULT_COMPRESSION)
            written = code == Z_OK ? Int(length) : 0
        }
    }

    /// The checksum of PNG.
    static func crc(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let start = bytes.bindMemory(to: UInt8.self).baseAddress
        return UInt32(truncatingIfNeeded: crc32_z(0, start, bytes.count))
    }

    /// The checksum of PNG.
    static func crc(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes(crc) }
}
