import AnnotationModel
import CompanyHome
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import PartnerNet
import PartnerTLS
import Signing

/// Both sides' own revocation lists, at every contact.
struct RevocationText: Codable {
    /// The lists in PEM form; empty where nothing was taken back.
    let lists: String

    /// Lists of some ten thousand certificates, as JSON.
    static let bytesMax = 3 << 20
}

extension PartnerSync {
    /// Takes a partner's published revocation lists and gives our own.
    func exchangeRevocations(
        _ org: Origin, _ client: HTTPClient, _ report: inout SyncReport
    ) async throws {
        let own = RevocationText(lists: try home.ownRevocationText() ?? "")
        let response = try await call(
            client, "POST", "/v1/revocations", body: Array(try JSONEncoder().encode(own)),
            bytesMax: RevocationText.bytesMax)
        // A node of an older version does not know the call.
        guard response.status == 200,
            let theirs = try? JSONDecoder().decode(
                RevocationText.self, from: Data(response.body)), !theirs.lists.isEmpty
        else { return }
        let chain = client.peerChain
        let isNew = try await node.run {
            try $0.home.takePublished(theirs.lists, of: org, chain: chain)
        }
        if isNew {
            report.notes.append(
                "\(org) has published a new revocation list; it is obeyed from now on")
            _ = try trust.read()
        }
    }
}

extension PartnerServer {
    /// Takes a caller's own revocation lists and answers with ours.
    func exchangeRevocations(_ request: Request) async throws -> Response {
        let caller = try caller()
        let bytes = try await body(request, upTo: RevocationText.bytesMax, of: caller)
        guard let theirs = try? JSONDecoder().decode(RevocationText.self, from: Data(bytes)) else {
            throw Refusal.bad("revocation lists come as one text")
        }
        let chain = PartnerChannel.peer?.chain ?? []
        let isNew = try await desk.node(for: caller).run {
            theirs.lists.isEmpty
                ? false : try $0.home.takePublished(theirs.lists, of: caller, chain: chain)
        }
        if isNew {
            logger.warning(
                "a partner has published a new revocation list",
                metadata: ["partner": "\(caller)"])
            _ = try trust.read()
        }
        return try json(RevocationText(lists: try home.ownRevocationText() ?? ""))
    }
}

extension PartnerSync {
    /// Asks a partner whether it is there and lets this organisation in.
    ///
    /// - Returns: The status of its answer.
    public func greet(_ partner: Home.Partner) async throws -> Int {
        guard let client = try client(partner) else { return 0 }
        let response = try await client.request("GET", "/v1/logs")
        if response.status == 200, let org = try? Origin(partner.org),
            let date = response.header("date").flatMap({ HTTPDate.seconds($0) })
        {
            try await node.run { $0.noteClock(org, date) }
        }
        return response.status
    }
}
