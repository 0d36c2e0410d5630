import CompanyHome
import Foundation
import LogStorage
import PartnerNet
import PlainErrors
import Signing

/// What a steward's home keeps of one invitation, until long after its use: a nonce counts once.
struct InvitationRecord: Codable, Equatable {
    /// Where an invitation stands.
    enum State: String, Codable {
        /// Nobody has answered.
        case open
        /// Somebody has answered, and the operator has to compare the words.
        case pending
        /// The answer was accepted.
        case accepted
        /// It was taken back, or closed after too many wrong answers.
        case revoked
    }

    /// An answer that was refused.
    struct Refusal: Codable, Equatable {
        let time: Int64
        let org: String
        let why: String
    }

    /// Wrong proofs that close an invitation: whoever sends them knows the nonce and not the secret, so
    /// the text was tampered with.
    static let wrongProofsMax = 5
    /// Refused answers that are kept for the operator.
    static let refusalsMax = 16
    /// How long after its end an invitation that was answered in time may be accepted.
    static let pendingSecondsMax: Int64 = 7 * 86_400

    let nonce: String
    let dataset: String
    let role: String
    /// The secret, where it was drawn and not derived: such a one is known to this home alone.
    var secret: Data?
    /// Whether the secret follows from the company's key and the nonce.
    var isDerived: Bool?
    /// The fingerprint of the steward's certificate when it was made, which the answer has to name.
    let steward: String
    let issuedAt: Int64
    let expiresAt: Int64
    /// Whether an answer with the right proof needs no comparison of words.
    let isAutomatic: Bool
    var state = State.open
    var wrongProofs = 0
    var refusals: [Refusal] = []
    /// The answer that used the invitation.
    var answer: String?
    /// What the steward drew for it.
    var random: Data?
    var answeredAt: Int64?
    /// Whether somebody is accepting it: then it cannot be taken back any more, and accepting it again goes on.
    var isBeingAccepted: Bool?

    init(_ invitation: Invitation, steward: Digest, isAutomatic: Bool) {
        nonce = Hex.encode(invitation.nonce)
        (dataset, role) = (invitation.dataset, invitation.role)
        self.steward = steward.hex
        (issuedAt, expiresAt) = (invitation.issuedAt, invitation.expiresAt)
        self.isAutomatic = isAutomatic
        isDerived = true
    }

    /// Whether an unknown peer may knock because of it.
    func admits(at time: Int64) -> Bool {
        switch state {
        case .open: time <= expiresAt
        case .pending: time <= expiresAt + Self.pendingSecondsMax
        case .accepted, .revoked: false
        }
    }

    /// Where it stands, for people.
    func stateName(at time: Int64) -> String {
        state == .open && time > expiresAt ? "expired" : state.rawValue
    }

    /// What only those who hold the invitation know, and this company's nodes.
    ///
    /// - Throws: ``NodeError`` for one that another home has drawn.
    func secret(_ home: Home) throws -> [UInt8] {
        if let secret { return Array(secret) }
        guard isDerived == true else {
            throw NodeError(
                .invitationUnknown,
                "another node of this company has made that invitation, by itself",
                hint: "answer to that node, or ask the steward for a new one")
        }
        return try home.invitationSecret(nonce)
    }

    mutating func note(_ refusal: Refusal) {
        refusals.append(refusal)
        refusals = refusals.suffix(Self.refusalsMax)
    }

    /// The words of the answer that is there.
    ///
    /// - Returns: Nil where there is none, or where its secret is not known here.
    func words(_ home: Home) throws -> InvitationWords? {
        guard secret != nil || isDerived == true,
            let answer = try answer.map({ try JoinAnswer.open($0) })
        else { return nil }
        return try InvitationWords(
            pairing: answer.nonce, secret: try secret(home), steward: answer.steward,
            stewardRoot: try home.root().fingerprint, newcomer: answer.certificate.fingerprint,
            newcomerRoot: answer.root.fingerprint, newcomerRandom: answer.random,
            stewardRandom: Array(random ?? Data()))
    }
}

/// The invitations of a company, one file each in each of its homes; all processes and nodes change them one after
/// another.
struct InvitationBook: Sendable {
    private let home: Home
    private let folder: String

    /// How long a change waits for another one.
    private static let lockSeconds = 20.0
    /// Invitations that a home keeps; old ones are removed long after their end.
    static let recordsMax = 10_000
    /// A record is removed when it has been of no use for this long.
    private static let keptSeconds: Int64 = 400 * 86_400

    init(_ home: Home) {
        self.home = home
        folder = home.path + "/invitations"
    }

    /// All records, the newest first.
    func all() throws -> [InvitationRecord] {
        let names = try DurableFile.names(in: folder)
        return try names.filter { $0.hasSuffix(".invite") }.map { try read("\(folder)/\($0)") }
            .sorted { ($0.issuedAt, $0.nonce) > ($1.issuedAt, $1.nonce) }
    }

    /// The record of a nonce or of the only one that begins so.
    func find(_ nonce: String) throws -> InvitationRecord {
        let found = try all().filter { $0.nonce.hasPrefix(nonce.lowercased()) }
        guard found.count == 1, !nonce.isEmpty else {
            throw NodeError.notFound(
                "invitation", nonce,
                hint: found.isEmpty
                    ? "see countermark invite list" : "several begin so: give more of it")
        }
        return found[0]
    }

    func insert(_ record: InvitationRecord, at time: Int64) throws {
        try locked {
            let old = try all()
            for gone in old where gone.expiresAt + Self.keptSeconds < time {
                _ = try put(gone.nonce) { _ in nil }
            }
            guard old.count < Self.recordsMax else {
                throw NodeError(
                    .tooManyInvitations,
                    "this home keeps \(old.count) invitations already",
                    hint: "move the oldest files out of \(folder)")
            }
            _ = try put(record.nonce) { _ in record }
        }
    }

    /// Changes a record and saves it, also where `body` throws.
    ///
    /// Of several that change it at once each sees what the one before has done, on whatever node of the company.
    ///
    /// - Parameter body: May be called several times; it does nothing but change the record.
    func change<R>(
        _ nonce: String, _ body: (inout InvitationRecord) throws -> R
    ) throws -> R {
        try locked {
            var result: Result<R, any Error>?
            _ = try put(nonce) { known in
                guard var record = known else {
                    throw NodeError(
                        .invitationUnknown, "this node has not made that invitation",
                        hint: "ask the steward for a new one")
                }
                result = Result { try body(&record) }
                return record
            }
            guard let result else { throw CancellationError() }
            return try result.get()
        }
    }

    private func locked<R>(_ body: () throws -> R) throws -> R {
        try WholeFile.makeFolder(folder, mode: 0o700)
        return try WholeFile.locked("\(folder)/lock", seconds: Self.lockSeconds, body)
    }

    private func path(_ nonce: String) -> String { "\(folder)/\(nonce).invite" }

    /// Puts a record in the place of another, first of all where the company's nodes agree on it.
    ///
    /// Without the store nothing is answered or accepted: two nodes could do it once each.
    private func put(
        _ nonce: String, _ body: (InvitationRecord?) throws -> InvitationRecord?
    ) throws -> CompanyDocuments.Outcome {
        let secret = try DurableFile.isThere(path(nonce)) ? read(path(nonce)).secret : nil
        return try home.documents.change(.invitation(nonce: nonce), offline: .refuse) { text in
            var known = try text.map { try decode($0, path(nonce)) }
            known?.secret = secret
            guard let record = try body(known) else { return nil }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            var shared = record
            // Secrets are for the home that has drawn them.
            shared.secret = nil
            return String(decoding: try encoder.encode(shared), as: UTF8.self)
        }
    }

    private func read(_ file: String) throws -> InvitationRecord {
        let found = try NodeError.unlessDamaged { try WholeFile.read(file) } ?? nil
        guard let text = found else { throw damaged(file) }
        return try decode(text, file)
    }

    private func decode(_ text: String, _ file: String) throws -> InvitationRecord {
        guard let record = try? JSONDecoder().decode(InvitationRecord.self, from: Data(text.utf8))
        else { throw damaged(file) }
        return record
    }

    private func damaged(_ file: String) -> NodeError {
        NodeError(
            .badInvitationRecord, "\(file) is damaged or cannot be read",
            hint: "remove it; the invitation is then unknown and can be made anew")
    }
}
