import COpenSSL
import Signing

/// What all connections of one side share.
///
/// With partners that is TLS 1.3 only, HTTP/1.1, the node's own certificate, and certificates on both sides; with a
/// service it is that an authority vouches for its name.
/// Sessions are never resumed: a partner whose pin is removed is out at its next connection.
public final class TLSContext: Sendable {
    /// The side of a connection.
    public enum Side: Sendable {
        case server
        case client
    }

    /// Whether peers show certificates.
    public enum Peers: Sendable {
        /// Each has to.
        case needed
        /// Each may: clients that have one of these authorities, of others too. Who shows none is a stranger.
        case asked(of: [Certificate])
        /// Nobody is asked, and all are strangers.
        case none
    }

    /// Who vouches for the names of services.
    public enum Authorities: Sendable {
        /// Those that the system trusts: OpenSSL's, or `SSL_CERT_FILE` and `SSL_CERT_DIR`.
        case ofSystem
        /// Those in a PEM file, and no others.
        case inFile(String)
    }

    /// Certificates that a peer may send, in bytes: a handful of them.
    private static let peerCertificateBytesMax = 65_536
    /// At least 112 bits, as for certificate paths.
    private static let securityLevel: Int32 = 2

    /// The side that connections of this context take.
    public let side: Side

    // SAFETY: an SSL_CTX that nobody changes any more may be used by several threads at once.
    nonisolated(unsafe) let handle: OpaquePointer
    /// Who stands for callers who need not show a certificate, and show none; nil where they have to.
    let anybody: PeerIdentity?
    /// Whether a server's path and name are judged by OpenSSL's rules before the policy is asked.
    let goesByAuthorities: Bool

    /// A context that shows `chain`, the node's own certificate first.
    ///
    /// - Parameter peers: Whether peers show certificates.
    public init(
        side: Side, chain: [Certificate], key: SigningKey, peers: Peers = .needed
    ) throws(PartnerTLSError) {
        guard let leaf = chain.first else { throw .noCertificate }
        self.side = side
        handle = try Self.makeHandle(side)
        goesByAuthorities = false
        if case .needed = peers { anybody = nil } else { anybody = PeerIdentity(stranger: leaf) }
        guard cm_ctx_tls13_only(handle) == 1 else { throw .lastFailure(of: "set up TLS 1.3") }
        try setUp()
        guard SSL_CTX_use_certificate(handle, leaf.handle) == 1,
            SSL_CTX_use_PrivateKey(handle, key.handle) == 1,
            SSL_CTX_check_private_key(handle) == 1
        else { throw .unusableIdentity(reason: PartnerTLSError.lastReason()) }
        for certificate in chain.dropFirst()
        where cm_ctx_add_chain(handle, certificate.handle) != 1 {
            throw .unusableIdentity(reason: PartnerTLSError.lastReason())
        }
        switch peers {
        case .needed:
            SSL_CTX_set_verify(handle, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        case .asked(let authorities):
            SSL_CTX_set_verify(handle, SSL_VERIFY_PEER, nil)
            // Browsers ask their people only where they have a certificate of one of these.
            for authority in authorities where SSL_CTX_add_client_CA(handle, authority.handle) != 1
            {
                throw .lastFailure(of: "name the authorities of clients")
            }
        case .none:
            SSL_CTX_set_verify(handle, SSL_VERIFY_NONE, nil)
            return
        }
        SSL_CTX_set_cert_verify_callback(
            handle, { store, _ in TLSSession.judgePeer(store) }, nil)
    }

    /// A client's side for services that are no partners, as an object store: it shows no certificate, asks for TLS
    /// 1.2 or newer, and goes on only where an authority vouches for the name that was called.
    ///
    /// - Throws: ``PartnerTLSError/unusableAuthorities(path:reason:)`` for a file without certificates.
    public init(trusting authorities: Authorities) throws(PartnerTLSError) {
        side = .client
        handle = try Self.makeHandle(.client)
        goesByAuthorities = true
        anybody = nil
        guard cm_ctx_tls12_or_newer(handle) == 1 else { throw .lastFailure(of: "set up TLS 1.2") }
        try setUp()
        switch authorities {
        case .ofSystem:
            guard SSL_CTX_set_default_verify_paths(handle) == 1 else {
                throw .lastFailure(of: "read the system's authorities")
            }
        case .inFile(let path):
            guard SSL_CTX_load_verify_file(handle, path) == 1 else {
                throw .unusableAuthorities(path: path, reason: PartnerTLSError.lastReason())
            }
        }
        SSL_CTX_set_verify(handle, SSL_VERIFY_PEER, nil)
        SSL_CTX_set_cert_verify_callback(
            handle, { store, _ in TLSSession.judgePeer(store) }, nil)
    }

    private static func makeHandle(_ side: Side) throws(PartnerTLSError) -> OpaquePointer {
        ERR_clear_error()
        guard let handle = SSL_CTX_new(side == .server ? TLS_server_method() : TLS_client_method())
        else { throw .lastFailure(of: "set up TLS") }
        return handle
    }

    /// What does not depend on who is at the other end.
    private func setUp() throws(PartnerTLSError) {
        guard cm_ctx_set_groups(handle, "X25519:P-256:P-384") == 1 else {
            throw .lastFailure(of: "set up TLS")
        }
        SSL_CTX_set_security_level(handle, Self.securityLevel)
        cm_ctx_set_options(handle)
        // RELEASE_BUFFERS: an idle connection keeps no record buffers.
        cm_ctx_set_mode(
            handle,
            Int(
                SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                    | SSL_MODE_RELEASE_BUFFERS))
        cm_ctx_no_session_cache(handle)
        SSL_CTX_set_num_tickets(handle, 0)
        cm_ctx_set_max_cert_list(handle, Self.peerCertificateBytesMax)
        try setProtocols()
    }

    deinit { SSL_CTX_free(handle) }

    private func setProtocols() throws(PartnerTLSError) {
        switch side {
        case .client:
            // This one function returns 0 for success.
            guard SSL_CTX_set_alpn_protos(handle, Self.protocols, UInt32(Self.protocols.count)) == 0
            else { throw .lastFailure(of: "set the application protocol") }
        case .server:
            SSL_CTX_set_alpn_select_cb(
                handle,
                { _, chosen, chosenCount, offered, offeredCount, _ in
                    TLSContext.choose(chosen, chosenCount, offered, offeredCount)
                }, nil)
        }
    }

    /// "http/1.1" with its length in front (RFC 7301 §3.1).
    private static let protocols = [8] + Array("http/1.1".utf8)

    /// Picks http/1.1 from the list that a client offers; without it the handshake ends with an alert.
    private static func choose(
        _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
        _ chosenCount: UnsafeMutablePointer<UInt8>?,
        _ offered: UnsafePointer<UInt8>?, _ offeredCount: UInt32
    ) -> Int32 {
        let list = UnsafeBufferPointer(start: offered, count: Int(offeredCount))
        var start = 0
        while start < list.count {
            let end = start + 1 + Int(list[start])
            guard end <= list.count else { break }
            if list[start..<end].elementsEqual(protocols), let offered {
                chosen?.pointee = offered + start + 1
                chosenCount?.pointee = list[start]
                return SSL_TLSEXT_ERR_OK
            }
            start = end
        }
        return SSL_TLSEXT_ERR_ALERT_FATAL
    }
}

extension PartnerTLSError {
    /// The failure that OpenSSL reported last on this thread.
    static func lastFailure(of operation: String) -> PartnerTLSError {
        .openSSL(operation: operation, reason: lastReason())
    }

    /// OpenSSL's words for what failed last on this thread.
    static func lastReason() -> String {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard let words = ERR_reason_error_string(code) else { return "error \(code)" }
        return String(cString: words)
    }
}
