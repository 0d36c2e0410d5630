import AnnotationModel
import CompanyHome
import Foundation
import Logging
import PartnerNet
import PlainErrors
import Synchronization

/// What a serving node keeps for each partner: a node of its own over the same home, budgets, and figures.
///
/// A partner's long push is verified and merged on that partner's own queue; the others wait for
/// nothing but the short transactions of the label table.
final class PartnerDesk: Sendable {
    /// What one partner has asked for since the node began to serve.
    struct Figures: Sendable {
        var requests = 0
        var pushedEntries = 0
        /// How often it reached a limit, by the limit's code.
        var limited: [String: Int] = [:]
        var watches = 0
        var memoryBytes = 0
        /// Bodies that are on their way in.
        var bodies = 0
    }

    /// A partner's own node, and how many pushes are under way in it.
    private struct OpenNode {
        let node: SharedNode
        let pushes: IncomingPushes.UnderWay
    }

    private struct Books {
        var figures: [Origin: Figures] = [:]
        var memoryBytes = 0
        /// Connections that came to nothing.
        var refused = 0
        /// What the log has said of them since a moment, and what it has not.
        var saidSince = ContinuousClock.now
        var said = 0
        var unsaid = 0
        /// When the log last said what partners can make it say again and again.
        var news: [String: ContinuousClock.Instant] = [:]
    }

    /// A share of a budget; it is given back when the last one lets go of it.
    final class Hold: Sendable {
        private let release: @Sendable () -> Void

        fileprivate init(_ release: @escaping @Sendable () -> Void) { self.release = release }

        deinit { release() }
    }

    let limiter = RateLimiter<Origin>()
    let room: ConnectionRoom
    let spools: SpoolAccount
    let meter: NodeMeter
    let logger: Logger
    private let home: Home
    private let contacts: PartnerContacts
    private let nodes = Mutex<[Origin: OpenNode]>([:])
    private let books = Mutex(Books())
    private let shared = Mutex<SharedOffers?>(nil)

    /// How often the log repeats that a partner is at its limits.
    private static let sayAgain = Duration.seconds(60)
    /// Refused connections that the log tells of in that time: a flood does not fill the disk.
    private static let refusalsSaid = 60
    /// Things said that are remembered; beyond, all are news again.
    private static let newsMax = 4_096

    init(
        _ home: Home, room: ConnectionRoom, spools: SpoolAccount, meter: NodeMeter = NodeMeter(),
        logger: Logger
    ) {
        (self.home, self.room, self.spools, self.logger) = (home, room, spools, logger)
        self.meter = meter
        contacts = PartnerContacts(home)
    }

    /// The node that answers a partner.
    func node(for partner: Origin) throws -> SharedNode {
        try nodes.withLock { nodes in
            if let open = nodes[partner] { return open.node }
            let made = try Node(home)
            made.meter = meter
            made.warn = { [weak self] what in
                guard let self, isNews("warning \(partner)") else { return }
                logger.warning("a partner's call", metadata: ["what": "\(what)"])
            }
            let pushes = made.pushes.underWay
            let node = SharedNode(made)
            nodes[partner] = OpenNode(node: node, pushes: pushes)
            return node
        }
    }

    /// What all partners that watch are told of: one book, so that what moves is read once for all of them.
    func offers(_ watcher: HomeWatcher) throws -> SharedOffers {
        try shared.withLock { shared in
            if let shared { return shared }
            let made = try Node(home)
            made.meter = meter
            made.warn = { [weak self] what in
                guard let self, isNews("warning of watches") else { return }
                logger.warning("what partners are told of", metadata: ["what": "\(what)"])
            }
            let offers = SharedOffers(OfferBook(made, watcher))
            shared = offers
            return offers
        }
    }

    func noteContact(_ partner: Origin) { contacts.note(partner) }

    func count(_ partner: Origin, _ change: @Sendable (inout Figures) -> Void) {
        books.withLock { change(&$0.figures[partner, default: Figures()]) }
    }

    /// Notes that a partner reached a limit; the log says so once a minute.
    func limited(_ partner: Origin, _ code: String) {
        count(partner) { $0.limited[code, default: 0] += 1 }
        guard isNews("limit \(partner)") else { return }
        logger.warning(
            "a partner is at a limit", metadata: ["partner": "\(partner)", "limit": "\(code)"])
    }

    /// Whether the log has not said this for a while: nobody fills the disk by what is said of him.
    func isNews(_ what: String) -> Bool {
        books.withLock { books in
            if let last = books.news[what], .now - last <= Self.sayAgain { return false }
            if books.news.count >= Self.newsMax { books.news = [:] }
            books.news[what] = .now
            return true
        }
    }

    /// Notes that a connection came to nothing; the log says so, unless it would say nothing else.
    func refused(_ error: any Error, from address: String) {
        let unsaid = books.withLock { books -> Int? in
            books.refused += 1
            if .now - books.saidSince > Self.sayAgain { (books.saidSince, books.said) = (.now, 0) }
            guard books.said < Self.refusalsSaid else {
                books.unsaid += 1
                return nil
            }
            books.said += 1
            defer { books.unsaid = 0 }
            return books.unsaid
        }
        guard let unsaid else { return }
        var metadata: Logger.Metadata = [
            "from": "\(address)", "error": "\(PlainError.line(error))",
        ]
        if unsaid > 0 { metadata["unsaid"] = "\(unsaid)" }
        logger.warning("refused a connection", metadata: metadata)
    }

    // MARK: Budgets

    /// Sets memory aside for what a partner sends or gets.
    func holdMemory(_ bytes: Int, for partner: Origin) throws(Refusal) -> Hold {
        let fits = books.withLock { books in
            let own = books.figures[partner]?.memoryBytes ?? 0
            guard own + bytes <= PartnerLimits.memoryBytesPerPartner,
                books.memoryBytes + bytes <= PartnerLimits.memoryBytesInAll
            else { return false }
            books.memoryBytes += bytes
            books.figures[partner, default: Figures()].memoryBytes += bytes
            return true
        }
        guard fits else {
            limited(partner, "too-much-at-once")
            throw .busy(.tooMuchAtOnce, "too much of \(partner) is under way at once")
        }
        return Hold { [self] in
            books.withLock { books in
                books.memoryBytes -= bytes
                books.figures[partner]?.memoryBytes -= bytes
            }
        }
    }

    /// Lets a partner send a body, and sets memory aside for it.
    ///
    /// - Parameter bytes: How much of it lies in memory at once, at most.
    func holdBody(_ bytes: Int, for partner: Origin) throws(Refusal) -> Hold {
        let memory = try holdMemory(bytes, for: partner)
        let fits = books.withLock { books in
            guard books.figures[partner]?.bodies ?? 0 < PartnerLimits.bodiesPerPartner else {
                return false
            }
            books.figures[partner, default: Figures()].bodies += 1
            return true
        }
        guard fits else {
            limited(partner, ErrorCode.tooMuchAtOnce.word)
            throw .busy(
                .tooMuchAtOnce,
                "\(PartnerLimits.bodiesPerPartner) requests of \(partner) are under way at once")
        }
        return Hold { [self] in
            books.withLock { $0.figures[partner]?.bodies -= 1 }
            withExtendedLifetime(memory) {}
        }
    }

    /// Lets a partner watch.
    func holdWatch(for partner: Origin) throws(Refusal) -> Hold {
        let fits = books.withLock { books in
            guard books.figures[partner]?.watches ?? 0 < PartnerLimits.watchesPerPartner else {
                return false
            }
            books.figures[partner, default: Figures()].watches += 1
            return true
        }
        guard fits else {
            limited(partner, "too-many-watches")
            throw .busy(
                .tooManyWatches,
                "\(partner) watches \(PartnerLimits.watchesPerPartner) times already")
        }
        return Hold { [self] in books.withLock { $0.figures[partner]?.watches -= 1 } }
    }

    /// Forgets pushes that have not gone on for long, and what belongs to partners that are gone.
    func sweep(keeping partners: Set<String>) async {
        let all = nodes.withLock { nodes in
            let gone = nodes.filter { !partners.contains($0.key.description) }
            for origin in gone.keys { nodes[origin] = nil }
            return (gone: Array(gone.values), kept: Array(nodes.values))
        }
        for open in all.gone { try? await open.node.run { $0.pushes.dropAll() } }
        for open in all.kept { try? await open.node.run { $0.pushes.dropOld() } }
    }

    // MARK: Figures

    /// Adds what partners use and used; of more than ``NodeFigures/partnersMax`` partners the last by name are left
    /// out.
    func add(to text: inout FigureText) {
        let (figures, refused) = books.withLock { ($0.figures, $0.refused) }
        text.add(
            .counter, "connections_refused_total", Double(refused),
            "Connections of partners and strangers that came to nothing.")
        addTotals(to: &text)
        let all = figures.sorted { $0.key < $1.key }.prefix(NodeFigures.partnersMax)
        func each(_ value: (Figures) -> Int) -> [(labels: FigureText.Labels, value: Double)] {
            all.map { ([("partner", "\($0.key)")], Double(value($0.value))) }
        }
        text.add(
            .counter, "partner_requests_total", "Requests of a partner.", each(\.requests))
        text.add(
            .counter, "partner_refused_total", "How often a partner was at one of its limits.",
            each { $0.limited.values.reduce(0, +) })
        text.add(
            .counter, "partner_pushed_entries_total", "Entries that a partner pushed.",
            each(\.pushedEntries))
        text.add(
            .counter, "partner_limited_total", "How often a partner was at a limit, by the limit.",
            all.flatMap { partner, figures in
                figures.limited.sorted { $0.key < $1.key }.map {
                    ([("partner", "\(partner)"), ("limit", $0.key)], Double($0.value))
                }
            })
        text.add(.gauge, "partner_watches", "Watches that a partner has open.", each(\.watches))
        text.add(
            .gauge, "partner_bodies", "Bodies of a partner that are on their way in.",
            each(\.bodies))
        text.add(
            .gauge, "partner_memory_bytes", "Memory set aside for what a partner sends or gets.",
            each(\.memoryBytes))
        func counts(_ counts: [Origin: Int]) -> [(labels: FigureText.Labels, value: Double)] {
            counts.sorted { $0.key < $1.key }.prefix(NodeFigures.partnersMax).map {
                ([("partner", "\($0.key)")], Double($0.value))
            }
        }
        text.add(
            .gauge, "partner_connections", "Connections that a partner has open.",
            counts(room.byPartner))
        text.add(
            .gauge, "partner_spool_bytes", "A partner's transfers on the disk that are not whole.",
            counts(spools.byPartner))
        text.add(
            .gauge, "partner_pushes", "Pushes of a partner that are under way.",
            counts(nodes.withLock { $0.mapValues(\.pushes.count) }))
    }

    /// What all partners use together, and the limits that it is held against.
    private func addTotals(to text: inout FigureText) {
        text.add(
            .gauge, "connections", "Open connections; knocking: the handshake is going on.",
            room.byKind.map { ([("kind", "\($0.kind)")], Double($0.count)) })
        text.add(
            .gauge, "memory_bytes", Double(books.withLock { $0.memoryBytes }),
            "Memory set aside for what partners send or get.")
        text.add(
            .gauge, "spool_bytes", Double(spools.bytesInAll),
            "Partners' transfers on the disk that are not whole.")
        text.add(
            .gauge, "nodes", Double(nodes.withLock { $0.count }),
            "Partners for whom the label tables are open.")
        text.add(
            .gauge, "limit", "What the other figures are held against (Docs/Operations.md).",
            PartnerLimits.listed.map { limit in
                // The system may grant fewer files.
                let value = limit.name == "connections_in_all" ? room.inAllMax : limit.value
                return ([("limit", limit.name)], Double(value))
            })
    }
}
