import AnnotationModel
import CountermarkNode
import Foundation
import HTTPTypes
import Hummingbird
import LabelText
import PlainErrors

/// What a request asks: the parts of its path, its query, its body, and who sent it.
struct PageAsk: Sendable {
    let session: PageSession
    /// What the path names.
    private let parts: [String: String]
    private let query: [String: String]
    /// Makes and reads the places where the list that is asked for goes on.
    let cursor: PageCursor
    /// The body of a request that writes; null for others.
    var body = JSONValue.null

    /// The longest value in a path or query, in bytes: an item's key and some more.
    private static let valueBytesMax = 8_192

    init(_ request: Request, _ context: PageContext, _ route: PageRoute) throws {
        guard let session = context.session else { throw PageSignIn.missing }
        self.session = session
        var parts: [String: String] = [:]
        for name in route.parts {
            guard
                let value = context.parameters.get(name)?.removingPercentEncoding,
                (1...Self.valueBytesMax).contains(value.utf8.count)
            else { throw PageProblem(.badRequest, "the \(name) in the path cannot be read") }
            parts[name] = value
        }
        var query: [String: String] = [:]
        for (name, value) in request.uri.queryParameters {
            let name = String(name)
            guard let known = route.queries.first(where: { $0.name == name }) else {
                throw PageProblem(
                    .badRequest,
                    "there is no \(InertText.line(String(name.prefix(80)))) in this query",
                    hint: "see /api/v1/openapi.json")
            }
            guard value.utf8.count <= Self.valueBytesMax, query[known.name] == nil else {
                throw PageProblem(.badRequest, "\(name) is too long, or there twice")
            }
            query[name] = String(value)
        }
        (self.parts, self.query) = (parts, query)
        let filters = query.filter { !Self.paging.contains($0.key) }.sorted { $0.key < $1.key }
        let named = route.parts.map { JSONValue.string(parts[$0] ?? "") }
        cursor = PageCursor(
            list: JSONValue.array(
                [.string(route.path), .array(named)]
                    + filters.map { .array([.string($0.key), .string($0.value)]) }
            ).text)
    }

    /// What says which part of a list is wanted, and not which list.
    private static let paging: Set<String> = ["after", "offset", "limit"]

    /// The place to go on after; nil where the list is asked for from its beginning.
    func after() throws -> JSONValue? { try text("after").map { try cursor.place($0) } }

    /// A part of the path.
    func part(_ name: String) -> String { parts[name] ?? "" }

    /// The dataset that the path names.
    func dataset() throws -> DatasetID { try DatasetID("\(part("owner"))/\(part("name"))") }

    /// A value of the query; nil where it is not there or empty.
    func text(_ name: String) -> String? { query[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// A value that has to be there.
    func needed(_ name: String) throws -> String {
        guard let value = text(name) else {
            throw PageProblem(.badRequest, "the query needs \(name)")
        }
        return value
    }

    /// A number of the query.
    func number(_ name: String, in range: ClosedRange<Int>, or usual: Int) throws -> Int {
        guard let text = text(name) else { return usual }
        guard let value = Int(text), range.contains(value) else {
            throw PageProblem(
                .badRequest, "\(name) is \(range.lowerBound)...\(range.upperBound)")
        }
        return value
    }

    /// A flag of the query.
    func flag(_ name: String) throws -> Bool {
        switch text(name) {
        case nil, "false": return false
        case "true": return true
        default: throw PageProblem(.badRequest, "\(name) is true or false")
        }
    }

    /// An organisation of the query.
    func origin(_ name: String) throws -> Origin? { try text(name).map { try Origin($0) } }
}
