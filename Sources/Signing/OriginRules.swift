/// The rules for origins: the DNS-like names of organisations (`tier1.example`).
public enum OriginRules {
    /// DNS allows 253 characters.
    public static let characterCountMax = 253

    /// Whether `name` is an origin: labels of lower-case letters, digits and inner hyphens, joined
    /// by dots.
    public static func isValid(_ name: String) -> Bool {
        let characters = name.utf8
        guard (1...characterCountMax).contains(characters.count) else { return false }
        let hyphen = UInt8(ascii: "-")
        for label in characters.split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        {
            guard (1...63).contains(label.count), label.first != hyphen, label.last != hyphen,
                label.allSatisfy({ isLetterOrDigit($0) || $0 == hyphen })
            else { return false }
        }
        return true
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// The domain of a mail address, in lower case.
    static func domain(ofEmail address: String) -> String? {
        guard let at = address.lastIndex(of: "@") else { return nil }
        return String(address[address.index(after: at)...]).lowercased()
    }

    /// The host of a URI with an authority (RFC 3986 §3.2), in lower case.
    static func host(ofURI uri: String) -> String? {
        guard let colon = uri.firstIndex(of: ":") else { return nil }
        let rest = uri[uri.index(after: colon)...]
        guard rest.hasPrefix("//") else { return nil }
        // A backslash is read as a slash by some and not by others: such a name fits nobody.
        guard !uri.contains("\\") else { return nil }
        var authority = rest.dropFirst(2).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if let at = authority.lastIndex(of: "@") {
            authority = authority[authority.index(after: at)...]
        }
        if let port = authority.lastIndex(of: ":") {
            guard
                authority[authority.index(after: port)...].allSatisfy({ $0.isASCII && $0.isNumber })
            else { return nil }
            authority = authority[..<port]
        }
        return authority.lowercased()
    }
}
