import AnnotationModel
import Foundation
import PlainErrors
import Signing

/// People's keys: what browsers ask for, and what the operator has let the authority certify.
///
/// Private keys never come here. A key that is lost or stolen ends as others do: `key retire` says so in the logs, `key
/// revoke` on the organisation's list.
extension Home {
    /// So many people can wait at once; a person's newer request takes the place of the older one.
    static let personRequestsMax = 64
    /// A request that was not approved for a day is forgotten: the browser asks again.
    static let personRequestSeconds: Int64 = 86_400
    /// As many browsers may a person have.
    static let personKeysMax = 8

    private struct Stored: Codable {
        struct Request: Codable {
            let person: String
            let publicKey: String
            let time: Int64
        }
        struct Key: Codable {
            let person: String
            let chain: [Data]
            let time: Int64
        }

        var requests: [Request] = []
        var keys: [Key] = []
    }

    private var personKeysFile: String { path + "/keys/people.json" }

    private func storedPersonKeys() throws -> Stored {
        guard let text = try WholeFile.read(personKeysFile) else { return Stored() }
        guard let stored = try? JSONDecoder().decode(Stored.self, from: Data(text.utf8)) else {
            throw NodeError(
                .damagedFile, "\(personKeysFile) is no list of people's keys",
                hint: "restore it from a backup")
        }
        return stored
    }

    private func changePersonKeys<R>(_ body: (inout Stored) throws -> R) throws -> R {
        try WholeFile.locked(path + "/keys/people.lock", seconds: Home.lockTimeoutSeconds) {
            var stored = try storedPersonKeys()
            let result = try body(&stored)
            let text = String(decoding: try JSONEncoder().encode(stored), as: UTF8.self)
            try WholeFile.replace(personKeysFile, with: text)
            return result
        }
    }

    /// The mail address in a person's certificate: the name, with this organisation's origin behind it if need be.
    ///
    /// - Throws: ``NodeError`` for a name that makes no address in this organisation's domain.
    public func personAddress(_ person: String) throws -> String {
        let isAddress = person.contains("@")
        let parts = person.split(separator: "@", omittingEmptySubsequences: false)
        let local = parts.first ?? ""
        let isPlain =
            (1...64).contains(local.utf8.count)
            && local.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || "._+-".utf8.contains($0)
            }
        guard isPlain, !isAddress || (parts.count == 2 && parts[1] == origin.description) else {
            throw NodeError(
                .badName, "\(person.prefix(80)) can have no key of its own at \(origin)",
                hint:
                    "a person's name is 1 to 64 of a-z A-Z 0-9 . _ + -, or such an address @\(origin)"
            )
        }
        return isAddress ? person : "\(person)@\(origin)"
    }

    // MARK: Asking

    /// Takes note of a key that a person's browser has made.
    ///
    /// - Parameter publicKey: 32 bytes, Ed25519.
    /// - Returns: The words that the person and the operator compare.
    /// - Throws: ``NodeError`` or `SigningError`.
    public func requestPersonKey(
        _ person: String, publicKey: [UInt8], at time: Int64
    ) throws -> InvitationWords {
        try notePersonKey(person, publicKey: publicKey, at: time)
        return try EnrolmentWords.words(publicKey, of: person, at: origin)
    }

    /// Keeps a request until it is approved, forgotten or replaced.
    func notePersonKey(_ person: String, publicKey: [UInt8], at time: Int64) throws {
        _ = try personAddress(person)
        _ = try VerificationKey(ed25519: publicKey)
        let hex = Hex.encode(publicKey)
        try changePersonKeys { stored in
            stored.requests.removeAll {
                $0.person == person || time - $0.time > Self.personRequestSeconds
            }
            guard stored.requests.count < Self.personRequestsMax else {
                throw NodeError(
                    .tooMany, "\(stored.requests.count) people wait for their keys to be approved",
                    hint: "run countermark people approve, or wait for a day")
            }
            stored.requests.append(.init(person: person, publicKey: hex, time: time))
        }
    }

    /// Who waits, in the order in which they have asked.
    public func personKeyRequests(at time: Int64) throws -> [PersonKeyRequest] {
        try storedPersonKeys().requests.compactMap { request in
            guard time - request.time <= Self.personRequestSeconds,
                let key = Hex.decode(request.publicKey)
            else { return nil }
            return PersonKeyRequest(person: request.person, publicKey: key, time: request.time)
        }
    }

    // MARK: Approving

    /// Lets the authority issue the certificate of the key that a person's browser has made.
    ///
    /// - Parameters:
    ///   - words: What the person reads out; they are those of the key that waits, or nothing happens.
    ///   - caKeyText: the authority's key, where the home does not hold it.
    /// - Throws: ``NodeError`` or `SigningError`.
    public func approvePersonKey(
        _ person: String, words: String, caKeyText: String? = nil, at time: Int64
    ) throws -> PersonKey {
        let address = try personAddress(person)
        guard let request = try personKeyRequests(at: time).first(where: { $0.person == person })
        else {
            throw NodeError(
                .noKeyRequest, "no browser of \(person) waits for a certificate",
                hint: "let \(person) ask for one in the page, and compare the words within a day")
        }
        let expected = try EnrolmentWords.words(request.publicKey, of: person, at: origin)
        guard expected.matches(words) else {
            throw NodeError(
                .wordsDiffer, "those are not the words of the key that waits for \(person)",
                hint:
                    "let \(person) read them out again; if they still differ, somebody else has asked, or stands "
                    + "between: nothing was issued")
        }
        let authority = try authority(keyText: caKeyText)
        let certificate = try authority.issuing().issueSigner(
            .email(address), commonName: address,
            key: try VerificationKey(ed25519: request.publicKey), at: time)
        let chain = [certificate] + authority.issuers.filter { $0 != authority.root }
        guard chain.count <= NodeIdentity.chainMax,
            let key = PersonKey(person: person, chain: chain, time: time)
        else {
            throw NodeError(
                .chainTooLong, "\(chain.count) certificates lie between \(address) and its root",
                hint: "at most \(NodeIdentity.chainMax) can stand in a log")
        }
        try changePersonKeys { stored in
            guard
                stored.requests.contains(where: {
                    $0.person == person && $0.publicKey == Hex.encode(request.publicKey)
                })
            else {
                throw NodeError(
                    .noKeyRequest, "the key of \(person) was approved or forgotten meanwhile",
                    hint: "see countermark people keys; this certificate counts nowhere")
            }
            guard stored.keys.count(where: { $0.person == person }) < Self.personKeysMax else {
                throw NodeError(
                    .tooMany, "\(person) has \(Self.personKeysMax) keys already",
                    hint:
                        "run countermark people forget \(person), and let those that are in use be enrolled again"
                )
            }
            stored.requests.removeAll { $0.person == person }
            stored.keys.append(
                .init(person: person, chain: chain.map { Data($0.der) }, time: time))
        }
        return key
    }

    /// All keys of a person, or of everybody; the oldest first.
    public func personKeys(_ person: String? = nil) throws -> [PersonKey] {
        try storedPersonKeys().keys.filter { person == nil || $0.person == person }.compactMap {
            PersonKey(
                person: $0.person,
                chain: try $0.chain.map { der throws in try Certificate(der: Array(der)) },
                time: $0.time)
        }
    }

    /// Whether the organisation's own list takes a person's key back.
    public func isRevoked(_ key: PersonKey) throws -> Bool { try hasRevoked(key.certificate) }

    /// Takes no more of what a person's keys sign; what they have signed stays what it was.
    ///
    /// - Returns: The keys that are forgotten.
    /// - Throws: ``NodeError`` where there is nothing to forget.
    public func forgetPersonKeys(_ person: String) throws -> [PersonKey] {
        let known = try personKeys(person)
        try changePersonKeys { stored in
            guard !known.isEmpty || stored.requests.contains(where: { $0.person == person }) else {
                throw NodeError.notFound(
                    "key of", person.isEmpty ? "(nobody)" : person,
                    hint: "see countermark people keys")
            }
            stored.keys.removeAll { $0.person == person }
            stored.requests.removeAll { $0.person == person }
        }
        return known
    }
}
