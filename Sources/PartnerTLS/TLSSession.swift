import COpenSSL
import NIOCore
import Signing

/// One TLS connection between two memory buffers: bytes of the network on one side, plain bytes on
/// the other.
///
/// It knows nothing of channels and time; ``TLSHandler`` drives it on one event loop.
final class TLSSession {
    /// How a step of the connection ended.
    enum Progress: Equatable {
        /// The step is done.
        case done
        /// More bytes from the network are needed.
        case needsInput
        /// The peer announced the end of what it sends.
        case peerFinished
    }

    /// Plain bytes are read in pieces of a record.
    private static let recordBytesMax = 16_384

    private let ssl: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer
    private let policy: PeerPolicy
    // The context owns what the connection points to.
    private let context: TLSContext
    private var decision: PeerDecision?

    init(
        context: TLSContext, serverName: String?, policy: @escaping PeerPolicy
    ) throws(PartnerTLSError) {
        ERR_clear_error()
        guard let ssl = SSL_new(context.handle) else {
            throw .lastFailure(of: "start a connection")
        }
        guard let input = BIO_new(BIO_s_mem()), let output = BIO_new(BIO_s_mem()) else {
            SSL_free(ssl)
            throw .lastFailure(of: "start a connection")
        }
        cm_bio_set_memory_eof(input, -1)
        cm_bio_set_memory_eof(output, -1)
        // From here the connection owns both buffers.
        SSL_set_bio(ssl, input, output)
        self.ssl = ssl
        self.input = input
        self.output = output
        self.policy = policy
        self.context = context
        // The callback of the verification finds its way back here; nobody keeps the pointer longer.
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
        switch context.side {
        case .server: SSL_set_accept_state(ssl)
        case .client:
            SSL_set_connect_state(ssl)
            if context.goesByAuthorities {
                try demand(serverName ?? "")
            } else if let serverName {
                cm_set_server_name(ssl, serverName)
            }
        }
    }

    /// Lets in only a server that is called so: an address, or a name that is then sent in the clear as well.
    private func demand(_ name: String) throws(PartnerTLSError) {
        let parameters = SSL_get0_param(ssl)
        if X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1 { return }
        ERR_clear_error()
        X509_VERIFY_PARAM_set_hostflags(
            parameters, UInt32(clamping: X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        guard !name.isEmpty, X509_VERIFY_PARAM_set1_host(parameters, name, name.utf8.count) == 1,
            cm_set_server_name(ssl, name) == 1
        else { throw .lastFailure(of: "call a server by its name") }
    }

    deinit { SSL_free(ssl) }

    /// Whom the policy has let in; nil before.
    var peer: PeerIdentity? {
        guard case .accept(let peer) = decision else { return context.anybody }
        return peer
    }

    /// Takes in bytes from the network.
    func receive(_ bytes: ByteBuffer) throws(PartnerTLSError) {
        let count = bytes.readableBytes
        let written = bytes.withUnsafeReadableBytes {
            BIO_write(input, $0.baseAddress, Int32(clamping: count))
        }
        guard count == 0 || Int(written) == count else {
            throw .lastFailure(of: "take in bytes from the network")
        }
    }

    /// Moves what has to go to the network behind `buffer`'s end.
    func drainOutput(into buffer: inout ByteBuffer) {
        let pending = BIO_ctrl_pending(output)
        guard pending > 0 else { return }
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: pending) { space in
            Int(max(0, BIO_read(output, space.baseAddress, Int32(clamping: pending))))
        }
    }

    /// How many bytes have to go to the network.
    var pendingOutputBytes: Int { BIO_ctrl_pending(output) }

    /// Goes on with the handshake.
    func handshake() throws(PartnerTLSError) -> Progress {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        if result == 1 { return .done }
        return try progress(result)
    }

    /// Moves plain bytes behind `buffer`'s end, a record at most.
    func read(into buffer: inout ByteBuffer) throws(PartnerTLSError) -> Progress {
        ERR_clear_error()
        var result: Int32 = 0
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.recordBytesMax) { space in
            result = SSL_read(ssl, space.baseAddress, Int32(clamping: space.count))
            return Int(max(0, result))
        }
        if result > 0 { return .done }
        return try progress(result)
    }

    /// Encrypts plain bytes; all of them, as the output buffer grows.
    func write(_ bytes: UnsafeRawBufferPointer) throws(PartnerTLSError) {
        var rest = bytes
        while !rest.isEmpty {
            ERR_clear_error()
            let result = SSL_write(ssl, rest.baseAddress, Int32(clamping: rest.count))
            guard result > 0 else {
                // Writing waits for nothing in TLS 1.3, so this is a failure whatever it is called.
                _ = try progress(result)
                throw .closed
            }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(Int(result)))
        }
    }

    /// Announces the end of what this side sends.
    func finish() {
        ERR_clear_error()
        SSL_shutdown(ssl)
        ERR_clear_error()
    }

    private func progress(_ result: Int32) throws(PartnerTLSError) -> Progress {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .needsInput
        case SSL_ERROR_ZERO_RETURN: return .peerFinished
        case SSL_ERROR_SSL: throw failure()
        default: throw .closed
        }
    }

    private func failure() -> PartnerTLSError {
        let code = ERR_peek_error()
        let reason = cm_error_reason(code)
        ERR_clear_error()
        if case .refuse(let refusal) = decision { return refusal }
        if reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE { return .noPeerCertificate }
        // OpenSSL reports a received alert as this offset and the alert's number.
        if reason > SSL_AD_REASON_OFFSET {
            let words = SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET)
            return .refusedByPeer(alert: words.map { String(cString: $0) } ?? "\(reason)")
        }
        let words = ERR_reason_error_string(code).map { String(cString: $0) }
        return .protocolViolation(reason: words ?? "error \(code)")
    }

    // MARK: The peer's certificates

    /// Called by OpenSSL during the handshake, on the event loop of the connection.
    static func judgePeer(_ store: OpaquePointer?) -> Int32 {
        guard let store,
            let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
            let pointer = SSL_get_ex_data(OpaquePointer(ssl), 0)
        else { return 0 }
        let session = Unmanaged<TLSSession>.fromOpaque(pointer).takeUnretainedValue()
        let decision = session.decide(on: store)
        session.decision = decision
        // What is left of a path validation must not be taken for an error of the connection.
        ERR_clear_error()
        guard case .refuse(let refusal) = decision else {
            X509_STORE_CTX_set_error(store, X509_V_OK)
            return 1
        }
        X509_STORE_CTX_set_error(store, refusal.verificationCode)
        return 0
    }

    private func decide(on store: OpaquePointer) -> PeerDecision {
        guard let leaf = X509_STORE_CTX_get0_cert(store) else { return .refuse(.noPeerCertificate) }
        let sent = X509_STORE_CTX_get0_untrusted(store)
        do throws(SigningError) {
            var chain = [try Certificate(sharing: leaf)]
            for index in 0..<cm_x509_stack_count(sent) {
                guard let other = cm_x509_stack_value(sent, index), X509_cmp(other, leaf) != 0
                else { continue }
                chain.append(try Certificate(sharing: other))
            }
            // As for every server on the web: OpenSSL knows the name that was called, and the authorities.
            if context.goesByAuthorities, X509_verify_cert(store) != 1 {
                let code = X509_STORE_CTX_get_error(store)
                let words = X509_verify_cert_error_string(Int(clamping: code)).map {
                    String(cString: $0)
                }
                return .refuse(
                    .untrustedServer(subject: chain[0].subject, reason: words ?? "error \(code)"))
            }
            return policy(chain)
        } catch {
            return .refuse(.unreadablePeerCertificate(error))
        }
    }
}

extension PartnerTLSError {
    /// The number from which OpenSSL picks the alert that the refused peer sees.
    fileprivate var verificationCode: Int32 {
        switch self {
        case .untrustedPeer(_, .refusedPath(_, _, .expired)): X509_V_ERR_CERT_HAS_EXPIRED
        case .untrustedPeer(_, .refusedPath(_, _, .revoked)): X509_V_ERR_CERT_REVOKED
        case .untrustedPeer(_, .refusedPath(_, _, .notYetValid)): X509_V_ERR_CERT_NOT_YET_VALID
        case .untrustedPeer(_, .refusedPath(_, _, .staleRevocationList)): X509_V_ERR_CERT_REJECTED
        case .untrustedPeer, .unknownPeer: X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        case .wrongPeer: X509_V_ERR_HOSTNAME_MISMATCH
        default: X509_V_ERR_CERT_REJECTED
        }
    }
}
