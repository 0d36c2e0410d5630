import Signing

/// What helps against each way in which TLS fails: the next step differs, and a wrong one costs days.
enum TLSAdvice {
    /// An alert that the other side sent, in OpenSSL's words for it.
    static func alert(_ alert: String) -> String {
        switch alert {
        case "certificate expired":
            "the partner says that this organisation's certificate has expired; run countermark key list, "
                + "and countermark key rotate if it has, else compare the clocks"
        case "unknown CA":
            "the partner has not pinned this organisation's root; ask it to run countermark partner add "
                + "with the root that countermark key show prints"
        case "bad certificate":
            "the partner cannot use this organisation's certificate; compare the clocks and the name "
                + "(countermark key list), and ask what its log says"
        case "certificate revoked":
            "the partner has a revocation list that names this organisation's certificate; run "
                + "countermark key rotate"
        case "unsupported certificate", "certificate unknown":
            "the partner refuses this organisation's certificate; its log says why, so ask its operator"
        case "certificate required":
            "the partner has seen no certificate of this organisation; a proxy that opens TLS may stand "
                + "between: ask for an exception for this address"
        case "protocol version", "insufficient security", "handshake failure":
            "the other side does not speak TLS 1.3 as partners do (\(alert)); check the address and the "
                + "port, and whether a proxy stands between"
        case "no application protocol", "unrecognized name":
            "another service than a partner's node answers there (\(alert)); check the address and the port"
        case "access denied":
            "the partner does not let this organisation in; ask its operator"
        case "bad record mac", "decrypt error", "decode error", "illegal parameter",
            "record overflow",
            "unexpected message":
            "the other side could not read what was sent (\(alert)); something between may change it: try "
                + "from another network"
        case "internal error":
            "the other side failed by itself; ask its operator to look at its log"
        default:
            "the other side ended the connection (TLS alert \(alert)); ask its operator what its log says"
        }
    }

    /// What came is not TLS 1.3.
    static func violation(_ reason: String) -> String {
        switch reason {
        case "wrong version number", "http request", "packet length too long",
            "record layer failure":
            "what answered is not TLS; check the address and the port: another service or a proxy is there"
        case "unsupported protocol", "tlsv1 alert protocol version", "wrong ssl version",
            "no protocols available":
            "the other side does not speak TLS 1.3; check the address and the port, and whether a proxy that "
                + "opens TLS stands between"
        default:
            "the peer does not speak TLS 1.3 correctly (\(reason)); check the port and any proxy between"
        }
    }

    /// A peer's certificate that names an organisation and does not pass for it.
    static func untrusted(_ origin: String, _ cause: SigningError) -> String {
        guard case .refusedPath(let subject, _, let problem) = cause else {
            return "the peer claims to be \(origin) and is not trusted: \(cause)"
        }
        let what = "the certificate '\(subject)' of whoever answers as \(origin)"
        switch problem {
        case .untrustedRoot, .issuerMissing, .wrongSignature:
            return
                "\(what) does not come from the root that is pinned for it; a proxy that opens TLS may stand "
                + "between, or somebody pretends: call \(origin) and compare fingerprints (countermark "
                + "partner list here, countermark key show there) before you change anything"
        case .expired:
            return
                "\(what) has expired; ask \(origin) to run countermark key rotate, or set this clock"
        case .notYetValid: return "\(what) is not valid yet; compare the clocks"
        case .revoked:
            return
                "\(what) is on \(origin)'s revocation list; ask \(origin) whether its key was stolen, and "
                + "to run countermark key rotate"
        case .staleRevocationList:
            return
                "\(what) cannot be checked: the revocation list of \(origin) is out of date; fetch its "
                + "current one and run countermark partner crl \(origin) FILE"
        default: return "the peer claims to be \(origin) and is not trusted: \(cause)"
        }
    }
}
