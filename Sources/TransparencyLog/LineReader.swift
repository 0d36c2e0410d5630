import Signing

/// Reads a text from outside line by line; a line counts only with its newline.
struct LineReader {
    private let bytes: [UInt8]
    private var offset = 0

    /// A reader at the start of a text.
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next line without its newline; nil where no newline follows.
    mutating func line() -> ArraySlice<UInt8>? {
        guard let end = bytes[offset...].firstIndex(of: 0x0a) else { return nil }
        defer { offset = end + 1 }
        return bytes[offset..<end]
    }

    /// The next bytes, whatever they are; nil where fewer follow.
    mutating func bytes(_ count: Int) -> [UInt8]? {
        guard count <= bytes.count - offset else { return nil }
        defer { offset += count }
        return Array(bytes[offset..<(offset + count)])
    }

    /// True if nothing follows.
    var isAtEnd: Bool { offset == bytes.count }

    /// What follows the lines read so far.
    var rest: [UInt8] { Array(bytes[offset...]) }
}

extension ArraySlice<UInt8> {
    /// The line as a text, which must be UTF-8.
    var validText: String? { String(validating: self, as: UTF8.self) }

    /// What follows a word at the start of the line, nil if another word stands there.
    func after(_ word: String) -> ArraySlice<UInt8>? {
        starts(with: word.utf8) ? dropFirst(word.utf8.count) : nil
    }
}

extension Digest {
    /// The hash on a line of a proof: the base64 of 32 bytes and nothing else.
    init?(line: ArraySlice<UInt8>) {
        guard line.count == 44, let bytes = Base64.decode(line) else { return nil }
        self.init(bytes)
    }
}

extension MerkleProof {
    /// The most hashes of a proof in a tree of fewer than 2^63 entries.
    public static let hashesMax = 63
}
