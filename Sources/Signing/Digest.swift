/// A SHA-256 hash value, held inline.
public struct Digest: Hashable, Sendable {
    /// The number of bytes of a digest.
    public static let byteCount = 32

    // The bytes as they lie in memory, eight to a word: cheap to compare, hash and copy.
    private var word0: UInt64 = 0
    private var word1: UInt64 = 0
    private var word2: UInt64 = 0
    private var word3: UInt64 = 0

    /// The digest of 32 zero bytes, which stands for "none" where a format needs a filler.
    public static let zero = Digest(zeroed: ())

    private init(zeroed: Void) {}

    /// The digest with these bytes; nil unless they are 32.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        withUnsafeMutableBytes(of: &self) { $0.copyBytes(from: bytes) }
    }

    /// The digest with the bytes of a memory slice; nil unless they are 32.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount else { return nil }
        withUnsafeMutableBytes(of: &self) { $0.copyMemory(from: bytes) }
    }

    /// The digest whose bytes `fill` writes.
    init(filling fill: (UnsafeMutableRawBufferPointer) -> Void) {
        withUnsafeMutableBytes(of: &self) { fill($0) }
    }

    /// The digest that a hexadecimal text of 64 digits stands for.
    public init?(hex: String) {
        guard hex.utf8.count == 2 * Self.byteCount, let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes)
    }

    /// The digest that a base64 text of 44 characters stands for.
    public init?(base64: String) {
        guard base64.utf8.count == 44, let bytes = Base64.decode(base64) else { return nil }
        self.init(bytes)
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// The 64 hexadecimal digits, in lower case.
    public var hex: String { withUnsafeBytes { Hex.encode($0) } }

    /// The 44 characters of base64.
    public var base64: String { withUnsafeBytes { Base64.encode($0) } }

    /// Lends the 32 bytes.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try Swift.withUnsafeBytes(of: self) { bytes throws(Failure) in try body(bytes) }
    }
}

extension Digest: Comparable {
    /// Orders digests bytewise.
    public static func < (left: Digest, right: Digest) -> Bool {
        if left.word0 != right.word0 { return left.word0.bigEndian < right.word0.bigEndian }
        if left.word1 != right.word1 { return left.word1.bigEndian < right.word1.bigEndian }
        if left.word2 != right.word2 { return left.word2.bigEndian < right.word2.bigEndian }
        return left.word3.bigEndian < right.word3.bigEndian
    }
}

extension Digest: CustomStringConvertible {
    /// The hexadecimal digits.
    public var description: String { hex }
}
