import COpenSSL

extension SigningKey {
    /// A URI with a module's path and a token's label is a few hundred characters.
    private static let uriBytesMax = 2_048

    /// The private key in a security module that a PKCS #11 URI names (RFC 7512).
    ///
    /// The key itself never leaves the module. A provider that OpenSSL's configuration names is asked first,
    /// then libp11's engine. Ed25519 depends on the module and on the provider; P-256 works everywhere.
    ///
    /// - Parameters:
    ///   - uri: `pkcs11:token=…;object=…;type=private`, without a PIN, so that it can stand in a
    ///     configuration and in messages.
    ///   - pin: what opens the token; nil where the module asks by itself or needs none.
    ///   - module: the path of the module's library, for the engine; the first one that is given counts
    ///     for the whole process.
    /// - Throws: ``SigningError/invalidKeyURI(_:)`` or ``SigningError/keyNotReached(uri:reason:)``; also
    ///   where the key does not fit the public half that the module gives for it.
    public convenience init(
        uri: String, pin: String? = nil, module: String? = nil
    ) throws(SigningError) {
        guard uri.utf8.count <= Self.uriBytesMax, uri.hasPrefix("pkcs11:"),
            !uri.contains("pin-value"), !uri.contains("pin-source"),
            uri.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { throw .invalidKeyURI(String(uri.prefix { $0 != "?" }.prefix(200))) }
        ERR_clear_error()
        guard let key = Self.providerKey(uri, pin: pin) ?? cm_load_engine_key(uri, pin, module)
        else { throw .keyNotReached(uri: uri, reason: SigningError.lastReason()) }
        try self.init(adopting: key, isExportable: false)
        // A module may hold halves of two pairs under one name: better found now than by a partner.
        let probe = Array("countermark".utf8)
        guard verificationKey.verify(try sign(probe), over: probe) else {
            throw .keyNotReached(uri: uri, reason: "its public half is another key's")
        }
    }

    /// One reference to the key that a provider finds under a URI.
    static func providerKey(_ uri: String, pin: String?) -> OpaquePointer? {
        cm_load_provider_key(uri, pin)
    }
}
