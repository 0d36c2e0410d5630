import CountermarkNode
import LabelDocuments
import NodeDocuments

/// One resource of the page's API and one method of it: the table of these makes the router and the API's description.
struct PageRoute: Sendable {
    /// A value of the query.
    struct Query: Sendable {
        let name: String
        let kind: Kind
        let isNeeded: Bool

        enum Kind: Sendable, Equatable {
            case text
            case flag
            case number(ClosedRange<Int>)
            case choice([String])
        }

        init(_ name: String, _ kind: Kind = .text, isNeeded: Bool = false) {
            (self.name, self.kind, self.isNeeded) = (name, kind, isNeeded)
        }
    }

    /// A member of the body.
    struct Member: Sendable {
        let name: String
        let kind: Kind
        let isNeeded: Bool

        enum Kind: Sendable, Equatable {
            case text, flag, number, object, any
            case texts, objects
            case choice([String])
        }

        init(_ name: String, _ kind: Kind, isNeeded: Bool = false) {
            (self.name, self.kind, self.isNeeded) = (name, kind, isNeeded)
        }
    }

    enum Method: String, Sendable {
        case get, post, delete
    }

    /// Which node works: those that may take long keep nobody else waiting.
    enum Pace: Sendable {
        case quick, slow
    }

    /// What a request is answered from.
    enum Work: Sendable {
        /// A document of one state of a dataset, which has a tag.
        case tagged(Pace, @Sendable (Node, PageAsk) throws -> any Document)
        /// A document that may be another one at any time.
        case fresh(Pace, @Sendable (Node, PageAsk) throws -> any Document)
        /// A document about what was written.
        case write(@Sendable (Node, PageAsk) throws -> any Document)
        /// Bytes of a content type.
        case bytes(String, @Sendable (Node, PageAsk) throws -> [UInt8])
        /// By a part of the server that is no node's.
        case other
    }

    let method: Method
    /// Below `/api/v1`, as OpenAPI writes it: `/datasets/{owner}/{name}`.
    let path: String
    let role: PageRole
    let summary: String
    let queries: [Query]
    /// What the body of a request that writes may have.
    var body: [Member] = []
    /// The document that comes; nil for bytes.
    let document: String?
    /// The content type of bytes that come; nil where there are none.
    var answerType: String?
    /// The content type of the body; nil where there is none.
    var bodyType: String?
    /// Whether nobody has to have signed in.
    var isOpen = false
    let work: Work

    /// The names of the path's variable parts.
    var parts: [String] {
        path.split(separator: "/").filter { $0.first == "{" }.map {
            String($0.dropFirst().dropLast())
        }
    }

    static func get(
        _ path: String, _ document: any Document.Type, _ summary: String, _ queries: [Query] = [],
        _ work: Work
    ) -> PageRoute {
        PageRoute(
            method: .get, path: path, role: .viewer, summary: summary, queries: queries,
            document: "\(document)", work: work)
    }
}
