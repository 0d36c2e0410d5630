import AnnotationModel
import CompanyHome
import Foundation
import PlainErrors
import Provenance
import Signing

/// An invitation as the steward's operator sees it.
public struct InvitationView: Sendable {
    /// What names it, in hexadecimal.
    public let nonce: String
    /// The dataset.
    public let dataset: String
    /// The role that it offers.
    public let role: String
    /// `open`, `pending`, `accepted`, `revoked` or `expired`.
    public let state: String
    /// The last second in which it may be used.
    public let expiresAt: Int64
    /// Who answered; nil if nobody has.
    public let org: String?
    /// The six words to compare with the newcomer.
    public let words: [String]
    /// Where the newcomer can be dialled; nil if only it dials.
    public let url: String?
    /// Answers that were refused: when, who it claimed to be, why.
    public let refusals: [(time: Int64, org: String, why: String)]
}

/// What the steward's node tells a newcomer.
struct JoinReply: Codable, Sendable {
    /// `pending` until the steward's operator has accepted, then `accepted`.
    let state: String
    /// The steward's origin.
    let org: String
    /// What the steward drew for the words.
    let random: Data
    /// The steward's ``JoinProof``.
    let proof: Data
}

extension Node {
    private var book: InvitationBook { InvitationBook(home) }

    /// Invites a company to a dataset that this organisation governs.
    ///
    /// - Parameters:
    ///   - url: where newcomers reach this node; the last one if nil.
    ///   - seconds: how long the invitation may be used.
    ///   - isAutomatic: accepts the first answer with the right proof without a comparison of words.
    /// - Returns: The text for the mail, and what it says.
    public func invite(
        _ dataset: DatasetID, role: Role, url: String?, seconds: Int64, isAutomatic: Bool
    ) throws -> (text: String, view: InvitationView) {
        try requireSteward(dataset)
        let address = try url ?? lastAddress()
        _ = try PartnerAddress.required(address)
        let identity = try home.identity()
        let root = try home.root()
        let time = now()
        // Any node of this company knows the secret of a nonce, and nobody has to keep it.
        let drawn = try Invitation.newNonce()
        let invitation = try Invitation(
            steward: home.origin.description, url: address, rootFingerprint: root.fingerprint,
            dataset: dataset.description, role: role.name,
            secret: try home.invitationSecret(Hex.encode(drawn)), issuedAt: time,
            expiresAt: time + seconds, nonce: drawn)
        let text = try invitation.text(
            signedWith: identity.key, chain: identity.chain + [root])
        let record = InvitationRecord(
            invitation, steward: identity.certificate.fingerprint, isAutomatic: isAutomatic)
        try book.insert(record, at: time)
        try WholeFile.replace("\(home.path)/invitations/address", with: address)
        return (text, try view(record))
    }

    /// Keeps the text of an invitation that could not be handed over.
    ///
    /// - Returns: The file.
    public func keep(invitation text: String, _ view: InvitationView) throws -> String {
        let file = "\(home.path)/invitations/\(view.nonce).txt"
        try WholeFile.replace(file, with: text, mode: 0o600)
        return file
    }

    private func lastAddress() throws -> String {
        guard let address = try WholeFile.read(home.path + "/invitations/address") else {
            throw NodeError(
                .noAddress, "where newcomers reach this node is not known",
                hint: "give --url https://HOST:PORT; it is remembered for the next invitation")
        }
        return address
    }

    /// The invitations, the newest first.
    public func invitations(to dataset: DatasetID?) throws -> [InvitationView] {
        try book.all().filter { dataset == nil || $0.dataset == dataset?.description }.map {
            try view($0)
        }
    }

    /// Takes an invitation back, whether or not somebody has answered it.
    ///
    /// - Returns: The invitation, and whether it could be used until now.
    public func revokeInvitation(
        _ nonce: String
    ) throws -> (view: InvitationView, changed: Bool) {
        try lookAtDocuments()
        let before = try book.find(nonce)
        let after = try view(
            try book.change(before.nonce) { record in
                guard record.state != .accepted, record.isBeingAccepted != true else {
                    throw NodeError(
                        .invitationUsed, "the invitation was accepted already",
                        hint: "countermark member cut ends a membership")
                }
                record.state = .revoked
                return record
            })
        return (after, before.state != .revoked)
    }

    private func view(_ record: InvitationRecord) throws -> InvitationView {
        let answer = try record.answer.map { try JoinAnswer.open($0) }
        return InvitationView(
            nonce: record.nonce, dataset: record.dataset, role: record.role,
            state: record.stateName(at: now()), expiresAt: record.expiresAt, org: answer?.org,
            words: try record.words(home)?.words ?? [], url: answer?.url,
            refusals: record.refusals.map { ($0.time, $0.org, $0.why) })
    }

    // MARK: Answers

    /// Takes a newcomer's answer: the first one with the right proof uses the invitation.
    ///
    /// The same answer again gets the same reply, so that a newcomer may ask how it stands.
    ///
    /// - Parameter peer: the certificate of the connection; nil for an answer that came by mail.
    /// - Throws: ``NodeError`` with the reason, which the newcomer may know.
    func take(answer text: String, from peer: Digest?) throws -> (JoinReply, InvitationView) {
        let answer = try JoinAnswer.open(text)
        let nonce = Hex.encode(answer.nonce)
        let record = try book.change(nonce) { record in
            do {
                try judge(answer, text, peer, &record)
            } catch {
                record.note(
                    .init(time: now(), org: answer.org, why: PlainError.line(error)))
                throw error
            }
            return record
        }
        let state = record.state == .pending && record.isAutomatic ? .accepted : record.state
        if state != record.state { _ = try acceptInvitation(nonce) }
        let proof = try JoinProof(
            secret: try record.secret(home), nonce: answer.nonce, steward: answer.steward,
            newcomer: answer.certificate.fingerprint
        ).code(from: .steward)
        let reply = JoinReply(
            state: state.rawValue, org: home.origin.description, random: record.random ?? Data(),
            proof: Data(proof.bytes))
        return (reply, try view(record))
    }

    private func judge(
        _ answer: JoinAnswer, _ text: String, _ peer: Digest?, _ record: inout InvitationRecord
    ) throws {
        if let peer, peer != answer.certificate.fingerprint {
            throw NodeError(
                .otherCertificate,
                "the answer is signed with another certificate than the connection's",
                hint: "send your own answer, not somebody else's")
        }
        if record.state == .revoked {
            throw NodeError(
                .invitationRevoked, "the steward has taken the invitation back",
                hint: "ask the steward for a new one")
        }
        if record.answer == text { return }
        guard record.state == .open else {
            throw NodeError(
                .invitationUsed, kind: .network, "the invitation was used already",
                hint: "if that was not you, somebody has read the mail: call the steward")
        }
        guard now() <= record.expiresAt else {
            throw NodeError(
                .invitationExpired, kind: .network,
                "the invitation expired on \(ReadableTime.text(record.expiresAt))",
                hint: "ask the steward for a new one")
        }
        try checkProof(answer, &record)
        try checkNewcomer(answer)
        record.answer = text
        record.random = peer == nil ? Data() : Data(try JoinAnswer.newRandom())
        record.answeredAt = now()
        record.state = .pending
    }

    private func checkProof(_ answer: JoinAnswer, _ record: inout InvitationRecord) throws {
        guard answer.steward.hex == record.steward, answer.dataset == record.dataset else {
            throw NodeError(
                .otherSteward,
                "the answer is to another certificate or dataset than the invitation's",
                hint: "somebody may stand between the two companies: call the steward")
        }
        let proof = JoinProof(
            secret: try record.secret(home), nonce: answer.nonce, steward: answer.steward,
            newcomer: answer.certificate.fingerprint)
        guard try proof.isValid(answer.proof, from: .newcomer) else {
            record.wrongProofs += 1
            if record.wrongProofs >= InvitationRecord.wrongProofsMax { record.state = .revoked }
            throw NodeError(
                .joinProof, "the answer does not prove the invitation's secret",
                hint: "copy the invitation again; if that does not help, call the steward")
        }
    }

    private func checkNewcomer(_ answer: JoinAnswer) throws {
        let org = try Origin(answer.org)
        if let place = answer.url, PartnerAddress(url: place) == nil {
            throw NodeError(
                .badIdentifier,
                "where the newcomer's node is dialled is not said as https://HOST:PORT",
                hint: "correct it, and answer the invitation again")
        }
        try CertificatePath.validate(
            leaf: answer.certificate, intermediates: Array(answer.chain.dropFirst()),
            roots: [answer.root], at: now(), purpose: .signing)
        let pinned = try home.roots(of: org)
        guard org != home.origin, pinned.isEmpty || pinned.contains(answer.root) else {
            throw NodeError(
                .originTaken, kind: .network, "\(org) is known here with another root certificate",
                hint: "if the root has changed, the steward runs countermark partner add \(org)")
        }
    }

    /// Accepts the answer to an invitation: pins the newcomer's root and makes it a member.
    ///
    /// Each step may be done twice, so a crash in between is mended by accepting again. That it is accepted is said
    /// first: nobody takes the invitation back from then on, on any node of this company.
    ///
    /// - Returns: The invitation as it is now.
    public func acceptInvitation(_ nonce: String) throws -> InvitationView {
        try lookAtDocuments()
        let begun = try book.change(try book.find(nonce).nonce) { record in
            guard record.state == .pending || record.state == .accepted, record.answer != nil,
                Role(name: record.role) != nil
            else {
                throw NodeError(
                    .nothingToAccept,
                    "the invitation is \(record.stateName(at: now())) and has no answer to accept",
                    hint: "see countermark invite list")
            }
            guard record.state == .accepted || record.admits(at: now()) else {
                throw NodeError(
                    .invitationExpired, "the answer has waited for too long",
                    hint: "make a new invitation")
            }
            if record.state == .pending { record.isBeingAccepted = true }
            return record
        }
        try takeIn(begun)
        return try view(
            try book.change(begun.nonce) { record in
                record.state = .accepted
                record.isBeingAccepted = nil
                return record
            })
    }

    /// Pins the root of whoever has answered, and makes it a member.
    private func takeIn(_ record: InvitationRecord) throws {
        guard let text = record.answer, let role = Role(name: record.role) else { return }
        let answer = try JoinAnswer.open(text)
        let org = try Origin(answer.org)
        try home.changePartner(org) { known in
            .init(
                org: answer.org, url: answer.url ?? known?.url,
                roots: known?.roots ?? answer.root.pem, vkey: known?.vkey)
        }
        let dataset = try DatasetID(record.dataset)
        try catchUp(dataset)
        let member = try mergedState(dataset).membership.members[org]
        let isMember =
            member?.cutIndex == nil && member?.spans.last?.role == role
            && member?.roots.contains(answer.root.der) == true
            && member?.logKeys.last?.key == answer.logKey
        if !isMember {
            try setMember(dataset, org, role: role, roots: [answer.root], logKey: answer.logKey)
        }
    }

    /// Takes an answer that came by mail.
    public func takeMailed(answer text: String) throws -> InvitationView {
        try take(answer: text, from: nil).1
    }
}
