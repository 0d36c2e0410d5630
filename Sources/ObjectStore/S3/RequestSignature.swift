import Glibc
import Signing

/// Signs requests as Amazon's stores want it: Signature Version 4, in the Authorization header, over the whole body
/// (Amazon S3 API reference, "Signature Calculations for the Authorization Header: Transferring Payload in a Single
/// Chunk").
struct RequestSignature: Sendable {
    let credentials: S3Credentials
    let region: String
    var service = "s3"

    /// The moment of a request, as signatures write it.
    struct Moment: Sendable {
        /// `20130524T000000Z`.
        let stamp: String
        /// `20130524`.
        var day: String { String(stamp.prefix(8)) }

        /// A moment in Unix seconds.
        init(_ seconds: Int64) {
            var time = time_t(seconds)
            var parts = tm()
            gmtime_r(&time, &parts)
            let numbers = [
                parts.tm_year + 1_900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                parts.tm_sec,
            ].map { $0 < 10 ? "0\($0)" : "\($0)" }
            stamp = numbers[..<3].joined() + "T" + numbers[3...].joined() + "Z"
        }
    }

    /// The headers that a request needs beside its own, all of them signed.
    ///
    /// - Parameters:
    ///   - path: not yet escaped.
    ///   - query: names and values, not yet escaped.
    ///   - headers: the request's own, Host among them.
    ///   - payload: the SHA-256 of the body.
    /// - Throws: ``SigningError/openSSL(operation:reason:)``.
    func headers(
        _ method: String, _ path: String, query: [(String, String)], headers: [(String, String)],
        payload: Digest, at moment: Moment
    ) throws(SigningError) -> [(String, String)] {
        var added = [("x-amz-content-sha256", payload.hex), ("x-amz-date", moment.stamp)]
        if let token = credentials.sessionToken { added.append(("x-amz-security-token", token)) }
        let all = (headers + added).map { ($0.0.lowercased(), $0.1) }.sorted { $0.0 < $1.0 }
        let names = all.map(\.0).joined(separator: ";")
        let request =
            [method, Self.escape(path, keepingSlashes: true), Self.escape(query)]
            + all.map { "\($0.0):\($0.1)" } + ["", names, payload.hex]
        let scope = "\(moment.day)/\(region)/\(service)/aws4_request"
        let digest = SHA256Hasher.hash(Array(request.joined(separator: "\n").utf8))
        let text = "AWS4-HMAC-SHA256\n\(moment.stamp)\n\(scope)\n\(digest.hex)"
        let signature = try MessageAuthentication.code(
            of: Array(text.utf8), secret: try key(moment.day).bytes)
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(credentials.keyID)/\(scope),SignedHeaders=\(names),"
            + "Signature=\(signature.hex)"
        return added + [("authorization", authorization)]
    }

    /// The key of one day, region and service, which the secret is turned into.
    func key(_ day: String) throws(SigningError) -> Digest {
        var key = Array("AWS4\(credentials.secret)".utf8)
        for part in [day, region, service] {
            key = try MessageAuthentication.code(of: Array(part.utf8), secret: key).bytes
        }
        return try MessageAuthentication.code(of: Array("aws4_request".utf8), secret: key)
    }

    /// A query as it is sent and signed: in the order of its names.
    static func escape(_ query: [(String, String)]) -> String {
        query.map { (escape($0.0), escape($0.1)) }.sorted { $0 < $1 }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    /// A text with everything escaped but letters, digits, `-`, `.`, `_` and `~` (RFC 3986 §2.3).
    static func escape(_ text: String, keepingSlashes: Bool = false) -> String {
        var escaped: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                escaped.append(byte)
            case UInt8(ascii: "/") where keepingSlashes: escaped.append(byte)
            default: escaped += "%\(Hex.encode([byte]).uppercased())".utf8
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}
