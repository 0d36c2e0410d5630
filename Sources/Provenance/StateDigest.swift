import AnnotationModel
import Signing

/// The running sum under a dataset's state digest: the sum modulo 2^256 of one SHA-256 for every entry that
/// has added annotations, and for every row that follows from other operations.
///
/// A sum can be kept as rows come and go in any order. It is a checksum of the derived state, equal on
/// nodes that hold the same logs; what binds companies to their labels are the logs' signed roots, not
/// this sum, for which sums of chosen hashes could be made to collide.
public struct StateSum: Sendable, Equatable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// The sum of nothing.
    public init() {}

    /// A sum from its 32 bytes.
    public init(_ digest: Digest) { words = Self.words(digest) }

    /// The sum as 32 bytes.
    public var digest: Digest {
        let parts = [words.0, words.1, words.2, words.3]
        let bytes = parts.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
        return Digest(bytes) ?? .zero
    }

    @inline(__always)
    private static func words(_ digest: Digest) -> (UInt64, UInt64, UInt64, UInt64) {
        digest.withUnsafeBytes { bytes in
            (
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
            )
        }
    }

    /// Adds an element.
    @inline(__always)
    public mutating func add(_ element: Digest) {
        let other = Self.words(element)
        var carry = false
        (words.0, carry) = Self.sum(words.0, other.0, carry)
        (words.1, carry) = Self.sum(words.1, other.1, carry)
        (words.2, carry) = Self.sum(words.2, other.2, carry)
        (words.3, _) = Self.sum(words.3, other.3, carry)
    }

    /// Takes an element out again.
    public mutating func subtract(_ element: Digest) {
        let other = Self.words(element)
        // a - b = a + ~b + 1
        var carry = true
        (words.0, carry) = Self.sum(words.0, ~other.0, carry)
        (words.1, carry) = Self.sum(words.1, ~other.1, carry)
        (words.2, carry) = Self.sum(words.2, ~other.2, carry)
        (words.3, _) = Self.sum(words.3, ~other.3, carry)
    }

    @inline(__always)
    private static func sum(_ left: UInt64, _ right: UInt64, _ carry: Bool) -> (UInt64, Bool) {
        let (first, overflow1) = left.addingReportingOverflow(right)
        let (second, overflow2) = first.addingReportingOverflow(carry ? 1 : 0)
        return (second, overflow1 || overflow2)
    }

    /// Equal sums.
    public static func == (left: StateSum, right: StateSum) -> Bool { left.words == right.words }
}

/// How much a label set holds.
public struct LabelCounts: Sendable, Equatable {
    /// The number of items.
    public var items = 0
    /// Counted annotations, retracted ones included.
    public var annotations = 0
    /// The number of retracted labels.
    public var retracted = 0
    /// Items and annotations in conflict.
    public var conflicts = 0
    /// Entries and operations stored and not counted.
    public var quarantined = 0
    /// Counted operations.
    public var operations = 0

    /// Nothing.
    public init() {}
}

/// Hashes the rows of a label set under ids that mean the same on every node.
///
/// A row is gathered in one buffer and hashed at once.
struct ElementHasher: ~Copyable {
    private var hasher = SHA256Hasher()
    private var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
    private var count = 0

    init() {}

    deinit { buffer.deallocate() }

    enum Kind: UInt8 {
        case annotation = 1
        case item = 2
        case register = 3
        case entry = 4
        case notAdded = 5
    }

    @inline(__always)
    mutating func start(_ kind: Kind) {
        count = 0
        byte(kind.rawValue)
    }

    /// An operation: the log's tag and the place.
    @inline(__always)
    mutating func operation(_ tag: LogTag, _ slot: Slot) {
        append(tag.high)
        append(tag.low)
        append(slot.packed.littleEndian)
    }

    @inline(__always)
    mutating func bytes(_ part: UnsafeRawBufferPointer) {
        append(UInt32(truncatingIfNeeded: part.count).littleEndian)
        reserve(part.count)
        UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).copyMemory(from: part)
        count += part.count
    }

    @inline(__always)
    mutating func bytes(_ part: [UInt8]) { part.withUnsafeBytes { bytes($0) } }

    @inline(__always)
    mutating func byte(_ value: UInt8) { append(value) }

    @inline(__always)
    mutating func finish() -> Digest {
        hasher.hash(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }

    @inline(__always)
    private mutating func append<T: FixedWidthInteger>(_ value: T) {
        reserve(MemoryLayout<T>.size)
        buffer.storeBytes(of: value, toByteOffset: count, as: T.self)
        count += MemoryLayout<T>.size
    }

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if count + more > buffer.count { grow(to: 2 * (count + more)) }
    }

    private mutating func grow(to size: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        buffer.deallocate()
        buffer = larger
    }
}

/// Half of the SHA-256 of an organisation's origin: what stands for a log within one dataset.
struct LogTag: Sendable, Equatable {
    let high: UInt64
    let low: UInt64

    init(_ origin: Origin) {
        let digest = SHA256Hasher.hash(Array(origin.description.utf8))
        (high, low) = digest.withUnsafeBytes {
            (
                $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            )
        }
    }
}
