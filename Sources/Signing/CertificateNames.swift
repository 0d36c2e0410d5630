import COpenSSL

/// The subjectAltName entries of a certificate that can name an organisation.
struct CertificateNames {
    /// Names beyond this many are of no use to a partner and cost time at every check.
    private static let countMax: Int32 = 256

    private(set) var dns: [String] = []
    private(set) var uris: [String] = []
    private(set) var emails: [String] = []

    /// Reads the names of a certificate.
    ///
    /// Entries that are not printable ASCII are left out: they can name no origin, and a zero byte
    /// or a look-alike letter must not make two programs read two names.
    init(_ certificate: OpaquePointer) throws(SigningError) {
        ERR_clear_error()
        guard let names = cm_subject_names(certificate) else {
            guard X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) < 0 else {
                throw .malformedCertificate(reason: "its subjectAltName cannot be read")
            }
            return
        }
        defer { cm_names_free(names) }
        let count = cm_names_count(names)
        guard count <= Self.countMax else {
            throw .malformedCertificate(reason: "\(count) subjectAltName entries")
        }
        for index in 0..<count {
            var start: UnsafePointer<UInt8>?
            var length: Int32 = 0
            let kind = cm_name_text(names, index, &start, &length)
            let bytes = UnsafeBufferPointer(start: start, count: Int(length))
            guard !bytes.isEmpty, bytes.allSatisfy({ (0x21...0x7e).contains($0) }) else { continue }
            let text = String(decoding: bytes, as: UTF8.self)
            switch kind {
            case GEN_DNS: dns.append(text)
            case GEN_URI: uris.append(text)
            case GEN_EMAIL: emails.append(text)
            default: continue
            }
        }
    }

    /// A distinguished name as text (RFC 2253), control characters escaped.
    static func distinguished(_ name: OpaquePointer?) throws(SigningError) -> String {
        let bio = try MemoryBIO()
        guard let name, cm_print_name(bio.handle, name) else {
            throw .malformedCertificate(reason: "its subject cannot be read")
        }
        return bio.text
    }
}
