import Signing

/// Why a connection with a partner failed.
public enum PartnerTLSError: Error, Equatable, Sendable {
    // MARK: Setting up

    /// A certificate chain without a certificate.
    case noCertificate
    /// The certificate, its chain or its key cannot be used for TLS.
    case unusableIdentity(reason: String)
    /// A file that should hold the certificates of authorities does not.
    case unusableAuthorities(path: String, reason: String)
    /// OpenSSL failed where no peer is to blame.
    case openSSL(operation: String, reason: String)

    // MARK: Handshake and transport

    /// The handshake took too long.
    case handshakeTimeout(seconds: Int64)
    /// The peer does not speak TLS 1.3, or breaks its rules.
    case protocolViolation(reason: String)
    /// The peer ended the connection with an alert, for instance because it does not know us.
    case refusedByPeer(alert: String)
    /// The peer showed no certificate.
    case noPeerCertificate
    /// The peer's certificate names no organisation with pinned roots.
    case unknownPeer(subject: String)
    /// The peer's certificate names an organisation and does not pass the checks for it.
    case untrustedPeer(origin: String, cause: SigningError)
    /// The peer is another organisation than the one that was called.
    case wrongPeer(subject: String, expected: String)
    /// No authority vouches for the server under the name that was called.
    case untrustedServer(subject: String, reason: String)
    /// The peer's certificate cannot be read.
    case unreadablePeerCertificate(SigningError)
    /// The connection ended without TLS saying so: somebody may have cut it.
    case truncated
    /// The connection is closed.
    case closed

    // MARK: HTTP

    /// No connection could be made.
    case unreachable(host: String, port: Int, reason: String)
    /// The proxy could not be reached, or did not make the connection.
    case proxyRefused(proxy: String, reason: String)
    /// A path that cannot stand in a request.
    case invalidPath(String)
    /// A header that cannot stand in a request.
    case invalidHeader(String)
    /// The partner did not answer in time.
    case timeout(seconds: Int64)
    /// A response body above the limit.
    case responseTooLarge(limitBytes: Int)
    /// A line of a stream above the limit.
    case lineTooLong(limitBytes: Int)
    /// Lines arrived faster than they were taken.
    case streamOverrun(limitLines: Int)
    /// A response that is not HTTP/1.1.
    case malformedResponse(reason: String)
    /// A stream was answered with another status than 200.
    case refusedStream(status: Int)
    /// The calling task was cancelled.
    case cancelled
}

extension PartnerTLSError: CustomStringConvertible {
    /// What happened, the figures, and what to do.
    public var description: String {
        switch self {
        case .noCertificate: "there is no certificate to show to partners; give the node's own"
        case .unusableIdentity(let reason):
            "the node's certificate and key cannot be used for TLS (\(reason)); issue them anew"
        case .unusableAuthorities(let path, let reason):
            "\(path) holds no certificates of authorities that can be read (\(reason)); it must be a PEM file"
        case .openSSL(let operation, let reason):
            "OpenSSL could not \(operation) (\(reason)); check its installation and configuration"
        case .handshakeTimeout(let seconds):
            "the TLS handshake was not done within \(seconds) s; check the network and the port"
        case .protocolViolation(let reason):
            TLSAdvice.violation(reason)
        case .refusedByPeer(let alert):
            TLSAdvice.alert(alert)
        case .noPeerCertificate: "the peer showed no certificate; partners need one"
        case .unknownPeer(let subject):
            "'\(subject)' names no organisation with a pinned root; add the partner first"
        case .untrustedPeer(let origin, let cause):
            TLSAdvice.untrusted(origin, cause)
        case .wrongPeer(let subject, let expected):
            "\(expected) was called and '\(subject)' answered; check the partner's address, and whether "
                + "a proxy that opens TLS stands between"
        case .untrustedServer(let subject, let reason):
            "no trusted authority vouches for the certificate '\(subject)' of the server that was called "
                + "(\(reason)); check the name, the clock, and the authorities that are trusted"
        case .unreadablePeerCertificate(let cause):
            "the peer's certificate cannot be used: \(cause)"
        case .truncated:
            "the connection was cut before its end was announced; try again, and check the network "
                + "if it happens often"
        case .closed: "the connection is closed; try again"
        case .unreachable(let host, let port, let reason):
            "no connection to \(host):\(port) (\(reason)); check the address and the network"
        case .proxyRefused(let proxy, let reason):
            "the proxy \(proxy) made no connection (\(reason)); check HTTPS_PROXY or --proxy, and whether it "
                + "allows CONNECT to the partner's port"
        case .invalidPath(let path): "'\(path)' is no request path; begin with / and escape spaces"
        case .invalidHeader(let name):
            "the header '\(name)' has characters that HTTP does not allow; remove them"
        case .timeout(let seconds):
            "the partner did not answer within \(seconds) s; try again later"
        case .responseTooLarge(let limit):
            "the response has more than \(limit) bytes; ask for a part of it"
        case .lineTooLong(let limit):
            "a line of the stream has more than \(limit) bytes; ask the partner what it sends"
        case .streamOverrun(let limit):
            "more than \(limit) lines arrived before they were taken; connect again"
        case .malformedResponse(let reason):
            "the partner's response is not valid HTTP/1.1 (\(reason)); check any proxy between"
        case .refusedStream(let status):
            "the partner answered the stream with status \(status); check the rights on its side"
        case .cancelled: "the request was cancelled"
        }
    }
}
