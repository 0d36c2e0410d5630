import AnnotationModel
import ArgumentParser
import CompanyHome
import CountermarkNode
import Foundation
import LabelDocuments
import Logging
import NodeDocuments
import OperatorPage
import PlainErrors
import Provenance
import ServiceLifecycle
import Signing
import UnixSignals

/// Syncs with partners once.
struct Sync: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Pulls from and pushes to partners, once.")
    @OptionGroup var common: CommonOptions
    @Argument(help: "One dataset; all if left out.") var dataset: String?
    @Option(help: "One partner.") var with: String?
    @OptionGroup var progress: ProgressOptions

    func run() async throws {
        let home = try Home(opening: common.homePath)
        let id = try dataset.map { try DatasetID($0, defaultOwner: home.origin) }
        if let id { try home.requireKnown(id) }
        let node = try Node(home)
        node.warn = { Terminal.warn("countermark: warning: \($0)") }
        try node.bringUp(id)
        for (log, why) in node.untakenLogs.sorted(by: { $0.key < $1.key }) {
            node.warn("\(log) was not taken from the store: \(why)")
        }
        for (name, why) in home.untakenDocuments.sorted(by: { $0.key < $1.key }) {
            node.warn("\(name) was not taken from the store: \(why)")
        }
        let before = try SyncEffect.counts(node, id)
        let partner = try with.map { try Origin($0) }
        let reports = try await progress.show(common) { watch in
            let node = SharedNode(try watch.node(home, for: ""))
            return try await PartnerSync(node, home: home, watch: watch)
                .syncAll(with: partner, only: id)
        }
        let effect = try SyncEffect(node, id, since: before)
        try common.print(
            document: SyncDocument(
                partners: reports.map { .init($0) }, datasets: effect.datasets,
                uncounted: effect.uncounted.map { .init($0) },
                counted: effect.uncounted.isEmpty, why: effect.uncounted.first?.why.reason,
                ends: effect.ends.map { .init($0, at: effect.time) }, clock: effect.clock?.line),
            reports.flatMap { report in
                [
                    "\(report.org)  pulled \(report.pulled) entries with \(report.operations) operations, "
                        + "pushed \(report.pushed) entries"
                        + (report.error.map { "  failed: \($0)" } ?? "")
                ] + report.notes.map { "  \($0)" }
            } + effect.lines)
        if reports.contains(where: { $0.error != nil }) { throw Interrupt.status(or: 4) }
        // As long as what was written last is for nothing, somebody has to act.
        if effect.uncounted.contains(where: \.isLatest) { throw ExitCode(1) }
    }
}

/// What a sync has changed here, and what it leaves to do.
private struct SyncEffect {
    let time = Int64(Date().timeIntervalSince1970)
    var datasets: [SyncDocument.Dataset] = []
    var uncounted: [UncountedWrites] = []
    var ends: [Ending] = []
    var clock: Node.ClockTrouble?
    var lines: [String] = []

    static func counts(_ node: Node, _ only: DatasetID?) throws -> [DatasetID: (Int, Int)] {
        var counts: [DatasetID: (Int, Int)] = [:]
        for id in try only.map({ [$0] }) ?? node.home.datasets()
        where try !node.home.members(of: id).isEmpty {
            let found = try node.mergedState(id).counts
            counts[id] = (found.annotations - found.retracted, found.items)
        }
        return counts
    }

    init(_ node: Node, _ only: DatasetID?, since before: [DatasetID: (Int, Int)]) throws {
        for (id, now) in try Self.counts(node, only).sorted(by: { $0.key < $1.key }) {
            let (labels, items) = before[id] ?? (0, 0)
            datasets.append(
                .init(
                    id: id.description, annotations: now.0, items: now.1,
                    newAnnotations: now.0 - labels, newItems: now.1 - items))
            lines.append(
                "\(id)  \(now.0) labels (\(Self.signed(now.0 - labels))), \(now.1) items "
                    + "(\(Self.signed(now.1 - items)))")
            // Whoever has left it has nothing more to do about it.
            if try !node.home.hasLeft(id) { uncounted += try node.uncountedWrites(id) }
        }
        ends = try node.endings()
        let time = time
        clock = try node.clockTrouble()
        lines += uncounted.map(\.line) + ends.map { "ENDS \($0.line(at: time))" }
        if let clock { lines.append("CLOCK \(clock.line)") }
    }

    private static func signed(_ change: Int) -> String { change < 0 ? "\(change)" : "+\(change)" }
}

/// Takes part in a dataset.
struct Join: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Takes part in a dataset that a partner offers.")
    @OptionGroup var common: CommonOptions
    @Argument var id: String
    @Option(help: "The partner to ask; else the dataset's owner.") var from: String?

    func run() async throws {
        let home = try Home(opening: common.homePath)
        let dataset = try DatasetID(id)
        let node = try Node(home)
        // Whom another node of this company has introduced, or what it has left.
        try node.lookAtDocuments()
        let wasIn = try !home.members(of: dataset).isEmpty && !home.hasLeft(dataset)
        let sync = try PartnerSync(SharedNode(node), home: home)
        let partner = try from.map { try Origin($0) } ?? dataset.owner
        let reports = try await sync.syncAll(with: partner, joining: dataset, only: dataset)
        if let error = reports.first?.error {
            throw NodeError(
                .joinFailed, "\(partner) could not be asked: \(error)",
                hint: "check its address and that both sides have added each other")
        }
        guard try !home.members(of: dataset).isEmpty else {
            throw NodeError(
                .notOffered, "\(partner) does not offer \(dataset) to \(home.origin)",
                hint: "ask the steward for `countermark member set \(dataset) \(home.origin)`")
        }
        var document = try DatasetDocument(dataset, try Node(home))
        document.changed = !wasIn
        try home.rejoin(dataset)
        try common.print(
            document: document,
            [
                wasIn
                    ? "nothing has changed: \(dataset) was joined already; it was synced"
                    : "joined \(dataset)"
            ])
    }
}

/// Runs the node.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the node: answers partners and keeps in live sync.")
    @OptionGroup var common: CommonOptions
    @Option(help: "HOST:PORT to answer partners on.") var peer = "127.0.0.1:7443"
    @Option(
        help: "HOST:PORT for the operator: the page, /livez, /readyz, /healthz, /metrics.")
    var ui: String?
    @Option(help: "The folder below which the items' files lie under their keys, for the page.")
    var media: String?

    @Option(help: "The page's certificate and its issuers (PEM), for --ui beyond this machine.")
    var uiCert: String?
    @Option(help: "That certificate's key: a file, or pkcs11:... in a security module.")
    var uiKey: String?
    @Option(name: .customLong("ui-name"), help: "A name of this machine; may be repeated.")
    var uiNames: [String] = []

    @Option(
        help:
            "A file with the token that programs show which read /metrics and the reasons of /healthz."
    )
    var metricsToken: String?

    func validate() throws {
        guard
            ui != nil
                || (media == nil && uiCert == nil && uiKey == nil && uiNames.isEmpty
                    && metricsToken == nil)
        else {
            throw ValidationError(
                "--media, --ui-cert, --ui-key, --ui-name and --metrics-token go with --ui")
        }
        guard (uiCert == nil) == (uiKey == nil) else {
            throw ValidationError("--ui-cert and --ui-key go together")
        }
    }

    /// What the page shows to browsers; nil without TLS.
    private func identity(
        _ home: Home
    ) throws -> (chain: [Certificate], key: SigningKey)? {
        guard let uiCert, let uiKey else { return nil }
        let chain = try Certificate.all(pem: try readText(uiCert))
        let key = try home.signingKey(try keyText(uiKey), name: uiKey)
        guard key.kind != .ed25519 else {
            throw NodeError(
                .usage, "browsers take no certificate of an Ed25519 key",
                hint: "give --ui-cert and --ui-key of a P-256 key")
        }
        return (chain, key)
    }

    func run() async throws {
        // What partners and the page are told is looked through for the home's place, which has to be one that no
        // other word is.
        let home = try Home(opening: URL(fileURLWithPath: common.homePath).path)
        let address = try Self.address(peer, "--peer")
        LoggingSystem.bootstrap { StreamLogHandler(label: $0, stream: InertLogStream()) }
        let logger = Logger(label: "countermark")
        let identity = try identity(home)
        let scraping = try metricsToken.map { try ScrapeToken(file: $0) }
        let service = try NodeService(
            home: home, host: address.host, port: address.port,
            operatorAddress: try ui.map { try Self.address($0, "--ui") },
            operatorPage: { [media, uiNames] side in
                var options = PageServer.Options()
                (options.media, options.names, options.identity) = (media, uiNames, identity)
                options.scraping = scraping
                options.announce = { Terminal.warn("page: \($0)  (once, within ten minutes)") }
                return try PageServer(side, options)
            },
            manager: .named(in: ProcessInfo.processInfo.environment, logger: logger),
            logger: logger)
        var configuration = ServiceGroupConfiguration(
            services: [service], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // A partner that never ends its requests does not keep the node from ending.
        configuration.maximumGracefulShutdownDuration = .seconds(5)
        let group = ServiceGroup(configuration: configuration)
        do {
            try await group.run()
        } catch {
            throw NodeError(
                .cannotServe,
                "the node cannot serve on \(peer)\(ui.map { " and \($0)" } ?? ""): "
                    + PlainError.line(error),
                hint: "choose another address with --peer, or end what listens there")
        }
    }

    private static func address(
        _ text: String, _ option: String
    ) throws -> (host: String, port: Int) {
        guard let address = PartnerAddress(listening: text) else {
            throw ValidationError("\(option) is HOST:PORT, for instance 0.0.0.0:7443 or [::]:7443")
        }
        return (address.host, address.port)
    }
}
