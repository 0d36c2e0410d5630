import AnnotationModel
import CompanyHome
import DatasetReading
import Foundation
import LogStorage
import NIOPosix
import PartnerNet
import PartnerTLS
import PlainErrors
import Replication
import Signing
import TransparencyLog

/// What one sync with one partner did.
public struct SyncReport: Sendable {
    /// The partner.
    public let org: String
    /// Entries taken.
    public var pulled: UInt64 = 0
    /// Entries given.
    public var pushed: UInt64 = 0
    /// Operations in the entries taken.
    public var operations = 0
    /// Signatures verified.
    public var verified: UInt64 = 0
    /// Checkpoints that the partner's witness cosigned.
    public var cosigned = 0
    /// `ok`, `cut` where the steward has ended this organisation's part in a dataset, or `failed`.
    public var state = "ok"
    /// Why it failed: what went wrong first.
    public var error: String?
    /// What the operator should know.
    public var notes: [String] = []
    /// Whether the partner could not be reached, or the connection ended.
    var isBroken = false

    /// A report of nothing done yet.
    init(org: String) { self.org = org }

    mutating func add(entries: UInt64, operations: Int) {
        pulled += entries
        verified += entries
        self.operations += operations
    }

    /// Notes what went wrong with one log or dataset.
    mutating func fail(_ error: any Error) {
        state = "failed"
        self.error = self.error ?? PlainError.line(error)
    }
}

/// Syncs a node with its partners: it dials, pulls with GET and pushes with POST, so that one open port
/// on one side is enough.
///
/// What goes wrong with one log or one dataset keeps no other back.
public final class PartnerSync: Sendable {
    let node: SharedNode
    let home: Home
    let trust: TrustedPartners
    let identity: TLSIdentity
    let spools: SpoolAccount
    let watch: WorkWatch
    /// Measures what is done; nil where nobody asks.
    let meter: NodeMeter?
    /// Under which name what this one does is watched.
    private let work: String

    /// A syncer for a home's node, whose own work is watched by whoever made it.
    public convenience init(
        _ node: SharedNode, home: Home, watch: WorkWatch = WorkWatch()
    ) throws {
        self.init(
            node, home: home, trust: try TrustedPartners(home), identity: try TLSIdentity(home),
            spools: SpoolAccount(home), watch: watch)
    }

    init(
        _ node: SharedNode, home: Home, trust: TrustedPartners, identity: TLSIdentity,
        spools: SpoolAccount, watch: WorkWatch = WorkWatch(), meter: NodeMeter? = nil,
        work: String = ""
    ) {
        (self.node, self.home, self.trust) = (node, home, trust)
        (self.identity, self.spools) = (identity, spools)
        (self.watch, self.meter, self.work) = (watch, meter, work)
    }

    /// The same for one partner, on a queue and under a name of its own: no partner waits for another one's entries.
    func beside(_ work: String = "") throws -> PartnerSync {
        let made = try watch.node(home, for: work)
        made.meter = meter
        return PartnerSync(
            SharedNode(made), home: home, trust: trust, identity: identity, spools: spools,
            watch: watch, meter: meter, work: work)
    }

    /// Tells how far a transfer is.
    func tell(_ stage: WorkProgress.Stage, from: UInt64, at: UInt64, of size: UInt64) {
        watch.tell(WorkProgress(stage, entriesFrom: from, at: at, of: size), of: work)
    }

    /// Takes note of partners and keys that commands have changed meanwhile.
    ///
    /// - Returns: What is wrong with single partners.
    func reload() throws -> [String] {
        try identity.reload()
        return try trust.read()
    }

    /// A client of one partner; nil if only the partner dials us.
    func client(_ partner: Home.Partner) throws -> HTTPClient? {
        guard let text = partner.url else { return nil }
        let address = try PartnerAddress.required(text)
        return HTTPClient(
            host: address.host, port: address.port, origin: partner.org,
            context: self.identity.client,
            policy: trust.clientPolicy(expecting: partner.org), limits: PartnerLimits.client,
            group: MultiThreadedEventLoopGroup.singleton,
            proxy: try ProxyChoice.proxy(for: address.host))
    }

    /// Syncs once with one partner.
    ///
    /// - Parameter joining: A dataset to take part in that is not held here yet.
    public func sync(
        _ partner: Home.Partner, client: HTTPClient, joining: DatasetID? = nil,
        only: DatasetID? = nil
    ) async -> SyncReport {
        var report = SyncReport(org: partner.org)
        do {
            var contact = SyncContact(
                try Origin(partner.org), client, joining: joining, only: only)
            var machine = machine(.everything, only: only)
            await run(&machine, &contact)
            report = contact.report
        } catch {
            report.fail(error)
        }
        if let org = try? Origin(partner.org) {
            if report.isBroken { try? await node.run { try $0.noteUnreached(org) } }
            if !Task.isCancelled {
                PartnerContacts(home).note(
                    org, error: report.error, at: Int64(Date().timeIntervalSince1970))
            }
        }
        return report
    }

    /// Calls, and calls again after a while where the partner asks for patience.
    ///
    /// Every call may be sent twice: a push says what it goes on from.
    ///
    /// - Parameter bytesMax: What the answer may have at most.
    func call(
        _ client: HTTPClient, _ method: String, _ path: String,
        headers: [(String, String)] = [], body: [UInt8]? = nil,
        bytesMax: Int = PartnerLimits.answerBytes
    ) async throws -> PartnerTLS.HTTPResponse {
        var tries = 0
        while true {
            let response = try await client.request(
                method, path, headers: headers, body: body, responseBytesMax: bytesMax,
                mayRepeat: true)
            tries += 1
            guard response.status == 429 || response.status == 503,
                tries < PartnerLimits.patienceTries
            else { return response }
            let seconds = response.header("retry-after").flatMap {
                PlainNumber.parse($0, upTo: Int.max)
            }
            try await Task.sleep(
                for: .seconds(min(max(seconds ?? 1, 1), PartnerLimits.patienceSeconds)))
        }
    }

    func list(_ client: HTTPClient) async throws -> LogList {
        let response = try await call(
            client, "GET", "/v1/logs", bytesMax: PartnerLimits.listBytes)
        guard response.status == 200,
            let document = try? JSONDecoder().decode(LogList.self, from: Data(response.body)),
            document.logs.count <= PartnerLimits.listLogs
        else { throw Self.badAnswer(client, response, "/v1/logs") }
        return document
    }

    static func badAnswer(
        _ client: HTTPClient, _ response: PartnerTLS.HTTPResponse, _ path: String
    ) -> NodeError {
        NodeError(
            .badAnswer, "\(client.origin) answered \(response.status) to \(path)",
            hint: response.status >= 500
                ? "try again; if it stays so, ask its operator, who finds the reason in its log"
                : "check that it is a Countermark node of a matching version")
    }
}

extension Node {
    /// What to say of entries that claim times far ahead.
    func clockNotes() throws -> [String] {
        try home.datasets().flatMap { try timesAhead($0) }.map { log, seconds in
            "\(log): its latest entry claims a time that is \(Self.duration(UInt64(clamping: seconds))) ahead of "
                + "this clock; it is kept as it was signed, and ends nobody's key"
        }
    }

    /// True if nothing is missing here of the own logs that a partner holds and does not give any more.
    func hasAll(_ ended: [EndedMembership]) throws -> Bool {
        try ended.allSatisfy { end in
            guard let dataset = try? DatasetID(end.dataset) else { return true }
            return end.size <= (try reader(of: "\(home.origin)/\(dataset)").size)
        }
    }
}

extension PartnerSync {
    /// Reports about the partners who are not called, since what is known of them cannot be read.
    private func damaged(_ org: Origin?) throws -> [SyncReport] {
        if org != nil { return [] }
        return try home.damagedPartners().map { partner, error in
            var report = SyncReport(org: partner)
            report.fail(error)
            return report
        }
    }

    /// Syncs once with every partner that can be dialled, or with one.
    ///
    /// One after another, so that what one has reaches the next; but nobody waits long for one that is slow.
    public func syncAll(
        with org: Origin? = nil, joining: DatasetID? = nil, only: DatasetID? = nil
    ) async throws -> [SyncReport] {
        var calls: [(Home.Partner, HTTPClient)] = []
        // An address that cannot be called is that partner's failure, and nobody else's.
        var uncalled: [SyncReport] = []
        for partner in try home.partners() where org == nil || partner.org == org?.description {
            do {
                if let client = try client(partner) { calls.append((partner, client)) }
            } catch {
                var report = SyncReport(org: partner.org)
                report.fail(error)
                uncalled.append(report)
            }
        }
        if calls.isEmpty, !uncalled.isEmpty { return try uncalled + damaged(org) }
        if let org, calls.isEmpty {
            throw NodeError(
                .cannotDial, "\(org) is no partner that this node can dial",
                hint: "run countermark partner add \(org) --root FILE --url https://HOST:PORT")
        }
        if calls.isEmpty {
            if let damaged = try home.damagedPartners().first { throw damaged.error }
            let count = try home.partners().count
            // Of several nodes one may do the dialling: what it receives has come through the store.
            if org == nil, joining == nil, home.company != nil { return [] }
            throw NodeError(
                .nobodyToDial,
                count == 0
                    ? "there is nobody to sync with: no partner is known"
                    : "there is nobody to dial: none of the \(count) known partners has an address",
                hint:
                    "run countermark partner add ORG --root FILE --url https://HOST:PORT, or countermark "
                    + "serve and wait for partners to dial")
        }
        return try await withThrowingTaskGroup(of: (Int, SyncReport)?.self) { group in
            var reports: [Int: SyncReport] = [:]
            for (number, (partner, client)) in calls.enumerated() {
                let sync = calls.count == 1 ? self : try beside(partner.org)
                group.addTask {
                    let report = await sync.sync(
                        partner, client: client, joining: joining, only: only)
                    sync.watch.end(sync.work)
                    return (number, report)
                }
                guard number + 1 < calls.count else { break }
                group.addTask {
                    try? await Task.sleep(for: .seconds(PartnerLimits.soloSeconds))
                    return nil
                }
                // Whichever comes first: the report, or the end of patience.
                if let result = try await group.next(), let (number, report) = result {
                    reports[number] = report
                }
            }
            while reports.count < calls.count, let result = try await group.next() {
                if let (number, report) = result { reports[number] = report }
            }
            group.cancelAll()
            return reports.sorted { $0.key < $1.key }.map(\.value) + uncalled + (try damaged(org))
        }
    }
}
