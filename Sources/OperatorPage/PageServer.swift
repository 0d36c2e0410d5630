import AnnotationModel
import CompanyHome
import CountermarkNode
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import LabelDocuments
import LabelText
import Logging
import NIOCore
import NodeDocuments
import PartnerTLS
import PlainErrors
import ServiceLifecycle
import Signing

/// The operator's page and its API, on a serving node's `--ui` address.
package struct PageServer: Service {
    /// How to serve.
    package struct Options: Sendable {
        /// The folder below which items' files lie under their keys; nil for none.
        package var media: String?
        /// Names of this machine besides the address, under which the page is asked for.
        package var names: [String] = []
        /// What the page shows to browsers beyond this machine, the certificate first; nil: no TLS.
        package var identity: (chain: [Certificate], key: SigningKey)?
        /// What programs show that read figures; nil: on this machine's own address nothing, elsewhere nobody does.
        package var scraping: ScrapeToken?
        /// Within which seconds a body has to come.
        package var bodySeconds: Int64 = 30
        /// Tells the operator the link that signs in.
        package var announce: @Sendable (String) -> Void = { _ in }

        /// Without media, under the address alone.
        package init() {}
    }

    private let side: OperatorSide
    private let options: Options
    private let names: PageNames
    private let sessions: PageSessions
    private let people: PagePeople
    private let nodes: PageNodes
    private let events: PageEvents
    private let media: PageMedia
    private let intake: PageIntake
    private let tls: TLSContext?
    private let certificates: PageCertificates
    private let now: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }

    /// A page for a node.
    package init(_ side: OperatorSide, _ options: Options) throws {
        (self.side, self.options) = (side, options)
        people = PagePeople(side.home)
        let certificates = try PageCertificates(side.home, people, now: now)
        self.certificates = certificates
        tls = try options.identity.map {
            try TLSContext(
                side: .server, chain: $0.chain, key: $0.key,
                peers: .asked(of: try certificates.authorities()))
        }
        names = PageNames(
            host: side.address.host, others: options.names, isEncrypted: options.identity != nil)
        if !PageNames.isLoopback(side.address.host) {
            try Self.requireShelter(side.address.host, tls, people)
        }
        sessions = PageSessions(now: now)
        nodes = try PageNodes(side)
        events = PageEvents(side, nodes.watching, sessions, people, certificates)
        media = PageMedia(options.media, side.home)
        intake = PageIntake(seconds: options.bodySeconds)
    }

    /// Throws where others would reach the page without TLS, or without anybody who signs in.
    private static func requireShelter(
        _ host: String, _ tls: TLSContext?, _ people: PagePeople
    ) throws {
        guard tls != nil else {
            throw NodeError(
                .usage, "others reach \(host): the page is served there over TLS alone",
                hint: "use --ui 127.0.0.1:PORT, or give --ui-cert F --ui-key F")
        }
        // By a password, or by a certificate.
        guard try !people.all().isEmpty else {
            throw NodeError(
                .usage, "others reach \(host), and nobody may sign in yet",
                hint: "run countermark people add NAME --role ROLE --password-file F first")
        }
    }

    /// HTTP/1.1, below TLS where others listen.
    private var channels: HTTPServerBuilder {
        let configuration = HTTP1Channel.Configuration(
            idleTimeout: .seconds(Self.idleSeconds),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: Self.headBytesMax, maxHeaderListSize: Self.headBytesMax,
                maxHeaderFieldCount: 100))
        guard let tls else { return .http1(configuration: configuration) }
        let certificates = certificates
        return HTTPServerBuilder { responder in
            PageChannel(
                responder: responder, configuration: configuration, context: tls,
                certificates: certificates)
        }
    }

    /// Serves until the node ends.
    package func run() async throws {
        let (names, side, options, now) = (names, side, options, now)
        let application = Application(
            router: try router(),
            server: channels,
            configuration: .init(
                address: .hostname(side.address.host, port: side.address.port),
                availableConnectionsDelegate: MaximumAvailableConnections(
                    Self.connectionsMax, logger: side.logger)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? side.address.port
                names.listen(on: port)
                defer { side.listens() }
                do {
                    let token = try PageLinks(side.home).make(nil, .operator, at: now())
                    try PageAddress(side.home).note(names.url(port))
                    options.announce("\(names.url(port))#token=\(token)")
                } catch {
                    side.logger.error(
                        "cannot make a link to the page",
                        metadata: ["error": "\(PlainError.line(error))"])
                }
            }, logger: side.logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            group.addTask { await events.run() }
            try await group.next()
            group.cancelAll()
        }
    }

    private static let idleSeconds: Int64 = 60
    private static let headBytesMax = 16_384
    private static let connectionsMax = 256

    private func router() throws -> Router<PageContext> {
        let router = Router(context: PageContext.self)
        router.middlewares.add(PageGuard(names, side.home))
        router.middlewares.add(
            PageSessionGuard(sessions: sessions, people: people, certificates: certificates))
        router.middlewares.add(PageMethods())
        PageHealth(
            side: side, isLocal: PageNames.isLoopback(side.address.host), token: options.scraping
        ).add(to: router)
        PageFiles.add(to: router)
        router.get("/api/v1/openapi.json") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: .init(byteBuffer: PageFiles.description))
        }
        PageSignIn(side.home, sessions, people, certificates, names, intake)
            .add(to: router, now: now)
        for route in Self.routes { add(route, to: router) }
        let (nodes, events, media, intake) = (nodes, events, media, intake)
        let arrivals = PageArrivals(home: side.home, nodes: nodes, intake: intake)
        router.post(RouterPath(Self.pattern(PageArrivals.importing.path))) { request, context in
            try await arrivals.importFile(
                request, try PageAsk(request, context, PageArrivals.importing))
        }
        router.post(RouterPath(Self.pattern(PageArrivals.joining.path))) { request, context in
            try await arrivals.join(request, try PageAsk(request, context, PageArrivals.joining))
        }
        router.post(RouterPath(Self.pattern(PersonRoutes.appending.path))) { request, context in
            try await PersonRoutes().append(
                request, try PageAsk(request, context, PersonRoutes.appending), nodes, intake)
        }
        router.get(RouterPath(Self.pattern(Self.mediaRoute.path))) { request, context in
            let ask = try PageAsk(request, context, Self.mediaRoute)
            let item = try await nodes.at(.quick).run {
                try PageMedia.item(try ask.needed("item"), try ask.dataset(), $0)
            }
            return try await media.answer(item, request)
        }
        router.get(RouterPath(Self.pattern(Self.eventsRoute.path))) { request, context in
            try events.watch(try PageAsk(request, context, Self.eventsRoute).session)
        }
        return router
    }

    /// All resources that are answered from a node.
    static let routes = PageReads().routes + PageWrites().routes + PersonRoutes().routes

    /// All resources of the API.
    static let allRoutes =
        PageSignIn.routes + routes
        + [
            mediaRoute, eventsRoute, PageArrivals.importing, PageArrivals.joining,
            PersonRoutes.appending,
        ]

    /// The file of an item.
    static let mediaRoute = PageRoute(
        method: .get, path: "/datasets/{owner}/{name}/media", role: .viewer,
        summary: "The file of an item, compared with the dataset's digest.",
        queries: [.init("item", isNeeded: true)], document: nil, answerType: "*/*", work: .other)
    /// What moved.
    static let eventsRoute = PageRoute(
        method: .get, path: "/events", role: .viewer,
        summary: "Server-sent events: a dataset or a partner moved.", queries: [], document: nil,
        answerType: "text/event-stream", work: .other)

    private func add(_ route: PageRoute, to router: Router<PageContext>) {
        let (nodes, intake) = (nodes, intake)
        let method: HTTPRequest.Method =
            switch route.method {
            case .get: .get
            case .post: .post
            case .delete: .delete
            }
        router.on(RouterPath(Self.pattern(route.path)), method: method) { request, context in
            let ask = try PageAsk(request, context, route)
            try ask.session.require(route.role)
            switch route.work {
            case .tagged(let pace, let body):
                let known = request.headers[.ifNoneMatch]
                return try await nodes.at(pace).run { node in
                    let dataset = try ask.dataset()
                    try node.require(dataset)
                    let tag = "\"\(try StateTag(node, dataset).text)\""
                    if known == tag {
                        return Response(
                            status: .notModified,
                            headers: [.eTag: tag, .cacheControl: "private, no-cache"])
                    }
                    var response = try Self.answer(try body(node, ask))
                    response.headers[.eTag] = tag
                    response.headers[.cacheControl] = "private, no-cache"
                    return response
                }
            case .fresh(let pace, let body):
                return try await nodes.at(pace).run { try Self.answer(try body($0, ask)) }
            case .write(let body):
                var ask = ask
                ask.body = try await intake.json(request)
                let asked = ask
                return try await nodes.writing.run { node in
                    node.beginAct()
                    return try Self.answer(try body(node, asked))
                }
            case .other: throw PageProblem(.internalFailure, "nobody answers this")
            case .bytes(let type, let body):
                let bytes = try await nodes.at(.quick).run { try body($0, ask) }
                return Response(
                    status: .ok, headers: [.contentType: type],
                    body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
            }
        }
    }

    static func answer(_ document: any Document) throws -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(string: try DocumentEncoder.text(document))))
    }

    /// As Hummingbird writes a path's variable parts.
    private static func pattern(_ path: String) -> String {
        "/api/v1"
            + path.replacingOccurrences(of: "{", with: ":").replacingOccurrences(of: "}", with: "")
    }
}
