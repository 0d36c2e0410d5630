import AnnotationModel
import ArgumentParser
import CompanyHome
import CountermarkNode
import Foundation
import LabelDocuments
import NodeDocuments
import Signing

/// The certificates that the logs have introduced.
struct KeyList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Signing certificates in the logs.")
    @OptionGroup var common: CommonOptions
    @Option(help: "One dataset; all if left out.") var dataset: String?

    func run() throws {
        let node = try common.node()
        let ids = try dataset.map { [try common.dataset($0, node)] } ?? node.home.datasets()
        if dataset != nil { try ids.forEach(node.require) }
        let keys = try ids.flatMap { try node.keys($0) }
        try common.print(
            document: KeyListDocument(keys: keys.map { .init($0) }),
            keys.map {
                "\($0.certificate.fingerprint.hex.prefix(16))  \($0.log)  "
                    + NodeIdentity.name(of: $0.certificate)
                    + "  until \(Output.time($0.certificate.notAfter))"
                    + ($0.retiredAt.map { "  retired at \($0)" } ?? "")
                    + ($0.isCurrent ? "  (this node's)" : "")
            })
    }
}

/// A new key for the node.
struct KeyRotate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Gives the node a new key; its logs introduce it and retire the old one.")
    @OptionGroup var common: CommonOptions
    @Option(help: "ed25519, p256 or p384; else as before.") var keyType: String?
    @Option(help: "The authority's key, where the home does not hold it.") var caKey: String?
    @Option(help: "A new authority of the organisation, in the place of its own one (PEM).")
    var caCert: String?
    @Option(help: "The certificates above --ca-cert up to the root (PEM).") var caChain: String?
    @Option(help: "The new key: a file, or pkcs11:... in a security module.") var nodeKey: String?
    @Option(help: "Its certificate from the company's own PKI, with issuers.")
    var nodeCert: String?

    func run() throws {
        let kind = keyType.flatMap { KeyKind(option: $0) }
        guard kind != nil || keyType == nil else {
            throw ValidationError("--key-type is ed25519, p256 or p384")
        }
        guard nodeCert == nil || nodeKey != nil else {
            throw ValidationError("--node-cert needs --node-key")
        }
        guard caCert != nil || caChain == nil else {
            throw ValidationError("--ca-chain needs --ca-cert")
        }
        guard caCert == nil || caKey != nil || nodeCert != nil else {
            throw ValidationError("--ca-cert goes together with --ca-key or with --node-cert")
        }
        let caKeyText = try caKey.map { try keyText($0) }
        let authority = try caCert.map { file in
            try IssuingAuthority(
                certificate: try Certificate(pem: try readText(file)), keyText: caKeyText,
                above: try caChain.map { try Certificate.all(pem: try readText($0)) } ?? [])
        }
        let identity = try common.node().rotateKey(
            kind: kind, caKeyText: caKeyText,
            keyText: try nodeKey.map { try keyText($0) },
            chain: try nodeCert.map { try Certificate.all(pem: try readText($0)) },
            authority: authority, passphrase: { try Passphrase.new(for: "the new key") })
        let fingerprint = identity.certificate.fingerprint.hex
        try common.print(
            document: NewKeyDocument(fingerprint: fingerprint),
            ["the node signs with \(fingerprint)"])
    }
}

/// The end of a key.
struct KeyRetire: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire",
        abstract: "Ends a certificate: what it signs from an entry on counts no more.")
    @OptionGroup var common: CommonOptions
    @Argument(help: "The certificate's SHA-256, or its first digits (countermark key list).")
    var fingerprint: String
    @Option(help: "The first entry that no longer counts; else the log's present end.")
    var at: UInt64?
    @Option(help: "One dataset; all if left out.") var dataset: String?

    func run() throws {
        let node = try common.node()
        guard let digest = try node.fingerprint(fingerprint) else {
            throw ValidationError(
                "a fingerprint has 64 hexadecimal digits, of which the first 8 are enough; see "
                    + "countermark key list")
        }
        let (logs, unchanged) = try node.retireKey(
            digest, at: at, only: try dataset.map { try common.dataset($0, node) })
        let changed = logs != unchanged
        try common.print(
            document: RetiredKeyDocument(fingerprint: digest.hex, logs: logs, changed: changed),
            changed: changed,
            logs.map { log in
                guard unchanged.contains(log) else { return "retired in \(log)" }
                return "it has ended in \(log) already (countermark key list says where)"
                    + (at == nil ? "" : "; only the steward can move that")
            })
    }
}

/// A certificate for a person.
struct KeyIssuePerson: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issue-person",
        abstract: "Issues a person's key and certificate, to sign with --sign-cert and --sign-key.")
    @OptionGroup var common: CommonOptions
    @Option(help: "The person's mail address in the organisation's domain.") var email: String
    @Option(name: [.customShort("o"), .long], help: "The folder to write into.") var output = "."
    @Option(help: "ed25519, p256 or p384.") var keyType = "ed25519"
    @Option(help: "The authority's key, where the home does not hold it.") var caKey: String?
    @Flag(help: "Encrypt the key file.") var encryptKeys = false

    func run() throws {
        guard let kind = KeyKind(option: keyType) else {
            throw ValidationError("--key-type is ed25519, p256 or p384")
        }
        try common.requireOutside(output)
        let home = try Home(opening: common.homePath)
        let issued = try home.issuePerson(
            email: email, kind: kind, caKeyText: try caKey.map { try keyText($0) },
            passphrase: encryptKeys ? try Passphrase.new(for: "\(email)'s key") : nil,
            folder: output, at: Int64(Date().timeIntervalSince1970))
        try common.print(
            document: PersonKeyDocument(
                fingerprint: issued.certificate.fingerprint.hex, certificate: issued.certFile,
                key: issued.keyFile), ["\(issued.certFile) and \(issued.keyFile)"])
    }
}
