import AnnotationModel
import Foundation
import PlainErrors
import Signing
import TransparencyLog

/// What introducing a partner changed, and what its operator should know.
public struct PinningReport: Sendable, Equatable {
    /// Whether anything is different now.
    public var changed = false
    /// What is unusual about it.
    public var notes: [String] = []
}

extension Home {
    /// Introduces a partner, or changes what is given and keeps the rest.
    ///
    /// - Parameters:
    ///   - pem: its roots; nil keeps those that are pinned.
    ///   - url: where to dial it; nil keeps the address.
    ///   - forgetsURL: forget the address: only the partner dials.
    ///   - vkey: its log key; nil keeps the one that is pinned.
    ///   - time: the moment at which the roots have to be good, in Unix seconds.
    /// - Throws: ``NodeError`` for a root with which every handshake would fail.
    public func pin(
        _ org: Origin, pem: String?, url: String?, forgetsURL: Bool, vkey: String?, at time: Int64
    ) throws -> PinningReport {
        // What another node has just said of it is what is changed.
        _ = try documents.look { _, _ in false }
        var report = PinningReport()
        var roots: [Certificate] = []
        // Also where it is so already: the company's other nodes may have been told something else.
        try changePartner(org) { known in
            guard let pem = pem ?? known?.roots else {
                throw NodeError(
                    .noRoot, kind: .usage, "\(org) is not known yet, and no root is given",
                    hint: "give --root FILE, what its `countermark key show` prints as root")
            }
            roots = try Certificate.all(pem: pem)
            for root in roots { try require(root, of: org, at: time) }
            var address = forgetsURL ? nil : known?.url
            if let url {
                let read = try PartnerAddress.required(url)
                address = PartnerAddress.isIPv6(read.host) ? read.url : url
            }
            if let vkey { _ = try NoteVerifier(vkey: vkey) }
            let partner = Partner(
                org: org.description, url: address, roots: roots.map(\.pem).joined(),
                vkey: vkey ?? known?.vkey)
            report.changed = partner != known
            return partner
        }
        report.notes = try notes(on: roots, of: org)
        return report
    }

    /// Who else has the roots that were pinned for a partner.
    private func notes(on roots: [Certificate], of org: Origin) throws -> [String] {
        var notes: [String] = []
        for other in try partners() where other.org != org.description {
            let shared = try Certificate.all(pem: other.roots).contains { roots.contains($0) }
            if shared {
                notes.append(
                    "this root is pinned for \(other.org) already: whoever holds its key can speak for "
                        + "both, so make sure that \(org) and \(other.org) really have one authority"
                )
            }
        }
        if try roots.contains(root()) {
            notes.append(
                "this root is \(origin)'s own: whoever holds its key can speak for both")
        }
        return notes
    }

    /// Has all nodes of this company know of a partner what `body` makes of what is known: nobody else changes it
    /// meanwhile.
    ///
    /// - Parameter body: Is given nil for a partner that is not known, or of which the file is damaged; it may be
    ///   called several times.
    package func changePartner(_ origin: Origin, _ body: (Partner?) throws -> Partner) throws {
        if origin == self.origin {
            throw NodeError(
                .ownOrigin, "\(origin) is this organisation", hint: "name a partner")
        }
        _ = try documents.change(.partner(origin), offline: .refuse) { text in
            let known = text.flatMap {
                try? JSONDecoder().decode(Partner.self, from: Data($0.utf8))
            }
            let changed = try JSONEncoder().encode(try body(known))
            return try SharedJSON(String(decoding: changed, as: UTF8.self)).text
        }
    }

    /// Throws for a root that no path could lead to: it is found here, not at the first handshake.
    private func require(_ root: Certificate, of org: Origin, at time: Int64) throws {
        func refused(_ why: String, _ hint: String) -> NodeError {
            NodeError(
                .badRoot, "'\(root.subject)' cannot be pinned for \(org): \(why)",
                hint: hint)
        }
        guard root.isAuthority else {
            throw refused(
                "it is no authority's certificate, so no certificate can come from it",
                "give the root, what \(org)'s `countermark key show` prints as root")
        }
        guard root.isSelfIssued else {
            throw refused(
                "it is an authority between a root and others",
                "give the self-signed root at the top; \(org) sends what lies between")
        }
        guard time <= root.notAfter else {
            throw refused(
                "it ended on \(ReadableTime.text(root.notAfter))", "ask \(org) for its new root")
        }
        guard time >= root.notBefore else {
            throw refused(
                "it begins on \(ReadableTime.text(root.notBefore))", "compare the clocks")
        }
        do throws(SigningError) {
            try CertificatePath.checkRoot(root, at: time)
        } catch {
            throw refused(PlainError.line(error), "ask \(org) for a root after RFC 5280")
        }
    }
}
