import Signing

/// The checksum that small text files of a home carry, so that a flipped bit in one shows.
///
/// A key with one bit changed is a key as well, and signs; an address with one letter changed is an
/// address. So the file says itself what it should be: its first line is `-- sha256 DIGEST --`, or, in
/// JSON, its first member or element is the digest. Other programs skip that: OpenSSL what stands before PEM, and
/// readers of JSON a member that they do not know. The digest is over the whole text with zeros in its own place.
/// A file without a seal was made by hand or by an earlier version, and is taken as it is.
package enum Seal {
    private static let digits = 64
    private static let zeros = String(repeating: "0", count: digits)

    /// Where the digest of a kind of text stands.
    private struct Form {
        /// What stands before the digest, at the beginning of the text.
        let before: String
        /// What stands behind it.
        let after: String
        /// How many bytes of the text itself come first.
        let kept: Int

        init(_ text: String) {
            switch text.utf8.first {
            case UInt8(ascii: "{"): (before, after, kept) = ("{\"sha256\":\"", "\",", 1)
            case UInt8(ascii: "["): (before, after, kept) = ("[\"sha256 ", "\",", 1)
            default: (before, after, kept) = ("-- sha256 ", " --\n", 0)
            }
        }
    }

    /// The text with its seal; an empty one has none, and neither has JSON that holds nothing.
    package static func sealed(_ text: String) -> String {
        let form = Form(text)
        if text.isEmpty || ["{}", "[]"].contains(text) { return text }
        let rest = String(decoding: text.utf8.dropFirst(form.kept), as: UTF8.self)
        let digest = SHA256Hasher.hash(Array((form.before + zeros + form.after + rest).utf8)).hex
        return form.before + digest + form.after + rest
    }

    /// The text that a file holds, without a first line that is its seal.
    ///
    /// - Returns: Nil if the file is not what was sealed, or its seal is damaged.
    package static func open(_ bytes: [UInt8]) -> String? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let form = Form(text)
        let before = Array(form.before.utf8)
        guard bytes.starts(with: before) else {
            // One that is nearly a seal was one.
            let same = zip(bytes, before).count { $0 == $1 }
            return same > before.count / 2 ? nil : text
        }
        let behind = before.count + digits
        guard bytes.count > behind, bytes[behind...].starts(with: Array(form.after.utf8)) else {
            return nil
        }
        let found = Array(bytes[before.count..<behind])
        let zeroed = bytes[..<before.count] + Array(zeros.utf8) + bytes[behind...]
        guard found == Array(SHA256Hasher.hash(Array(zeroed)).hex.utf8) else { return nil }
        guard form.kept == 0 else { return text }
        return String(decoding: bytes[(behind + form.after.utf8.count)...], as: UTF8.self)
    }
}
