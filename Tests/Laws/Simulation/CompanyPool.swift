import AnnotationModel
import COpenSSL
import Signing
import TransparencyLog

/// A certificate with its key, as a node signs with it.
struct Signer: Sendable {
    let key: SigningKey
    let certificate: Certificate

    var chain: [[UInt8]] { [certificate.der] }
    var fingerprint: Digest { certificate.fingerprint }

    func isValid(at time: Int64) -> Bool {
        (certificate.notBefore...certificate.notAfter).contains(time)
    }
}

/// A company with all its keys, which are the same in every run.
///
/// Ed25519 keys come from fixed seeds, and certificates have fixed serial numbers. So every signature and every
/// leaf hash is reproduced.
struct Company: Sendable {
    let number: Int
    let origin: Origin
    let root: Certificate
    /// The first ends within a run, the second does not.
    let signers: [Signer]
    /// A certificate that had ended before the run began.
    let stale: Signer
    /// A certificate for this company's origin that another root has issued.
    let forged: Signer
    let logKey: SigningKey
    let logKeyBytes: [UInt8]
    let witness: Witness
}

/// All companies that can take part, made once and used by all seeds.
enum CompanyPool {
    static let count = 16
    static let start: Int64 = 1_800_000_000
    static let firstKeySeconds: Int64 = 2 * 86_400
    static let longKeySeconds: Int64 = 400 * 86_400
    private static let names = [
        "acme", "borealis", "cirrus", "delta", "ember", "fjord", "garnet", "harbour", "indigo",
        "juniper", "krypton", "lumen", "meridian", "nimbus", "onyx", "pioneer",
    ]

    static let companies: Result<[Company], any Error> = Result {
        let mallory = try authority("mallory", seed: 900)
        return try names.enumerated().map { try company($0.offset, $0.element, mallory) }
    }

    static func dataset() throws -> DatasetID { try DatasetID("acme.example/boards") }

    struct Authority {
        let certificate: Certificate
        let key: SigningKey
    }

    /// A key from a fixed seed: PKCS #8 for Ed25519 is a fixed head and 32 bytes.
    static func key(_ seed: Int) throws -> SigningKey {
        let head: [UInt8] = [
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22,
            0x04, 0x20,
        ]
        let secret = SHA256Hasher.hash(Array("simulated key \(seed)".utf8)).bytes
        return try SigningKey(
            pem: "-----BEGIN PRIVATE KEY-----\n\(Base64.encode(head + secret))\n"
                + "-----END PRIVATE KEY-----\n")
    }

    private static func serial(_ seed: Int) -> [UInt8] {
        var bytes = Array(
            SHA256Hasher.hash(Array("simulated serial \(seed)".utf8)).bytes.prefix(16))
        bytes[0] = bytes[0] & 0x7f | 0x40
        return bytes
    }

    static func authority(_ name: String, seed: Int) throws -> Authority {
        let key = try key(seed)
        let draft = try CertificateDraft(
            subject: key.verificationKey, commonName: "Root of \(name)",
            notBefore: start - longKeySeconds, notAfter: start + 10 * longKeySeconds,
            serialNumber: serial(seed))
        try draft.setIssuer(draft.handle)
        try draft.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:1")
        try draft.add(NID_key_usage, "critical,keyCertSign,cRLSign")
        try draft.add(NID_subject_key_identifier, "hash")
        return Authority(certificate: try draft.sign(with: key), key: key)
    }

    static func signer(
        _ origin: Origin, by issuer: Authority, seed: Int, from: Int64, to: Int64
    ) throws -> Signer {
        let key = try key(seed)
        let draft = try CertificateDraft(
            subject: key.verificationKey, commonName: origin.description, notBefore: from,
            notAfter: to, serialNumber: serial(seed))
        try draft.setIssuer(issuer.certificate.handle)
        try draft.add(NID_basic_constraints, "critical,CA:FALSE")
        try draft.add(NID_key_usage, "critical,digitalSignature")
        try draft.add(NID_subject_key_identifier, "hash")
        try draft.add(
            NID_authority_key_identifier, "keyid:always", issuer: issuer.certificate.handle)
        try draft.add([.dns(origin.description)])
        return Signer(key: key, certificate: try draft.sign(with: issuer.key))
    }

    private static func company(
        _ number: Int, _ name: String, _ mallory: Authority
    ) throws -> Company {
        let origin = try Origin("\(name).example")
        let base = 10 * number
        let own = try authority(name, seed: base)
        let early = start - 300
        let ends = [firstKeySeconds, longKeySeconds]
        let signers = try ends.enumerated().map { place, seconds in
            try signer(
                origin, by: own, seed: base + 1 + place, from: early, to: start + seconds)
        }
        let logKey = try key(base + 5)
        return Company(
            number: number, origin: origin, root: own.certificate, signers: signers,
            stale: try signer(
                origin, by: own, seed: base + 3, from: start - 200_000, to: start - 100_000),
            forged: try signer(
                origin, by: mallory, seed: base + 4, from: early, to: start + longKeySeconds),
            logKey: logKey, logKeyBytes: logKey.verificationKey.ed25519Bytes ?? [],
            witness: try Witness(name: origin.description, key: try key(base + 6)))
    }
}
