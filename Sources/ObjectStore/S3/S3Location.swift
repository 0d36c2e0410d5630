import PartnerTLS

/// Where objects are kept in an S3 store, as a URL says it:
/// `s3://BUCKET[/PREFIX]?endpoint=https://HOST[:PORT]&region=REGION&ca=FILE&credentials=FILE&insecure=yes`.
///
/// Each parameter may be left out, and occurs once. Without `endpoint` it is Amazon's of the region; without
/// `region` it is `us-east-1`, which other stores take for any. `ca` names a PEM file of the authorities that vouch
/// for the endpoint, in place of the system's; `credentials` one with the keys. A plain `http` endpoint is
/// taken on this machine alone, and elsewhere with `insecure=yes`: the secret does not travel, but anybody on the
/// way reads the objects and can withhold or change them. Values are percent-encoded where they need it.
public struct S3Location: Equatable, Sendable {
    /// The longest URL in bytes.
    static let urlBytesMax = 4_096

    /// The bucket's name.
    public let bucket: String
    /// What stands before each object's name, without a slash at its end; empty for nothing.
    public let prefix: String
    /// The endpoint's host, without brackets.
    public let host: String
    /// The endpoint's port.
    public let port: Int
    /// Whether the endpoint is called with TLS.
    public let isSecure: Bool
    /// The region that requests are signed for.
    public let region: String
    /// The file with the authorities that are trusted; nil for the system's.
    public let authoritiesFile: String?
    /// The file with the keys; nil for the environment.
    public let credentialsFile: String?

    /// Reads a URL.
    ///
    /// - Throws: ``ObjectStoreError/invalidURL(why:)``, which repeats no value of it.
    public init(_ url: String) throws(ObjectStoreError) {
        guard url.utf8.count <= Self.urlBytesMax,
            url.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else {
            throw .invalidURL(
                why: "it is too long, or has characters that need to be percent-encoded")
        }
        guard url.hasPrefix("s3://") else { throw .invalidURL(why: "it does not begin with s3://") }
        let parts = url.dropFirst(5).split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        bucket = String(path[0])
        if let why = Self.problem(ofBucket: bucket) { throw .invalidURL(why: why) }
        var prefix = path.count > 1 ? path[1] : ""
        if prefix.hasSuffix("/") { prefix = prefix.dropLast() }
        self.prefix = String(prefix)
        if !prefix.isEmpty, let why = ObjectName.problem(self.prefix) {
            throw .invalidURL(why: "what follows the bucket is no name: \(why)")
        }
        let values = try Self.parameters(parts.count > 1 ? parts[1] : "")
        region = values["region"] ?? "us-east-1"
        guard (1...64).contains(region.utf8.count), region.utf8.allSatisfy(Self.isOfRegions) else {
            throw .invalidURL(why: "a region has lower-case letters, digits and '-'")
        }
        let endpoint = try Endpoint(
            values["endpoint"] ?? "https://s3.\(region).amazonaws.com")
        (host, port, isSecure) = (endpoint.host, endpoint.port, endpoint.isSecure)
        if let insecure = values["insecure"], insecure != "yes" {
            throw .invalidURL(why: "insecure is 'yes', or left out")
        }
        guard isSecure || endpoint.isOfThisMachine || values["insecure"] != nil else {
            throw .invalidURL(
                why:
                    "its endpoint is http, where anybody on the way reads and changes objects; use https, or "
                    + "say insecure=yes if you know the way")
        }
        authoritiesFile = values["ca"]
        credentialsFile = values["credentials"]
        guard isSecure || authoritiesFile == nil else {
            throw .invalidURL(why: "ca is of no use for an http endpoint")
        }
    }

    /// The endpoint's host and port as the Host header has them.
    var authority: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? host : "\(host):\(port)"
    }

    /// The bucket, the prefix and the endpoint, for messages.
    var place: String {
        "s3://\(bucket)\(prefix.isEmpty ? "" : "/" + prefix) at \(isSecure ? "https" : "http")://\(authority)"
    }

    private static let names: Set<String> = ["endpoint", "region", "ca", "credentials", "insecure"]

    private static func parameters(
        _ query: Substring
    ) throws(ObjectStoreError) -> [String: String] {
        var values: [String: String] = [:]
        for pair in query.split(separator: "&", omittingEmptySubsequences: false)
        where !query.isEmpty {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard names.contains(name) else {
                throw .invalidURL(
                    why:
                        "it has a parameter that is none of \(names.sorted().joined(separator: ", ")); keys never "
                        + "stand in it")
            }
            guard parts.count == 2, let value = decode(parts[1]), !value.isEmpty else {
                throw .invalidURL(
                    why: "\(name) has no value, or one that is wrongly percent-encoded")
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw .invalidURL(why: "\(name) occurs twice")
            }
        }
        return values
    }

    /// A percent-encoded text (RFC 3986 §2.1) without control characters; nil if it is none.
    static func decode(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit),
                let low = rest.popFirst().flatMap(digit)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Why a text names no bucket (Amazon S3 user guide, "Bucket naming rules"); nil if it can.
    private static func problem(ofBucket bucket: String) -> String? {
        if bucket.contains("@") || bucket.contains(":") {
            return "a bucket's name stands behind s3://, and nothing else: neither keys nor a port"
        }
        let isName =
            (3...63).contains(bucket.utf8.count)
            && bucket.utf8.allSatisfy { isOfRegions($0) || $0 == UInt8(ascii: ".") }
            && bucket.utf8.first.map(isLetterOrDigit) == true
            && bucket.utf8.last.map(isLetterOrDigit) == true && !bucket.contains("..")
        return isName
            ? nil
            : "a bucket's name has 3 to 63 of a-z, 0-9, '.', '-', and a letter or digit at both ends"
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isOfRegions(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || byte == UInt8(ascii: "-")
    }
}

/// Host and port of a URL that has no more.
private struct Endpoint {
    let host: String
    let port: Int
    let isSecure: Bool

    init(_ text: String) throws(ObjectStoreError) {
        guard let rest = Self.rest(of: text) else {
            throw .invalidURL(why: "its endpoint does not begin with https:// or http://")
        }
        isSecure = text.hasPrefix("https://")
        var authority = rest
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        guard !authority.contains("@") else {
            throw .invalidURL(why: "its endpoint has a user or a key before the host")
        }
        var number: Substring?
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            host = String(authority[authority.index(after: authority.startIndex)..<end])
            let behind = authority[authority.index(after: end)...]
            guard behind.isEmpty || behind.hasPrefix(":"), host.contains(":"),
                host.utf8.allSatisfy({ Self.isOfAddresses($0) })
            else { throw .invalidURL(why: "its endpoint has no host") }
            number = behind.isEmpty ? nil : behind.dropFirst()
        } else {
            let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
            host = parts[0].lowercased()
            guard parts.count <= 2, (1...253).contains(host.utf8.count),
                host.utf8.allSatisfy({ Self.isOfNames($0) }), !host.hasPrefix("."),
                !host.hasPrefix("-")
            else { throw .invalidURL(why: "its endpoint is HOST or HOST:PORT without a path") }
            number = parts.count == 2 ? parts[1] : nil
        }
        guard let number else {
            port = isSecure ? 443 : 80
            return
        }
        guard let port = PlainNumber.parse(number, upTo: 65_535), port > 0 else {
            throw .invalidURL(why: "its endpoint's port is not 1 to 65535")
        }
        self.port = port
    }

    private static func rest(of text: String) -> Substring? {
        for scheme in ["https://", "http://"] where text.hasPrefix(scheme) {
            return text.dropFirst(scheme.utf8.count)
        }
        return nil
    }

    /// Whether what is sent there stays on this machine.
    var isOfThisMachine: Bool {
        if host == "localhost" || host == "::1" { return true }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127"
            && numbers.allSatisfy { PlainNumber.parse($0, upTo: 255) != nil }
    }

    private static func isOfNames(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isOfAddresses(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
