/// Unpacks DEFLATE (RFC 1951) in the wrapping of zlib (RFC 1950), to a size that is known beforehand.
struct Inflate {
    /// The data is cut, damaged, or not as long as was said.
    struct Damage: Error, Equatable {}

    private let input: [UInt8]
    private let count: Int
    private var position = 2
    private var bits: UInt32 = 0
    private var bitCount = 0
    private var output: [UInt8] = []

    /// DEFLATE cannot pack more than this many bytes into one.
    static let ratioMax = 1_032

    /// The `count` bytes that a zlib stream holds.
    static func unpack(_ input: [UInt8], count: Int) throws(Damage) -> [UInt8] {
        guard input.count >= 6, input[0] & 0x0f == 8, input[0] >> 4 <= 7, input[1] & 0x20 == 0,
            (Int(input[0]) << 8 | Int(input[1])) % 31 == 0, count / ratioMax <= input.count
        else { throw Damage() }
        var inflate = Inflate(input: input, count: count)
        inflate.output.reserveCapacity(count)
        var isLast = false
        while !isLast {
            isLast = try inflate.take(1) == 1
            switch try inflate.take(2) {
            case 0: try inflate.stored()
            case 1: try inflate.block(Self.fixedLiterals, Self.fixedDistances)
            case 2: try inflate.dynamic()
            default: throw Damage()
            }
        }
        guard inflate.output.count == count else { throw Damage() }
        // The checksum begins at the next whole byte.
        let end = inflate.position - inflate.bitCount / 8
        guard end + 4 <= input.count,
            input[end..<end + 4].reduce(0, { $0 << 8 | UInt32($1) })
                == Checksum.adler(inflate.output)
        else { throw Damage() }
        return inflate.output
    }

    private init(input: [UInt8], count: Int) { (self.input, self.count) = (input, count) }

    private mutating func take(_ wanted: Int) throws(Damage) -> Int {
        while bitCount < wanted {
            guard position < input.count else { throw Damage() }
            bits |= UInt32(input[position]) << UInt32(bitCount)
            position += 1
            bitCount += 8
        }
        let value = bits & ((1 << UInt32(wanted)) - 1)
        bits >>= UInt32(wanted)
        bitCount -= wanted
        return Int(value)
    }

    private mutating func stored() throws(Damage) {
        _ = try take(bitCount % 8)
        let length = try take(16)
        guard try take(16) == ~length & 0xffff, output.count + length <= count else {
            throw Damage()
        }
        for _ in 0..<length { output.append(UInt8(try take(8))) }
    }

    /// A prefix code: how many codes there are of each length, and the symbols in order.
    struct Code {
        var counts = [Int](repeating: 0, count: 16)
        var symbols: [Int] = []

        /// Nil where the lengths are too many to be a code.
        init?(_ lengths: [Int]) {
            for length in lengths where length > 0 { counts[length] += 1 }
            var left = 1
            for length in 1...15 {
                left = left * 2 - counts[length]
                if left < 0 { return nil }
            }
            for length in 1...15 where counts[length] > 0 {
                for (symbol, other) in lengths.enumerated() where other == length {
                    symbols.append(symbol)
                }
            }
        }
    }

    static let fixedLengths =
        [Int](repeating: 8, count: 144) + [Int](repeating: 9, count: 112)
        + [Int](repeating: 7, count: 24) + [Int](repeating: 8, count: 8)
    private static let fixedLiterals = Code(fixedLengths)
    private static let fixedDistances = Code([Int](repeating: 5, count: 30))

    private mutating func symbol(_ code: Code) throws(Damage) -> Int {
        var (value, first, index) = (0, 0, 0)
        for length in 1...15 {
            value |= try take(1)
            let count = code.counts[length]
            if value - count < first { return code.symbols[index + value - first] }
            index += count
            first = (first + count) << 1
            value <<= 1
        }
        throw Damage()
    }

    private mutating func block(_ literals: Code?, _ distances: Code?) throws(Damage) {
        guard let literals, let distances else { throw Damage() }
        while true {
            let symbol = try symbol(literals)
            if symbol < 256 {
                guard output.count < count else { throw Damage() }
                output.append(UInt8(symbol))
                continue
            }
            if symbol == 256 { return }
            guard symbol - 257 < 29 else { throw Damage() }
            let (base, extra) = Self.length(symbol - 257)
            let length = base + (try take(extra))
            let code = try self.symbol(distances)
            guard code < 30 else { throw Damage() }
            let more = code < 4 ? 0 : code / 2 - 1
            let start = code < 4 ? code + 1 : (2 + code % 2) << more + 1
            let distance = start + (try take(more))
            guard distance <= output.count, output.count + length <= count else { throw Damage() }
            for _ in 0..<length { output.append(output[output.count - distance]) }
        }
    }

    /// The shortest length of a length code, and its extra bits.
    static func length(_ code: Int) -> (base: Int, extra: Int) {
        if code < 8 { return (code + 3, 0) }
        if code == 28 { return (258, 0) }
        let extra = code / 4 - 1
        return ((4 + code % 4) << extra + 3, extra)
    }

    private mutating func dynamic() throws(Damage) {
        let literalCount = try take(5) + 257
        let distanceCount = try take(5) + 1
        let codeCount = try take(4) + 4
        guard literalCount <= 286, distanceCount <= 30 else { throw Damage() }
        var lengths = [Int](repeating: 0, count: 19)
        let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
        for index in 0..<codeCount { lengths[order[index]] = try take(3) }
        guard let code = Code(lengths) else { throw Damage() }
        var all: [Int] = []
        while all.count < literalCount + distanceCount {
            let symbol = try symbol(code)
            switch symbol {
            case 0..<16: all.append(symbol)
            case 16:
                guard let last = all.last else { throw Damage() }
                all += [Int](repeating: last, count: 3 + (try take(2)))
            case 17: all += [Int](repeating: 0, count: 3 + (try take(3)))
            default: all += [Int](repeating: 0, count: 11 + (try take(7)))
            }
        }
        guard all.count == literalCount + distanceCount, all[256] > 0 else { throw Damage() }
        try block(Code(Array(all[..<literalCount])), Code(Array(all[literalCount...])))
    }
}

/// The checksums of zlib and PNG.
enum Checksum {
    static func adler(_ bytes: [UInt8]) -> UInt32 {
        var (a, b): (UInt32, UInt32) = (1, 0)
        for byte in bytes {
            a = (a + UInt32(byte)) % 65_521
            b = (b + a) % 65_521
        }
        return b << 16 | a
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 1 ? 0xedb8_8320 ^ value >> 1 : value >> 1
        }
    }

    static func crc(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(UInt32.max) { table[Int(($0 ^ UInt32($1)) & 0xff)] ^ $0 >> 8 }
    }
}
