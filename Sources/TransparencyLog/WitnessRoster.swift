import Signing

/// Whose cosignatures are wanted, and who stays where there is room for some of them only.
///
/// Room is given to organisations, never to keys: whoever introduces many keys has one line under a
/// checkpoint like everybody else. The order is the caller's; nothing in it depends on keys or signatures,
/// which can be made until they look as wished.
public struct WitnessRoster: Sendable, Equatable {
    /// An organisation and the keys that it cosigns with.
    public struct Organisation: Sendable, Equatable {
        /// The name of its keys.
        public let name: String
        /// The public keys of 32 bytes, the oldest first.
        public let keys: [[UInt8]]

        /// An organisation.
        public init(name: String, keys: [[UInt8]]) { (self.name, self.keys) = (name, keys) }
    }

    /// A key of the roster.
    struct Place: Equatable {
        /// Which organisation.
        let organisation: Int
        /// Which of its keys; a larger one was introduced later.
        let key: Int
    }

    /// The organisations; those that stay stand first.
    public let organisations: [Organisation]
    /// By the bytes of the names: texts that only look alike are different names.
    private let places: [[UInt8]: Int]

    /// A roster; of an organisation that stands twice the first place counts.
    public init(_ organisations: [Organisation]) {
        self.organisations = organisations
        places = Dictionary(
            organisations.enumerated().map { (Array($1.name.utf8), $0) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The place of an organisation; behind all others for one that is unknown.
    func rank(of name: String) -> Int { places[Array(name.utf8)] ?? organisations.count }

    /// Whose key a signature line names; whether it holds is not looked at.
    func place(of signature: SignedNote.Signature) -> Place? {
        guard let organisation = places[Array(signature.name.utf8)] else { return nil }
        let found = organisations[organisation].keys.lastIndex { key in
            NoteVerifier.keyID(name: signature.name, kind: .cosignature, publicKey: key)
                == signature.keyID
        }
        return found.map { Place(organisation: organisation, key: $0) }
    }

    /// Whether an organisation has a key that a signature line names.
    public func knows(_ signature: SignedNote.Signature) -> Bool { place(of: signature) != nil }

    /// Whether a line is one of an organisation's keys and holds.
    public func verifies(_ signature: SignedNote.Signature, text: [UInt8]) -> Bool {
        place(of: signature).map { verifies(signature, of: $0, text: text) } ?? false
    }

    /// Whether a line holds; a key that is no Ed25519 key has signed nothing.
    func verifies(_ signature: SignedNote.Signature, of place: Place, text: [UInt8]) -> Bool {
        let organisation = organisations[place.organisation]
        let verifier = try? NoteVerifier(
            name: organisation.name, kind: .cosignature,
            publicKey: organisation.keys[place.key])
        return verifier?.verifies(signature.bytes, text: text) ?? false
    }
}
