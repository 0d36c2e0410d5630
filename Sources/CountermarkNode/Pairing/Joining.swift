import AnnotationModel
import CompanyHome
import Foundation
import LogStorage
import NIOPosix
import PartnerNet
import PartnerTLS
import PlainErrors
import Signing

/// A newcomer's way into a dataset: answers an invitation, learns the words, pins the steward once they
/// were compared, and takes part when the steward has accepted.
///
/// What was answered is kept, so that a second run goes on instead of using the invitation up.
public final class Joining: Sendable {
    /// What is kept between runs.
    private struct Attempt: Codable {
        let invitation: String
        let answer: String
        var random: Data?
        /// Whether the answer goes by mail.
        let isMailed: Bool
    }

    /// The invitation.
    public let invitation: Invitation
    /// The steward's root, which the invitation pins.
    public let root: Certificate
    let home: Home
    private let file: String
    private let attempt: Attempt
    private let answer: JoinAnswer

    /// Reads an invitation, and what this home has answered to it before.
    ///
    /// - Parameters:
    ///   - listenURL: where the steward can dial this node, if it can.
    ///   - isMailed: the answer is not sent over a connection.
    /// - Throws: `InvitationError`, or ``NodeError``.
    public init(
        _ home: Home, invitation text: String, listenURL: String?, isMailed: Bool, at time: Int64
    ) throws {
        self.home = home
        let (invitation, chain) = try Self.open(text, home, at: time)
        guard let leaf = chain.first, let root = chain.last else {
            throw InvitationError.notAnInvitation
        }
        (self.invitation, self.root) = (invitation, root)
        guard invitation.steward != home.origin.description else {
            throw NodeError(
                .ownOrigin, "the invitation is this organisation's own",
                hint: "send it to the company that you invite")
        }
        if let listenURL { _ = try PartnerAddress.required(listenURL) }
        file = Self.file(home, invitation)
        if let text = try WholeFile.read(file),
            let known = try? JSONDecoder().decode(Attempt.self, from: Data(text.utf8)),
            known.isMailed == isMailed
        {
            attempt = known
            answer = try JoinAnswer.open(known.answer)
            return
        }
        let identity = try home.identity()
        let made = try JoinAnswer.make(
            to: invitation, steward: leaf.fingerprint, org: home.origin.description,
            chain: identity.chain, root: try home.root(),
            logKey: try home.logKey().verificationKey.ed25519Bytes ?? [], url: listenURL,
            key: identity.key, at: time)
        answer = made.answer
        attempt = Attempt(
            invitation: text, answer: made.text, random: isMailed ? Data() : nil,
            isMailed: isMailed)
        try save(attempt)
    }

    /// Reads the invitation; one that was answered in time stays readable afterwards.
    private static func open(
        _ text: String, _ home: Home, at time: Int64
    ) throws -> (invitation: Invitation, chain: [Certificate]) {
        do throws(InvitationError) {
            return try Invitation.openWithChain(text, at: time)
        } catch {
            guard case .expired(let end) = error else { throw error }
            let opened = try Invitation.openWithChain(text, at: end)
            let path = file(home, opened.invitation)
            guard try DurableFile.isThere(path) else { throw error }
            return opened
        }
    }

    private static func file(_ home: Home, _ invitation: Invitation) -> String {
        "\(home.path)/invitations/\(Hex.encode(invitation.nonce)).join"
    }

    private func save(_ attempt: Attempt) throws {
        try WholeFile.makeFolder(home.path + "/invitations", mode: 0o700)
        let text = String(decoding: try JSONEncoder().encode(attempt), as: UTF8.self)
        try WholeFile.replace(file, with: text, mode: 0o600)
    }

    /// The answer for the mail.
    public var answerText: String { attempt.answer }

    /// The words that the steward sees if it holds this answer and nobody stands between.
    ///
    /// - Parameter random: what the steward's reply brought; empty for an answer by mail.
    public func words(random: [UInt8] = []) throws -> InvitationWords {
        try InvitationWords(
            pairing: invitation.nonce, secret: invitation.secret, steward: answer.steward,
            stewardRoot: root.fingerprint, newcomer: answer.certificate.fingerprint,
            newcomerRoot: answer.root.fingerprint, newcomerRandom: answer.random,
            stewardRandom: random)
    }

    // MARK: Over the network

    /// Sends the answer, or asks how it stands.
    ///
    /// - Returns: The words, and whether the steward has accepted.
    /// - Throws: ``NodeError`` with the steward's reason, or why whoever answers is not the steward.
    public func ask() async throws -> (words: InvitationWords, isAccepted: Bool) {
        let response: HTTPResponse
        let client = try client()
        do throws(PartnerTLSError) {
            response = try await client.request(
                "POST", "/v1/join", body: Array(attempt.answer.utf8),
                responseBytesMax: Self.replyBytesMax, mayRepeat: true)
        } catch {
            throw Self.explain(error, invitation)
        }
        client.closeIdleConnections()
        guard response.status == 200 else { throw Self.refusal(response, invitation) }
        guard let reply = try? JSONDecoder().decode(JoinReply.self, from: Data(response.body)),
            let proof = Digest(Array(reply.proof)), reply.org == invitation.steward,
            reply.random.count <= JoinAnswer.randomBytes,
            try JoinProof(
                secret: invitation.secret, nonce: invitation.nonce, steward: answer.steward,
                newcomer: answer.certificate.fingerprint
            ).isValid(proof, from: .steward)
        else {
            throw NodeError(
                .wrongSteward,
                "\(invitation.url) does not prove that it made the invitation",
                hint: "do not go on; call \(invitation.steward)")
        }
        return (try words(random: Array(reply.random)), reply.state == "accepted")
    }

    private static let replyBytesMax = 16_384

    private func client() throws -> HTTPClient {
        guard let address = PartnerAddress(url: invitation.url) else {
            // The steward made it before such addresses were refused.
            throw NodeError(
                .badUrl, "\(invitation.url) is no https address",
                hint: "ask the steward for a new invitation")
        }
        let identity = try home.identity()
        let context = try TLSContext(side: .client, chain: identity.chain, key: identity.key)
        let pins = PinnedRoots([invitation.steward: [root]])
        var limits = HTTPClient.Limits()
        limits.responseSeconds = 30
        return HTTPClient(
            host: address.host, port: address.port, origin: invitation.steward, context: context,
            policy: pins.clientPolicy(expecting: invitation.steward) {
                Int64(Date().timeIntervalSince1970)
            }, limits: limits, group: MultiThreadedEventLoopGroup.singleton,
            proxy: try ProxyChoice.proxy(for: address.host))
    }

    private static func explain(
        _ error: PartnerTLSError, _ invitation: Invitation
    ) -> any Error {
        switch error {
        case .untrustedPeer, .unknownPeer, .wrongPeer, .unreadablePeerCertificate,
            .noPeerCertificate:
            NodeError(
                .wrongSteward,
                "whoever answers at \(invitation.url) is not \(invitation.steward): \(PlainError.line(error))",
                hint: "do not go on; call \(invitation.steward)")
        case .refusedByPeer, .truncated, .closed:
            NodeError(
                .invitationClosed,
                "\(invitation.steward) lets no unknown company in now: the invitation was used, taken "
                    + "back, or has expired",
                hint: "ask the steward what countermark invite list says, or for a new one")
        default: error
        }
    }

    /// The steward's reason, as its node gave it.
    private static func refusal(_ response: HTTPResponse, _ invitation: Invitation) -> NodeError {
        struct Problem: Decodable {
            let code: String
            let message: String
            let hint: String
        }
        guard let problem = try? JSONDecoder().decode(Problem.self, from: Data(response.body))
        else {
            return NodeError(
                .badAnswer, "\(invitation.url) answered \(response.status) to /v1/join",
                hint: "is it a Countermark node of a matching version?")
        }
        return NodeError(
            ErrorCode(told: problem.code), kind: .network,
            "\(invitation.steward) refuses: \(problem.message)",
            hint: problem.hint)
    }

    // MARK: After the words were compared

    /// Pins the steward's root, and notes that this organisation takes part in the dataset.
    ///
    /// - Throws: ``NodeError`` where the steward is known with another root.
    public func confirm() throws {
        // What another node has just said of it is what is changed.
        _ = try home.documents.look { _, _ in false }
        let origin = try Origin(invitation.steward)
        let pinned = try home.roots(of: origin)
        guard pinned.isEmpty || pinned.contains(root) else {
            throw NodeError(
                .originTaken, "\(origin) is known here with another root certificate",
                hint:
                    "if its root has changed: countermark partner remove \(origin), then join again"
            )
        }
        try home.changePartner(origin) { known in
            .init(
                org: invitation.steward, url: attempt.isMailed ? known?.url : invitation.url,
                roots: known?.roots ?? root.pem, vkey: known?.vkey)
        }
        try home.takePart(in: try DatasetID(invitation.dataset))
    }

    /// Whether the steward is pinned already with the invitation's root.
    public func isConfirmed() throws -> Bool {
        try home.roots(of: try Origin(invitation.steward)).contains(root)
            && home.takesPart(in: try DatasetID(invitation.dataset))
    }
}

extension Home {
    private func participation(_ dataset: DatasetID) -> String { "\(path)/joined/\(dataset)" }

    /// Notes that this organisation takes part in a dataset of which no log is here yet.
    func takePart(in dataset: DatasetID) throws {
        _ = try documents.change(.joined(dataset), offline: .refuse) { _ in "" }
    }

    /// Whether this organisation has joined a dataset.
    func takesPart(in dataset: DatasetID) throws -> Bool {
        try DurableFile.isThere(participation(dataset))
    }

    /// The datasets of one owner that this organisation has joined and holds nothing of.
    func awaited(from owner: Origin) throws -> [DatasetID] {
        try names(in: "joined/\(owner)").compactMap { try? DatasetID("\(owner)/\($0)") }
            .filter { try members(of: $0).isEmpty }.sorted()
    }
}
