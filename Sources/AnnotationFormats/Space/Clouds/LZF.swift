/// The block compression of PCD's `binary_compressed`: literals and back references, byte by byte.
enum LZF {
    /// The bytes of a block that says how many there are; nil where the block does not hold them.
    static func decompress(_ block: UnsafeRawBufferPointer, count: Int) -> [UInt8]? {
        // A back reference of three bytes stands for 264 at most, so a small block cannot claim much.
        guard count >= 0, count / 264 <= block.count else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(count)
        var position = 0
        while position < block.count {
            let control = Int(block[position])
            position += 1
            if control < 32 {
                let end = position + control + 1
                guard end <= block.count, output.count + control + 1 <= count else { return nil }
                output.append(contentsOf: block[position..<end])
                position = end
                continue
            }
            var length = control >> 5
            if length == 7 {
                guard position < block.count else { return nil }
                length += Int(block[position])
                position += 1
            }
            guard position < block.count else { return nil }
            let distance = (control & 0x1f) << 8 | Int(block[position])
            position += 1
            var source = output.count - distance - 1
            guard source >= 0, output.count + length + 2 <= count else { return nil }
            for _ in 0..<(length + 2) {
                output.append(output[source])
                source += 1
            }
        }
        return output.count == count ? output : nil
    }
}
