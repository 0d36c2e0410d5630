import AnnotationModel
import CompanyHome
import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import PartnerNet
import PartnerTLS
import PlainErrors
import ServiceLifecycle
import Signing
import Synchronization

/// Runs a node: answers partners and keeps in live sync with those it dials.
public struct NodeService: Service {
    private let node: SharedNode
    private let home: Home
    private let host: String
    private let port: Int
    private let operatorAddress: (host: String, port: Int)?
    private let operatorPage: OperatorSide.Maker?
    private let manager: ServiceManager?
    let meter = NodeMeter()
    private let logger: Logger

    /// A service for a home, to listen on an address.
    ///
    /// - Parameters:
    ///   - operatorAddress: Where the node's own operator asks.
    ///   - operatorPage: Makes what answers there.
    ///   - manager: Is told when the node answers everywhere, how it does, and when it ends.
    public init(
        home: Home, host: String, port: Int, operatorAddress: (host: String, port: Int)? = nil,
        operatorPage: OperatorSide.Maker? = nil, manager: ServiceManager? = nil, logger: Logger
    ) throws {
        let made = try Node(home)
        made.meter = meter
        node = SharedNode(made)
        (self.home, self.host, self.port, self.logger) = (home, host, port, logger)
        (self.operatorAddress, self.operatorPage) = (operatorAddress, operatorPage)
        self.manager = manager
    }

    /// Serves until the task is cancelled or the process is told to end.
    public func run() async throws {
        let sync = PartnerSync(
            node, home: home, trust: try TrustedPartners(home), identity: try TLSIdentity(home),
            spools: SpoolAccount(home), meter: meter)
        meter.noteMismatches(try await node.run { $0.digestAlarms().count })
        let identity = sync.identity
        let logger = logger
        let watcher = HomeWatcher(home)
        Incoming(home).clean()
        let disk = DiskWatch(home, logger: logger)
        let connections = OpenFiles.raise()
        var sizes = ConnectionRoom.Sizes()
        sizes.inAll = min(sizes.inAll, connections * 3 / 4)
        let room = ConnectionRoom(sizes)
        let desk = PartnerDesk(
            home, room: room, spools: sync.spools, meter: meter, logger: logger)
        let server = try PartnerServer(
            home: home, desk: desk, trust: sync.trust, watcher: watcher, logger: logger)
        let readiness = Readiness(disk)
        let (listening, listens) = AsyncStream.makeStream(of: Void.self)
        let application = Application(
            router: server.router(),
            server: .partners(
                context: identity.server, policy: server.joins.policy(sync.trust.roots),
                room: room,
                onLimit: { code, partner in
                    if let origin = partner.flatMap({ try? Origin($0) }) {
                        desk.limited(origin, code)
                    }
                },
                onRefusal: { desk.refused($0, from: $1.map { "\($0)" } ?? "?") }),
            configuration: .init(
                address: .hostname(host, port: port),
                // Those whose end is under way count, too: accepting without a free file ends a server.
                availableConnectionsDelegate: MaximumAvailableConnections(
                    connections, logger: logger)),
            onServerRunning: { _ in listens.yield() }, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            if let operatorAddress, let operatorPage {
                let page = try operatorPage(
                    OperatorSide(
                        home: home, address: operatorAddress, logger: logger, node: node,
                        figures: FigureDesk(node, desk, meter), readiness: readiness,
                        meter: meter, watcher: watcher, listens: { listens.yield() }))
                group.addTask { try await page.run() }
            }
            group.addTask { await follow(sync, watcher, desk) }
            if let company = home.company { group.addTask { await keepUp(company) } }
            group.addTask { await sweep(desk, sync.trust) }
            group.addTask { await tellOfEnds() }
            group.addTask { await follow(disk) }
            if let manager {
                group.addTask { await tell(manager, once: listening, of: readiness) }
                group.addTask { await live(manager) }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    /// How often the service manager's line about the node is made anew.
    private static let statusInterval = Duration.seconds(60)

    /// Tells the service manager when the node answers on all its addresses, and from then on how it does.
    ///
    /// A node that is not ready by its checks, on a full disk for instance, is up nevertheless: it serves what it has.
    private func tell(
        _ manager: ServiceManager, once listening: AsyncStream<Void>, of readiness: Readiness
    ) async {
        var missing = operatorAddress == nil ? 1 : 2
        for await _ in listening {
            missing -= 1
            if missing == 0 { break }
        }
        guard missing == 0 else { return }
        var said = await status(readiness)
        manager.ready(said)
        while (try? await Task.sleep(for: Self.statusInterval)) != nil {
            let now = await status(readiness)
            if now != said { manager.status(now) }
            said = now
        }
    }

    private func status(_ readiness: Readiness) async -> String {
        do {
            let trouble = try await readiness.checks(node).first { !$0.isOk }
            return trouble.map { "not ready: \($0.name): \($0.detail)" }
                ?? "answers partners on \(host):\(port)"
        } catch {
            return "not ready: \(PlainError.line(error))"
        }
    }

    /// Gives the service manager signs of life, as long as it wants any, and tells it of the end.
    private func live(_ manager: ServiceManager) async {
        await withGracefulShutdownHandler {
            await manager.live()
            // The node goes on without signs that nobody waits for.
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(86_400)) }
        } onGracefulShutdown: {
            manager.stopping()
        }
    }

    /// How often ends are looked at; the log names each once a day, and at once when it comes nearer.
    private static let endsInterval = Duration.seconds(600)
    private static let daySeconds: Int64 = 86_400

    /// Says what ends soon.
    private func tellOfEnds() async {
        var said: [String: (level: Ending.Level, time: Int64)] = [:]
        var clockSaid: Int64?
        while !Task.isCancelled {
            let found = try? await node.run { (try $0.endings(), $0.now()) }
            for end in found?.0 ?? [] {
                let time = found?.1 ?? 0
                let level = end.level(at: time)
                let name = "\(end.kind.rawValue) \(end.org) \(end.subject)"
                if let last = said[name], last.level == level, time - last.time < Self.daySeconds {
                    continue
                }
                said[name] = (level, time)
                logger.log(
                    level: level >= .urgent ? .error : .warning, "something ends soon",
                    metadata: ["what": "\(end.line(at: time))"])
            }
            if let clock = try? await node.run({ try $0.clockTrouble() }) {
                let time = found?.1 ?? 0
                if clockSaid.map({ time - $0 >= Self.daySeconds }) ?? true {
                    clockSaid = time
                    logger.warning("clocks differ", metadata: ["what": "\(clock.line)"])
                }
            }
            try? await Task.sleep(for: Self.endsInterval)
        }
    }

    /// How often the disk is looked at: a few system calls, and nothing is synced.
    private static let diskInterval = Duration.seconds(2)

    /// Says when the disk takes nothing more, and when it does again, also while nobody asks.
    private func follow(_ disk: DiskWatch) async {
        while !Task.isCancelled {
            _ = disk.look()
            try? await Task.sleep(for: Self.diskInterval)
        }
    }

    /// Keeps this node as far as its company's others, and the rows for analysts as far as the logs.
    private func keepUp(_ company: CompanyStore) async {
        async let rows: Void = keepRows()
        await follow(company)
        await rows
    }

    /// How long a node goes on without a look at the store, in milliseconds: what another node has written is here
    /// by then.
    private static let storeMilliseconds = 1_000

    /// Takes what other nodes of this company write, and says when their store fails, and when it is back.
    func follow(_ company: CompanyStore) async {
        var said: String?
        let logger = logger
        let beside: Node
        do {
            beside = try Node(home)
        } catch {
            let words = PlainError.line(error)
            logger.error(
                "the store is not followed: start the node again", metadata: ["error": "\(words)"])
            return company.trouble.withLock { $0 = words }
        }
        beside.meter = meter
        beside.warn = { logger.warning("the store", metadata: ["what": "\($0)"]) }
        beside.onDocument = {
            logger.notice("another node of this company says", metadata: ["document": "\($0)"])
        }
        let own = SharedNode(beside)
        var differs: [String: String] = [:]
        while !Task.isCancelled {
            var trouble: String?
            do {
                let (untaken, differing) = try await own.run { node in
                    try node.bringUp()
                    return (node.untakenLogs, node.home.untakenDocuments)
                }
                // The node does its work by what it has: only people have to look.
                for (name, why) in differing.sorted(by: { $0.key < $1.key })
                where differs[name] != why {
                    logger.error(
                        "not taken from the store",
                        metadata: ["document": "\(name)", "error": "\(why)"])
                }
                differs = differing
                trouble = untaken.sorted { $0.key < $1.key }.first.map { "\($0.key): \($0.value)" }
                try await own.run {
                    try $0.awaitNewsOfStore(milliseconds: Self.storeMilliseconds)
                }
            } catch {
                trouble = PlainError.line(error)
                try? await Task.sleep(for: .milliseconds(Self.storeMilliseconds))
            }
            if let trouble, trouble != said {
                logger.error("the store", metadata: ["error": "\(trouble)"])
            } else if trouble == nil, said != nil {
                logger.notice("the store is well again", metadata: ["store": "\(company.address)"])
            }
            said = trouble
            company.trouble.withLock { $0 = trouble }
        }
    }

    /// How often it is looked whether rows have to be brought forward; and after what has failed.
    private static let rowsInterval = Duration.seconds(1)
    private static let rowsPause = Duration.seconds(5)

    /// Keeps the rows that analysts read in the company's database as far as the logs are, where they are wanted.
    ///
    /// On a node of its own: nobody's write and no partner waits for it.
    func keepRows() async {
        let logger = logger
        let beside: Node
        do {
            beside = try Node(home)
        } catch {
            meter.noteRowsFailure()
            return logger.error(
                "rows are not kept: start the node again",
                metadata: ["error": "\(PlainError.line(error))"])
        }
        beside.warn = { logger.warning("rows", metadata: ["what": "\($0)"]) }
        let own = SharedNode(beside)
        var said: String?
        while !Task.isCancelled {
            var trouble: String?
            var pause = Self.rowsInterval
            do {
                let round = try await own.run { try $0.moveRows() }
                meter.noteRows(round)
                if round.hasMoved { continue }
                trouble = round.waiting.sorted { $0.key < $1.key }.first.map {
                    "\($0.key): \($0.value)"
                }
            } catch {
                (trouble, pause) = (PlainError.line(error), Self.rowsPause)
                meter.noteRowsFailure()
            }
            if let trouble, trouble != said {
                logger.warning("rows wait", metadata: ["what": "\(trouble)"])
            } else if trouble == nil, said != nil {
                logger.notice("rows are brought forward again")
            }
            said = trouble
            try? await Task.sleep(for: pause)
        }
    }

    /// How often transfers and partners that are gone are looked for.
    private static let sweepInterval = Duration.seconds(15)

    private func sweep(_ desk: PartnerDesk, _ trust: TrustedPartners) async {
        while !Task.isCancelled {
            await desk.sweep(keeping: Set(trust.roots.origins))
            try? await Task.sleep(for: Self.sweepInterval)
        }
    }

    /// Keeps in sync with all partners that can be dialled, also with those that a command adds, and takes
    /// note of keys that it changes.
    private func follow(
        _ sync: PartnerSync, _ watcher: HomeWatcher, _ desk: PartnerDesk
    ) async {
        let followed = Followed()
        var said: [String] = []
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                do {
                    let problems = try sync.reload()
                    if problems != said {
                        said = problems
                        for problem in problems {
                            logger.error("cannot read a partner", metadata: ["error": "\(problem)"])
                        }
                    }
                    for partner in try home.trust().partners where partner.url != nil {
                        guard followed.insert(partner.org) else { continue }
                        group.addTask {
                            await self.follow(partner, sync, watcher, desk)
                            followed.remove(partner.org)
                        }
                    }
                } catch {
                    logger.error(
                        "cannot read the partners", metadata: ["error": "\(PlainError.line(error))"]
                    )
                }
                try? await Task.sleep(for: .seconds(1))
            }
            group.cancelAll()
        }
    }

    /// The partners that are followed at present.
    private final class Followed: Sendable {
        private let names = Mutex<Set<String>>([])

        func insert(_ name: String) -> Bool { names.withLock { $0.insert(name).inserted } }

        func remove(_ name: String) { names.withLock { _ = $0.remove(name) } }
    }

    /// Follows one partner until it is removed or its address changes.
    private func follow(
        _ partner: Home.Partner, _ sync: PartnerSync, _ watcher: HomeWatcher,
        _ desk: PartnerDesk
    ) async {
        let own: PartnerSync
        let client: HTTPClient
        let offers: SharedOffers
        do {
            guard let made = try sync.client(partner) else { return }
            (own, client, offers) = (try sync.beside(), made, try desk.offers(watcher))
        } catch {
            logger.error(
                "cannot follow",
                metadata: ["partner": "\(partner.org)", "error": "\(PlainError.line(error))"])
            try? await Task.sleep(for: .seconds(PartnerLimits.retrySeconds))
            return
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await own.follow(
                    partner, client: client, watcher: watcher, offers: offers, logger: logger)
            }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(1))
                    guard let trust = try? home.trust() else { continue }
                    if !trust.partners.contains(partner) { return }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}
