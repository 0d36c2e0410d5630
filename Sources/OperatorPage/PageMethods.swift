import CountermarkNode
import HTTPTypes
import Hummingbird
import PlainErrors

/// Which methods each path of the page takes: who asks by another one is told.
struct PageMethods: RouterMiddleware {
    typealias Context = PageContext

    /// The parts of a path, nil for one that may be anything, and its methods.
    private let known: [(parts: [String?], methods: [String])]

    init() {
        var methods: [String: Set<String>] = [:]
        for route in PageServer.allRoutes {
            methods["/api/v1" + route.path, default: []].insert(route.method.rawValue.uppercased())
        }
        let files = PageFiles.all.map { "/" + $0.name } + ["/", "/api/v1/openapi.json"]
        for path in files + PageHealth.paths { methods[path, default: []].insert("GET") }
        known = methods.map { path, methods in
            (
                path.split(separator: "/").map { $0.first == "{" ? nil : String($0) },
                methods.sorted()
            )
        }
    }

    /// The methods of a path; nil for one that is not known.
    ///
    /// More than one pattern may fit: those with fewer open parts come first, as the router takes them.
    func methods(of path: String) -> [String]? {
        let parts = path.split(separator: "/")
        return known.filter { other in
            other.parts.count == parts.count
                && zip(other.parts, parts).allSatisfy { $0 == nil || $0 == String($1) }
        }.min { $0.parts.count(where: { $0 == nil }) < $1.parts.count(where: { $0 == nil }) }?
        .methods
    }

    func handle(
        _ request: Request, context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        if let methods = methods(of: request.uri.path), !methods.contains(request.method.rawValue) {
            var problem = PageProblem(
                .wrongMethod, "this resource takes \(methods.joined(separator: ", "))",
                hint: "see /api/v1/openapi.json", isLast: true)
            problem.methods = methods
            throw problem
        }
        return try await next(request, context)
    }
}
