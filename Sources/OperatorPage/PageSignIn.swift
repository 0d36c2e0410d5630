import CompanyHome
import CountermarkNode
import Dispatch
import Foundation
import HTTPTypes
import Hummingbird
import LabelDocuments
import LabelText
import NIOCore
import PartnerNet
import PlainErrors
import Signing

/// Signing in to the page and out of it.
struct PageSignIn: Sendable {
    let home: Home
    let sessions: PageSessions
    let people: PagePeople
    let certificates: PageCertificates
    let links: PageLinks
    let names: PageNames
    let intake: PageIntake
    /// Attempts of one address: nobody types faster.
    private let limiter = RateLimiter<String>(burst: 10, perSecond: 0.2, pause: 0)

    private static let path = "/session"
    static let routes = [
        PageRoute(
            method: .post, path: path, role: .viewer,
            summary:
                "Signs in by a link's token, by a name and a password, or by the connection's certificate.",
            queries: [],
            body: [
                .init("token", .text), .init("name", .text), .init("password", .text),
                .init("certificate", .flag),
            ],
            document: "\(SessionDocument.self)", bodyType: "application/json", isOpen: true,
            work: .other),
        .get(path, SessionDocument.self, "Who has signed in.", [], .other),
        PageRoute(
            method: .delete, path: path, role: .viewer, summary: "Signs out.", queries: [],
            document: nil, work: .other),
    ]

    static let missing = PageProblem(
        .notSignedIn, "nobody has signed in",
        hint: "open the link that countermark serve prints, or a new one (countermark people link)")

    /// Hashes passwords one after another: each takes 64 MiB for some tenths of a second.
    private let queue = DispatchQueue(label: "countermark.passwords")

    init(
        _ home: Home, _ sessions: PageSessions, _ people: PagePeople,
        _ certificates: PageCertificates, _ names: PageNames, _ intake: PageIntake
    ) {
        (self.home, self.sessions, self.names, self.intake) = (home, sessions, names, intake)
        (self.people, self.certificates) = (people, certificates)
        links = PageLinks(home)
    }

    func add(to router: Router<PageContext>, now: @escaping @Sendable () -> Int64) {
        router.post("/api/v1/session") { request, context in
            let body = try await intake.json(request, bytesMax: 4_096)
            let isByCertificate = body["certificate"] == .bool(true)
            // Nobody guesses a certificate's key.
            guard isByCertificate || limiter.admit(context.address) != nil else {
                throw PageProblem(
                    .tooFast, "too many attempts to sign in", hint: "try again in a minute")
            }
            let (person, role) =
                isByCertificate ? try signInByCertificate() : try await signIn(body, at: now())
            let (secret, session) = try sessions.begin(
                person, role, isByCertificate: isByCertificate)
            var response = try PageServer.answer(session.document(home))
            response.headers[.setCookie] = cookie(secret, seconds: PageSessions.secondsMax)
            return response
        }
        router.get("/api/v1/session") { _, context in
            guard let session = context.session else { throw Self.missing }
            return try PageServer.answer(session.document(home))
        }
        router.delete("/api/v1/session") { request, context in
            guard context.session != nil else { throw Self.missing }
            if let secret = Self.secret(request) { sessions.end(secret) }
            return Response(
                status: .noContent, headers: [.setCookie: cookie("", seconds: 0)])
        }
    }

    private func signIn(
        _ body: JSONValue, at time: Int64
    ) async throws -> (person: String?, role: PageRole) {
        if let token = body["token"]?.string {
            guard let found = links.use(token, at: time) else {
                throw PageProblem(
                    .badLink, "this link was used already, or is over",
                    hint: "countermark people link prints a new one")
            }
            guard let name = found.person else { return found }
            // What the link was made for may have changed since.
            guard let person = try people.person(name) else { throw Self.wrong }
            return (person.name, person.role)
        }
        guard let name = body["name"]?.string, let password = body["password"]?.string else {
            throw PageProblem(
                .badRequest, "signing in takes a token, or a name and a password")
        }
        let person = try people.person(name)
        // Whether there is somebody of this name does not show in the time that the answer takes.
        let hash = try person?.password ?? PasswordHash(of: "nobody's password")
        let isRight = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: hash.isOf(password)) }
        }
        guard isRight, let person, person.password != nil else { throw Self.wrong }
        return (person.name, person.role)
    }

    private func signInByCertificate() throws -> (person: String?, role: PageRole) {
        guard let person = try certificates.person(of: PageChannel.peer) else {
            throw PageProblem(
                .badCertificate,
                "this connection has shown no certificate that signs anybody in here",
                hint:
                    "it has to be valid, of this organisation's authority, and with the mail address of somebody "
                    + "whom countermark people add has taken in")
        }
        return (person.name, person.role)
    }

    private static let wrong = PageProblem(
        .wrongPassword, "name and password do not belong together",
        hint: "ask the node's operator")

    private func cookie(_ secret: String, seconds: Int64) -> String {
        "\(PageSessions.cookieName)=\(secret); Path=/; HttpOnly; SameSite=Strict; Max-Age=\(seconds)"
            + (names.isEncrypted ? "; Secure" : "")
    }

    /// The secret in a request's cookie.
    static func secret(_ request: Request) -> String? {
        guard let text = request.headers[.cookie], text.utf8.count <= 4_096 else { return nil }
        let start = PageSessions.cookieName + "="
        return text.split(separator: ";").lazy
            .map { $0.trimmingCharacters(in: .whitespaces) }
            .first { $0.hasPrefix(start) }.map { String($0.dropFirst(start.count)) }
    }
}

/// Finds a request's session, and lets nobody write without the session's token.
struct PageSessionGuard: RouterMiddleware {
    let sessions: PageSessions
    let people: PagePeople
    let certificates: PageCertificates

    func handle(
        _ request: Request, context: PageContext,
        next: (Request, PageContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        if request.uri.path.hasPrefix("/api/") || PageHealth.paths.contains(request.uri.path) {
            try sessions.review(people)
        }
        context.session = PageSignIn.secret(request).flatMap { sessions.find($0) }
        if let session = context.session,
            try !certificates.hold(session, on: PageChannel.peer)
        {
            context.session = nil
        }
        // Health has no session, and signing in none yet.
        if let session = context.session, request.method != .get, request.method != .head {
            let isSigningIn = request.method == .post && request.uri.path == "/api/v1/session"
            let token = request.headers[.csrfToken] ?? ""
            guard isSigningIn || Self.isSame(Array(token.utf8), Array(session.csrf.utf8)) else {
                throw PageProblem(
                    .crossSite, "X-CSRF-Token is not this session's", hint: "reload the page",
                    isLast: true)
            }
        }
        do {
            return try await next(request, context)
        } catch  where context.session?.role == .operator {
            var problem = PageProblem(error)
            problem.isForOperator = true
            throw problem
        }
    }

    /// Compares without telling by its time how much is the same.
    static func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        guard one.count == other.count else { return false }
        return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
