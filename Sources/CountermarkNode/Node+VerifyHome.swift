import AnnotationModel
import CompanyHome
import Foundation
import LogStorage
import PlainErrors
import Provenance
import Signing
import TransparencyLog

extension Node {
    /// Checks the files of the home that no log vouches for: keys, roots, partners, invitations, evidence, and
    /// what was cosigned.
    ///
    /// The label table is left out, which ``verify(_:)`` compares with the logs.
    ///
    /// - Returns: The problems; in the place of a log the file's path below the home.
    public func verifyHome() throws -> [VerificationProblem] {
        var problems: [VerificationProblem] = []
        func look(_ file: String, _ body: () throws -> String?) {
            do {
                guard let what = try body() else { return }
                problems.append(.init(log: file, index: nil, what: what))
            } catch {
                problems.append(.init(log: file, index: nil, what: PlainError.line(error)))
            }
        }
        for file in try textFiles() { look(file) { try damage(inText: file) } }
        look("trust/own.pem") { try damageOfKeys() }
        look("trust") {
            if let damaged = try home.damagedPartners().first { throw damaged.error }
            for partner in try home.partners() {
                _ = try Certificate.all(pem: partner.roots)
                _ = try home.revocationLists(of: try Origin(partner.org))
            }
            return nil
        }
        for name in try home.names(in: "evidence")
        where [".equivocation", ".contradiction"].contains(where: { name.hasSuffix($0) }) {
            look("evidence/\(name)") {
                try EvidenceFile(checking: "\(home.path)/evidence/\(name)").isProven
                    ? nil : "it proves nothing: remove it, and sync; partners have the whole file"
            }
        }
        for name in try home.names(in: "witness") where !isAside(name) {
            look("witness/\(name)") { try damage(inRegister: name) }
        }
        return problems
    }

    private func isAside(_ name: String) -> Bool {
        [".lock", ".tmp"].contains { name.hasSuffix($0) }
    }

    /// The small text files, as paths below the home.
    private func textFiles() throws -> [String] {
        let folders = try ["keys", "trust", "invitations"].flatMap { folder in
            try home.names(in: folder).map { "\(folder)/\($0)" }
        }
        return (["config.json"] + folders).filter { !isAside($0) && $0 != "invitations/lock" }
    }

    func damage(inText file: String) throws -> String? {
        let text = try home.read(file)
        switch text.utf8.first {
        case nil:
            // An authority of the organisation's own has no issuer above it.
            return file == "trust/issuer.pem" ? nil : "it is empty: restore it from a backup"
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let isJSON = (try? JSONSerialization.jsonObject(with: Data(text.utf8))) != nil
            return isJSON ? nil : "it is not JSON: restore it from a backup"
        default:
            let isKnown = ["-----BEGIN ", "pkcs11:", "http"].contains { text.hasPrefix($0) }
            return isKnown
                ? nil : "it begins with something else than was written: restore it from a backup"
        }
    }

    /// Whether keys belong to the certificates and to the logs; encrypted ones are not opened.
    private func damageOfKeys() throws -> String? {
        guard try home.certificate().speaks(for: home.origin.description) else {
            return "the certificate is not one of \(home.origin), as config.json calls this "
                + "organisation: restore the one or the other from a backup"
        }
        _ = try home.root()
        if try home.hasEncryptedKeys() { return nil }
        if try !home.read(Home.nodeKeyFile).hasPrefix("pkcs11:") { _ = try home.identity() }
        let logKey = try home.logKey().verificationKey.ed25519Bytes
        for dataset in try home.datasets() {
            guard let known = try ownLogKey(dataset), known != logKey else { continue }
            return try wrongLogKey(dataset).description
        }
        return nil
    }

    /// The key that this organisation's log of a dataset has introduced; nil for an empty log.
    private func ownLogKey(_ dataset: DatasetID) throws -> [UInt8]? {
        try logKey(of: home.origin, dataset)
    }

    private func logKey(of member: Origin, _ dataset: DatasetID) throws -> [UInt8]? {
        try read(dataset) { merge in
            merge.state.number(member).flatMap { merge.state.logKeys[$0] }
        }
    }

    private func wrongLogKey(_ dataset: DatasetID) throws -> NodeError {
        NodeError(
            .wrongLogKey,
            "\(home.path)/keys/log.key is not the key of the log \(home.origin)/\(dataset)",
            hint: "restore it from a backup; nothing was written")
    }

    /// Throws where the log's next checkpoint would be signed by another key than the log has introduced: no partner
    /// would take it.
    func requireLogKey(_ dataset: DatasetID, _ publicKey: [UInt8]) throws {
        if let known = try ownLogKey(dataset), known != publicKey {
            throw try wrongLogKey(dataset)
        }
    }

    /// What was cosigned of a log: this witness's own signature has to hold, or a second history might be cosigned.
    func damage(inRegister name: String) throws -> String? {
        let path = "\(home.path)/witness/\(name)"
        let note = try DurableFile.read(path) ?? []
        let signed = try SignedNote(note)
        let origin = try Checkpoint(text: signed.text).origin
        let (member, dataset) = try Self.parts(of: origin)
        if let key = try logKey(of: member, dataset) {
            // Without the log's own signature the note convicts nobody.
            let log = try NoteVerifier(name: origin, publicKey: key)
            _ = try Checkpoint.open(note, verifier: log, origin: origin)
        }
        let roster = try witnessRoster(dataset)
        let own = home.origin.description
        // The key is introduced with the next entry; until then nobody can say whose signature it is.
        let isIntroduced = roster.organisations.contains { $0.name == own }
        let holds = signed.signatures.contains {
            $0.name == own && (!isIntroduced || roster.verifies($0, text: signed.text))
        }
        let isNamedSo = origin.map { $0 == "/" ? "_" : $0 } == Array(name)
        return holds && isNamedSo
            ? nil : "this organisation's cosignature does not hold: restore it from a backup"
    }
}
