import AnnotationModel
import CompanyHome
import CountermarkNode
import LabelDocuments
import LabelSchema
import LabelText
import NodeDocuments
import PlainErrors
import Provenance
import Signing

/// What the page writes: what the commands of the same names do, by the session's person.
struct PageWrites: Sendable {
    private static let dataset = "/datasets/{owner}/{name}"
    /// The most items of one request.
    private static let itemsMax = 10_000

    var routes: [PageRoute] { labels + items + releases + node }

    private static func post(
        _ path: String, _ role: PageRole, _ document: any Document.Type, _ summary: String,
        _ body: [PageRoute.Member],
        _ work: @escaping @Sendable (Node, DatasetID, PageBody, PageAsk) throws -> any Document
    ) -> PageRoute {
        PageRoute(
            method: .post, path: dataset + path, role: role, summary: summary, queries: [],
            body: body, document: "\(document)", bodyType: "application/json",
            work: .write { node, ask in
                let dataset = try ask.dataset()
                try node.require(dataset)
                return try work(node, dataset, try PageBody(ask.body, body.map(\.name)), ask)
            })
    }

    /// About one label.
    private var labels: [PageRoute] {
        [
            Self.post(
                "/annotate", .annotator, WrittenDocument.self, "Adds a label.",
                [
                    .init("item", .text, isNeeded: true), .init("class", .text, isNeeded: true),
                    .init("selector", .object), .init("fields", .object),
                    .init("confidence", .number),
                ]
            ) { node, dataset, body, ask in
                var label = NewLabel(
                    item: try body.needed("item"), className: try body.needed("class"))
                if let selector = body.value("selector") {
                    label.selector = try FieldWrite.selector(selector)
                }
                for (name, value) in try body.object("fields") ?? [:] {
                    label.fields[.attribute(name)] = try FieldWrite.fieldValue(value, name)
                }
                if let confidence = body.value("confidence") {
                    label.fields[.known(.confidence)] = try FieldWrite.confidence(confidence.double)
                }
                return try node.annotate(dataset, label, author: ask.session.person).document
            },
            Self.post(
                "/set", .annotator, WrittenDocument.self, "Changes fields of a label.",
                [
                    .init("label", .text, isNeeded: true), .init("fields", .object, isNeeded: true),
                ]
            ) { node, dataset, body, ask in
                let fields = try body.object("fields") ?? [:]
                guard !fields.isEmpty else {
                    throw PageProblem(.badRequest, "the body needs fields, at least one")
                }
                let writes = try fields.sortedByKey().map { try FieldWrite.write($0, $1) }
                return try Self.act(.set(writes), node, dataset, body, ask)
            },
            Self.post(
                "/retract", .annotator, WrittenDocument.self, "Takes a label back.",
                [.init("label", .text, isNeeded: true)]
            ) { try Self.act(.retract, $0, $1, $2, $3) },
            Self.post(
                "/restore", .annotator, WrittenDocument.self, "Brings a label back.",
                [.init("label", .text, isNeeded: true)]
            ) { try Self.act(.restore, $0, $1, $2, $3) },
            Self.post(
                "/review", .reviewer, WrittenDocument.self,
                "A verdict on a label, or on a suggestion.",
                [
                    .init("label", .text, isNeeded: true),
                    .init("verdict", .choice(["accept", "reject", "needs-work"]), isNeeded: true),
                    .init("reason", .text),
                ]
            ) { node, dataset, body, ask in
                guard let verdict = Verdict(name: try body.needed("verdict")) else {
                    throw PageProblem(.badRequest, "a verdict is accept, reject or needs-work")
                }
                return try Self.act(
                    .review(verdict, reason: try body.text("reason")), node, dataset, body, ask)
            },
            Self.post(
                "/comment", .annotator, WrittenDocument.self, "A comment on a label or an item.",
                [
                    .init("label", .text), .init("item", .text),
                    .init("text", .text, isNeeded: true),
                ]
            ) { node, dataset, body, ask in
                let text = try body.needed("text")
                if let item = try body.text("item") {
                    guard body.value("label") == nil else {
                        throw PageProblem(.badRequest, "give either label or item")
                    }
                    return try node.comment(
                        onItem: item, dataset, text, author: ask.session.person
                    ).document
                }
                return try Self.act(.comment(text), node, dataset, body, ask)
            },
            Self.post(
                "/resolve", .reviewer, WrittenDocument.self,
                "Settles a contested field of a label or an item.",
                [
                    .init("label", .text), .init("item", .text),
                    .init("field", .text, isNeeded: true), .init("take", .text),
                    .init("value", .any),
                ]
            ) { node, dataset, body, ask in
                let field = try body.needed("field")
                let choice: Resolution.Choice
                switch (try body.text("take"), body.value("value")) {
                case (.some(let org), .none): choice = .take(try Origin(org))
                case (.none, .some(let value)):
                    choice = .write(try FieldWrite.write(field, value))
                default: throw PageProblem(.badRequest, "give either take or value")
                }
                guard body.value("label") == nil || body.value("item") == nil else {
                    throw PageProblem(.badRequest, "give either label or item")
                }
                let name = try body.text("label") ?? body.needed("item")
                return try node.resolve(
                    name, in: dataset, Resolution(field: field, choice),
                    author: ask.session.person
                ).document
            },
        ]
    }

    private static func act(
        _ act: LabelAct, _ node: Node, _ dataset: DatasetID, _ body: PageBody, _ ask: PageAsk
    ) throws -> any Document {
        try node.act(
            act, on: try body.needed("label"), in: dataset, author: ask.session.person
        ).document
    }

    /// About items.
    private var items: [PageRoute] {
        [
            Self.post(
                "/stage", .reviewer, StatementDocument.self,
                "Says how far items or labels are in a stage.",
                [
                    .init("item", .text), .init("items", .texts),
                    .init(
                        "stage", .choice(ProcessingStage.allCases.map(\.rawValue)), isNeeded: true),
                    .init("state", .text, isNeeded: true), .init("why", .text),
                    .init("from", .text), .init("how", .text),
                ]
            ) { node, dataset, body, ask in
                guard let stage = ProcessingStage(name: try body.needed("stage")) else {
                    throw PageProblem(.badRequest, "there is no such stage")
                }
                let state = try StageState(
                    stage, try body.needed("state"), why: try body.text("why"),
                    from: try body.text("from"), how: try body.text("how"))
                let report = try node.setStage(
                    dataset, stage, state,
                    try body.texts("item", or: "items", max: Self.itemsMax),
                    author: ask.session.person)
                return StatementDocument(report, WriteOutcome(node))
            },
            Self.post(
                "/examined", .annotator, StatementDocument.self,
                "Says that this organisation has looked at items and labelled all there is.",
                [.init("item", .text), .init("items", .texts), .init("withdraw", .flag)]
            ) { node, dataset, body, ask in
                let report = try node.setExamined(
                    dataset, try body.texts("item", or: "items", max: Self.itemsMax),
                    isWithdrawn: try body.flag("withdraw"), author: ask.session.person)
                return StatementDocument(report, WriteOutcome(node))
            },
            Self.post(
                "/items", .operator, ItemsAddedDocument.self,
                "Registers items whose files the browser has looked at.",
                [.init("items", .objects, isNeeded: true)]
            ) { node, dataset, body, ask in
                guard let list = body.value("items")?.array,
                    (1...Self.itemsMax).contains(list.count)
                else {
                    throw PageProblem(.badRequest, "items are a list of up to \(Self.itemsMax)")
                }
                let report = try node.addItems(
                    dataset, described: try list.map(Self.item), author: ask.session.person)
                return ItemsAddedDocument(report, node)
            },
        ]
    }

    /// An item as a request describes it.
    private static func item(
        _ value: JSONValue
    ) throws -> (key: String, fields: [Field: FieldValue]) {
        let body = try PageBody(
            value, ["key", "mediaType", "sha256", "bytes", "width", "height", "group"])
        var fields: [Field: FieldValue] = [:]
        if let text = try body.text("sha256") {
            guard let digest = Hex.decode(text), digest.count == 32 else {
                throw PageProblem(.badRequest, "sha256 is 64 hexadecimal digits")
            }
            fields[.known(.sha256)] = .bytes(digest)
        }
        if let type = try body.text("mediaType") { fields[.known(.mediaType)] = .text(type) }
        if let group = try body.text("group") { fields[.known(.group)] = .text(group) }
        for (name, field) in [("bytes", Field.Known.bytes), ("width", .width), ("height", .height)]
        {
            guard let value = body.value(name) else { continue }
            guard let number = value.integer, number >= 0 else {
                throw PageProblem(.badRequest, "\(name) is a whole number, 0 or more")
            }
            fields[.known(field)] = .integer(number)
        }
        return (try body.needed("key"), fields)
    }

    /// About releases.
    private var releases: [PageRoute] {
        let path = "/releases/{release}"
        return [
            Self.post(
                path + "/countersign", .operator, ReleaseDocument.self,
                "Recomputes a release from the logs, and signs that it is right.", []
            ) { node, dataset, _, ask in
                try node.countersignRelease(ask.part("release"), of: dataset)
                return try Self.release(node, dataset, ask)
            },
            Self.post(
                path + "/withdraw", .operator, ReleaseDocument.self,
                "Says that a release is not to be used any more; the steward's act.",
                [.init("reason", .text, isNeeded: true)]
            ) { node, dataset, body, ask in
                try node.withdrawRelease(
                    ask.part("release"), of: dataset, reason: try body.needed("reason"))
                return try Self.release(node, dataset, ask)
            },
        ]
    }

    private static func release(
        _ node: Node, _ dataset: DatasetID, _ ask: PageAsk
    ) throws -> ReleaseDocument {
        var document = ReleaseDocument(
            try node.release(ask.part("release"), of: dataset), dataset)
        document.changed = node.hasWritten
        return document
    }

    /// About the node.
    private var node: [PageRoute] {
        let members: [PageRoute.Member] = [
            .init("id", .text, isNeeded: true), .init("title", .text, isNeeded: true),
            .init("schema", .object),
        ]
        return [
            PageRoute(
                method: .post, path: "/datasets", role: .operator, summary: "Creates a dataset.",
                queries: [], body: members, document: "\(DatasetDocument.self)",
                bodyType: "application/json",
                work: .write { node, ask in
                    let body = try PageBody(ask.body, members.map(\.name))
                    let id = try DatasetID(
                        try body.needed("id"), defaultOwner: node.home.origin)
                    let schema = try body.value("schema").map {
                        try LabelSchema(parsing: Array($0.text.utf8), file: "the schema")
                    }
                    try node.create(
                        id, title: try body.needed("title"),
                        schema: try Node.logText(schema ?? LabelSchema()))
                    return try DatasetDocument(id, node)
                })
        ]
    }
}
