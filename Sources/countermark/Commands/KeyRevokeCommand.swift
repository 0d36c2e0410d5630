import ArgumentParser
import CompanyHome
import CountermarkNode
import Foundation
import LabelDocuments
import NodeDocuments
import PlainErrors
import Signing

/// Takes a certificate back: partners refuse whoever shows it.
struct KeyRevoke: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract:
            "Puts a certificate on this organisation's revocation list, which partners get and obey.",
        discussion: """
            The list ends connections, from the next contact on. What the key has signed counts until \
            countermark key retire ends that, too.
            """)
    @OptionGroup var common: CommonOptions
    @Argument(
        help:
            "The certificate's SHA-256 or its first digits (countermark key list), or a file (PEM)."
    )
    var certificate: String?
    @Flag(help: "The key is in other hands; else it is merely out of use.") var stolen = false
    @Flag(help: "Issue the list anew, as it is.") var renew = false
    @Option(help: "The authority's key, where the home does not hold it.") var caKey: String?

    func run() throws {
        guard renew != (certificate != nil) else {
            throw ValidationError("give the certificate, or --renew")
        }
        let node = try common.node()
        let revoked = try certificate.map { try find($0, node) }
        if let revoked, try revoked == node.home.certificate() {
            throw NodeError(
                .keyInUse, "this is the certificate that the node shows and signs with",
                hint: "run countermark key rotate first, then revoke the old one")
        }
        let (list, isNew) = try node.home.revoke(
            revoked, isStolen: stolen, caKeyText: try caKey.map { try keyText($0) },
            at: Int64(Date().timeIntervalSince1970))
        Terminal.warnOfPending(node.home)
        let reason = stolen ? " as stolen" : ""
        try common.print(
            document: RevokedKeyDocument(
                fingerprint: revoked?.fingerprint.hex, changed: isNew,
                nextUpdate: list.nextUpdate, list: try list.pem),
            [
                revoked.map { certificate in
                    isNew
                        ? "\(NodeIdentity.name(of: certificate)) is revoked\(reason); partners learn it at the next "
                            + "contact"
                        : "nothing has changed: it was revoked already"
                } ?? "the list was issued anew"
            ])
    }

    private func find(_ text: String, _ node: Node) throws -> Certificate {
        let isFile = FileManager.default.fileExists(atPath: text)
        if !isFile, let digest = try node.fingerprint(text) {
            for dataset in try node.home.datasets() {
                let known = try node.keys(dataset).map(\.certificate)
                if let found = known.first(where: { $0.fingerprint == digest }) { return found }
            }
            throw NodeError(
                .notFound, "no log here has a certificate with that fingerprint",
                hint: "see countermark key list, or name the certificate's file")
        }
        return try Certificate(pem: try readText(text))
    }
}
