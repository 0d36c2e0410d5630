import NIOHTTP1

extension HTTPRequestHead {
    /// The head of a request, in which nothing can end a line before its time.
    ///
    /// - Parameters:
    ///   - path: path and query, beginning with a slash, already escaped.
    ///   - host: what the Host header says.
    ///   - headers: beyond Host and Content-Length.
    ///   - bodyByteCount: the length of the body; nil for a request without one.
    init(
        _ method: String, _ path: String, host: String, headers: [(String, String)],
        bodyByteCount: Int?
    ) throws(PartnerTLSError) {
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw .invalidPath(path)
        }
        var fields = HTTPHeaders([("host", host)])
        for (name, value) in headers {
            guard !name.isEmpty, name.utf8.allSatisfy({ Self.isToken($0) }),
                value.utf8.allSatisfy({ $0 == 9 || (0x20...0x7e).contains($0) })
            else { throw .invalidHeader(name) }
            fields.add(name: name, value: value)
        }
        if let bodyByteCount { fields.add(name: "content-length", value: "\(bodyByteCount)") }
        self.init(
            version: .http1_1, method: HTTPMethod(rawValue: method), uri: path, headers: fields)
    }

    /// The characters of header names (RFC 9110 §5.6.2).
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
