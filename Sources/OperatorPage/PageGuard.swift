import CompanyHome
import CountermarkNode
import HTTPTypes
import Hummingbird
import Logging
import PartnerNet
import PlainErrors
import Synchronization

/// Stands before all routes of the page: under which name it was asked for, whether another site did, how fast.
///
/// A browser sends any site's requests to this machine, under whatever name that site's DNS gives it: only requests to
/// our own address, and of our own origin, are answered.
struct PageGuard: RouterMiddleware {
    typealias Context = PageContext

    let names: PageNames
    let home: Home
    /// Requests of one address: a page loads some fifty files at once.
    private let limiter = RateLimiter<String>(burst: 400, perSecond: 200, pause: 1)

    init(_ names: PageNames, _ home: Home) { (self.names, self.home) = (names, home) }

    func handle(
        _ request: Request, context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            try check(request)
            guard let wait = limiter.admit(context.address) else {
                throw PageProblem(
                    .tooFast, "more than \(Int(limiter.perSecond)) requests a second",
                    hint: "ask more slowly")
            }
            if wait > .zero { try await Task.sleep(for: wait) }
            response = try await next(request, context)
        } catch {
            response = try tell(error, request, context)
        }
        Self.secure(&response.headers, isEncrypted: names.isEncrypted)
        return response
    }

    private func check(_ request: Request) throws {
        guard let host = request.head.authority, names.holds(host) else {
            throw PageProblem(
                .wrongHost,
                "this is not the page of \(request.head.authority?.prefix(80) ?? "nobody")",
                hint: "use the address that countermark serve prints", isLast: true)
        }
        let site = request.headers[.secFetchSite]
        let isNavigation = request.method == .get && !request.uri.path.hasPrefix("/api/")
        let isForeign = site.map { $0 != "same-origin" && $0 != "none" } ?? false
        if let origin = request.headers[.origin], !names.isOrigin(origin) {
            throw Self.crossSite
        }
        if isForeign, !isNavigation { throw Self.crossSite }
    }

    private static let crossSite = PageProblem(
        .crossSite, "another site has caused this request", isLast: true)

    private func tell(_ error: any Error, _ request: Request, _ context: Context) throws -> Response
    {
        var problem = PageProblem(error)
        if problem.code.http >= 500 || problem.detail.contains(home.path) {
            context.logger.error(
                "could not answer the page",
                metadata: [
                    "path": "\(request.uri.path.prefix(200))", "error": "\(problem.detail)",
                ])
            // What names a place on this machine is for its operator alone.
            if !problem.isForOperator, problem.code.http != 503 {
                problem = PageProblem(
                    .internalFailure, "this node could not do it",
                    hint: "ask its operator, who finds the reason in its log")
            }
        }
        return try problem.response(from: request, context: context)
    }

    /// No resource from elsewhere, no frame around us, nothing guessed, nothing told to others, nothing kept.
    private static func secure(_ headers: inout HTTPFields, isEncrypted: Bool) {
        // Who shows a file says what it may do: nothing.
        if headers[.contentSecurityPolicy] == nil {
            headers[.contentSecurityPolicy] = PageGuard.policy
        }
        headers[.xContentTypeOptions] = "nosniff"
        headers[.xFrameOptions] = "DENY"
        headers[.referrerPolicy] = "no-referrer"
        headers[.crossOriginOpenerPolicy] = "same-origin"
        headers[.crossOriginResourcePolicy] = "same-origin"
        headers[.permissionsPolicy] = "camera=(), microphone=(), geolocation=(), interest-cohort=()"
        if headers[.cacheControl] == nil { headers[.cacheControl] = "no-store" }
        if isEncrypted { headers[.strictTransportSecurity] = "max-age=31536000" }
    }

    static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        + "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'"
}

extension HTTPField.Name {
    private static func name(_ text: String) -> Self { Self(text) ?? .server }
    static let secFetchSite = name("Sec-Fetch-Site")
    static let csrfToken = name("X-CSRF-Token")
    static let xFrameOptions = name("X-Frame-Options")
    static let referrerPolicy = name("Referrer-Policy")
    static let crossOriginOpenerPolicy = name("Cross-Origin-Opener-Policy")
    static let permissionsPolicy = name("Permissions-Policy")
    static let countermarkMedia = name("Countermark-Media")
}
