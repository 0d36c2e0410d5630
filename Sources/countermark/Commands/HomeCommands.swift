import AnnotationModel
import AnnotationStore
import ArgumentParser
import CompanyHome
import CountermarkNode
import Foundation
import LabelDocuments
import LogStorage
import NodeDocuments
import PlainErrors
import Provenance
import Signing
import TransparencyLog

/// Makes a home.
struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes a home: the organisation's authority, node key, log key.")
    @OptionGroup var common: CommonOptions
    @Option(help: "The organisation's origin, a DNS-like name.") var org: String
    @Option(help: "The organisation's name in words.") var name: String
    @Option(help: "The company's own authority: its certificate (PEM).") var caCert: String?
    @Option(help: "The company's own authority: its key (PEM or pkcs11:).") var caKey: String?
    @Option(help: "The certificates above --ca-cert up to the root (PEM).") var caChain: String?
    @Option(help: "ed25519, p256 or p384.") var keyType = "ed25519"
    @Option(help: "The node's key: a file, or pkcs11:... in a security module.") var nodeKey:
        String?
    @Option(help: "The node's certificate from the company's own PKI, with issuers (PEM).")
    var nodeCert: String?
    @Flag(help: "Encrypt the key files: COUNTERMARK_PASSPHRASE, --passphrase-file or a terminal.")
    var encryptKeys = false
    @Option(
        help:
            "Share the logs with other nodes through a store: postgresql://USER@HOST:PORT/DATABASE."
    )
    var store: String?
    @Option(
        help: "The object store that has the bytes of --store: s3://BUCKET/PREFIX?endpoint=….")
    var tiles: String?

    func run() throws {
        if tiles != nil, store == nil {
            throw ValidationError(
                "--tiles goes with --store postgresql://…: which entry comes first is decided there"
            )
        }
        let origin = try Origin(org)
        // Before any key is made.
        if let store { try Node.requireUsable(store: store, tiles: tiles) }
        let time = Int64(Date().timeIntervalSince1970)
        let home = try Home.make(
            common.homePath, origin: origin, name: name, keys: try plan(at: time), time: time)
        let fingerprint = try home.root().fingerprint.hex
        if let store { _ = try common.node().moveLogs(into: store, tiles: tiles) }
        try common.print(
            document: HomeDocument(org: org, fingerprint: fingerprint, home: common.homePath),
            ["made \(common.homePath) for \(org)", "root certificate SHA-256 \(fingerprint)"])
    }
}

extension Init {
    private func plan(at time: Int64) throws -> KeyPlan {
        var plan = KeyPlan()
        guard let kind = KeyKind(option: keyType) else {
            throw ValidationError("--key-type is ed25519, p256 or p384")
        }
        plan.kind = kind
        guard caCert != nil || (caKey == nil && caChain == nil && nodeCert == nil) else {
            throw ValidationError("--ca-key, --ca-chain and --node-cert need --ca-cert")
        }
        guard caCert == nil || caKey != nil || nodeCert != nil else {
            throw ValidationError("--ca-cert goes together with --ca-key or with --node-cert")
        }
        guard nodeCert == nil || nodeKey != nil else {
            throw ValidationError("--node-cert needs --node-key")
        }
        if let caCert {
            plan.authority = try IssuingAuthority(
                certificate: try Certificate(pem: try readText(caCert)),
                keyText: try caKey.map { try keyText($0) },
                above: try caChain.map { try Certificate.all(pem: try readText($0)) } ?? [])
        }
        plan.nodeKey = try nodeKey.map { try keyText($0) }
        plan.nodeChain = try nodeCert.map { try Certificate.all(pem: try readText($0)) }
        if encryptKeys { plan.passphrase = try Passphrase.new(for: "the home's keys") }
        return plan
    }
}

extension KeyKind {
    /// The kind that a command's option names.
    init?(option: String) {
        switch option {
        case "ed25519": self = .ed25519
        case "p256": self = .p256
        case "p384": self = .p384
        default: return nil
        }
    }
}

/// A key as the user names it: a PKCS #11 URI as it stands, or a file's content.
func keyText(_ name: String) throws -> String {
    name.hasPrefix("pkcs11:") ? name : try readText(name)
}

/// Reads a text file that the user named.
func readText(_ path: String) throws -> String {
    String(decoding: try UserFile.read(path, max: UserFile.textBytesMax), as: UTF8.self)
}

/// This organisation's keys.
struct Key: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keys of this organisation.",
        subcommands: [
            Show.self, KeyList.self, KeyRotate.self, KeyRetire.self, KeyRevoke.self,
            KeyIssuePerson.self,
        ])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What a partner needs to know us.")
        @OptionGroup var common: CommonOptions

        func run() throws {
            let home = try Home(opening: common.homePath)
            let root = try home.root()
            let verifier = try NoteVerifier(
                name: home.origin.description,
                publicKey: try home.logKey().verificationKey.ed25519Bytes ?? [])
            let certificate = try home.certificate()
            try common.print(
                document: KeyDocument(
                    org: home.origin.description, fingerprint: root.fingerprint.hex,
                    vkey: verifier.vkey, root: root.pem, certificate: certificate.pem),
                [
                    "org          \(home.origin)", "fingerprint  \(root.fingerprint.hex)",
                    "vkey         \(verifier.vkey)", root.pem,
                ])
        }
    }
}

/// Partners.
struct PartnerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "partner", abstract: "Introduces partners by hand.",
        subcommands: [Add.self, List.self, Remove.self, PartnerCRL.self])

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Pins a partner's root, and keeps its address.")
        @OptionGroup var common: CommonOptions
        @Argument(help: "The partner's origin.") var org: String
        @Option(help: "Its root certificate to pin (PEM); of a known partner the pinned one stays.")
        var root: String?
        @Option(help: "Where to dial it: https://HOST:PORT; else the address stays.") var url:
            String?
        @Flag(help: "Forget where to dial it: only it dials.") var noUrl = false
        @Option(help: "Its log key to pin; else the pinned one stays.") var vkey: String?

        func run() throws {
            if noUrl, url != nil { throw ValidationError("give either --url or --no-url") }
            let home = try Home(opening: common.homePath)
            let origin = try Origin(org)
            let pem = try root.map { try readText($0) }
            if let root, let pem, try Certificate.all(pem: pem).isEmpty {
                throw NodeError(
                    .noCertificate, "\(root) holds no certificate",
                    hint: "give the PEM that the partner's `countermark key show` prints as root")
            }
            let report = try home.pin(
                origin, pem: pem, url: url, forgetsURL: noUrl, vkey: vkey,
                at: Int64(Date().timeIntervalSince1970))
            for note in report.notes { Terminal.warn("countermark: warning: \(note)") }
            try listPartners(home, common, changed: report.changed)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The pinned partners.")
        @OptionGroup var common: CommonOptions
        func run() throws { try listPartners(try Home(opening: common.homePath), common) }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forgets a partner.")
        @OptionGroup var common: CommonOptions
        @Argument(help: "The partner's origin.") var org: String

        func run() throws {
            let home = try Home(opening: common.homePath)
            try home.removePartner(try Origin(org))
            Terminal.warnOfPending(home)
            try listPartners(home, common)
        }
    }
}

/// Lists the partners; where a command has just been carried out, with whether it changed anything.
private func listPartners(_ home: Home, _ common: CommonOptions, changed: Bool? = nil) throws {
    let document = try PartnerListDocument(home, changed: changed)
    try common.print(
        document: document, changed: changed,
        document.partners.map { partner in
            partner.state == "damaged"
                ? "\(partner.org)  DAMAGED: not trusted until countermark partner add names it again"
                : "\(partner.org)  \(partner.url ?? "only it dials")  \(partner.fingerprint)"
        })
}
