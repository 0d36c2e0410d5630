import AnnotationModel
import AnnotationStore
import CompanyHome
import CountermarkNode
import DatasetQuality
import DatasetReading
import Foundation
import LabelDocuments
import LabelSchema
import LabelText
import NodeDocuments
import PlainErrors
import Provenance
import Signing

/// What the page reads: the documents of the commands.
struct PageReads: Sendable {
    private let cache = ItemListingCache()

    private static let dataset = "/datasets/{owner}/{name}"
    private static let limit = PageRoute.Query("limit", .number(1...1_000))

    var routes: [PageRoute] { node + dataset + labels + judgements }

    /// Of the node as a whole.
    private var node: [PageRoute] {
        [
            .get(
                "/status", StatusDocument.self, "All that matters to the node's operator.", [],
                .fresh(.quick) { node, _ in try NodeStatus(node).document }),
            .get(
                "/datasets", DatasetListDocument.self, "The datasets that this node takes part in.",
                [], .fresh(.quick) { node, _ in try DatasetListDocument(node) }),
            .get(
                "/partners", PartnerListDocument.self, "The partners that are pinned.", [],
                .fresh(.quick) { node, _ in try PartnerListDocument(node.home) }),
            .get(
                "/invitations", InvitationListDocument.self,
                "Invitations, who answered, and the words to compare.", [],
                .fresh(.quick) { node, _ in
                    InvitationListDocument(
                        invitations: try node.invitations(to: nil).map { InvitationDocument($0) })
                }),
        ]
    }

    /// Of a dataset.
    private var dataset: [PageRoute] {
        let path = Self.dataset
        return [
            .get(
                path, DatasetDocument.self,
                "A dataset with its members, its schema and, unless it is to be brief, its stages.",
                [.init("brief", .flag)],
                .tagged(.quick) { node, ask in
                    let id = try ask.dataset()
                    var document = try DatasetDocument(id, node)
                    // Each label is looked at for these.
                    if try !ask.flag("brief") {
                        document.stages = StageSummaryDocument(try node.stages(id).all)
                    }
                    return document
                }),
            .get(
                path + "/status", DatasetStatusDocument.self, "Logs, counts and what waits.", [],
                .fresh(.quick) { node, ask in
                    let id = try ask.dataset()
                    try node.require(id)
                    return try DatasetStatus(id, node).document
                }),
            .get(
                path + "/quarantine", QuarantineDocument.self,
                "What is stored and not counted, and why.", [],
                .tagged(.quick) { try QuarantineDocument(try $1.dataset(), $0) }),
            .get(
                path + "/schema", SchemaFileDocument.self, "The label schema.", [],
                .tagged(.quick) { node, ask in
                    let id = try ask.dataset()
                    try node.require(id)
                    try node.catchUp(id)
                    let schema = try node.schema(of: id)
                    return SchemaFileDocument(
                        schema: Output.parsed(schema.schema?.text ?? schema.text))
                }),
            .get(
                path + "/stages", StageSummaryDocument.self, "How far items and labels are.",
                [.init("group", .flag)],
                .tagged(.slow) { node, ask in
                    let byGroup = try ask.flag("group")
                    let (all, groups) = try node.stages(try ask.dataset(), byGroup: byGroup)
                    return StageSummaryDocument(all, groups: byGroup ? groups : nil)
                }),
            .get(
                path + "/history", HistoryDocument.self, "Changesets, newest first.",
                [.init("org"), Self.limit, .init("after")],
                .tagged(.slow) { try Self.history($0, $1) }),
            .get(
                path + "/releases", ReleaseListDocument.self, "Label sets that are named for ever.",
                [],
                .tagged(.quick) { node, ask in
                    let id = try ask.dataset()
                    return ReleaseListDocument(
                        releases: try node.releases(id).map { ReleaseDocument($0, id) })
                }),
        ]
    }

    /// A page of the changesets, newest first.
    private static func history(_ node: Node, _ ask: PageAsk) throws -> HistoryDocument {
        var rest = try HistoryDocument(
            try ask.dataset(), node, of: try ask.origin("org")
        ).entries[...]
        if let place = try ask.after() {
            // What is newer now than it was then stays behind.
            guard
                let index = rest.firstIndex(where: {
                    $0.log == place["log"]?.string
                        && Int64(exactly: $0.index) == place["index"]?.integer
                })
            else { throw PageCursor.unknown }
            rest = rest[(index + 1)...]
        }
        let count = try ask.number("limit", in: 1...1_000, or: 100)
        var document = HistoryDocument(entries: Array(rest.prefix(count)))
        if rest.count > count, let last = document.entries.last {
            document.next = ask.cursor.text(
                .object(["log": .string(last.log), "index": .integer(Int64(clamping: last.index))]))
        }
        return document
    }

    /// Of items and labels.
    private var labels: [PageRoute] {
        let (path, cache) = (Self.dataset, cache)
        return [
            .get(
                path + "/items", ItemListDocument.self, "A page of the items, by key.",
                [
                    .init("q"), .init("class"), .init("org"), .init("contested", .flag),
                    .init("stage"), .init("group"), .init("unexamined"),
                    .init("offset", .number(0...Int(Int32.max))), .init("after"), Self.limit,
                ],
                .tagged(.quick) { node, ask in
                    var listing = ItemListing()
                    listing.filter.text = ask.text("q")
                    listing.className = ask.text("class")
                    listing.filter.org = try ask.origin("org")
                    listing.filter.isContested = try ask.flag("contested")
                    if let stage = ask.text("stage") {
                        // STAGE alone asks for items without a state.
                        let isState = stage.contains(":") || stage.contains("=")
                        let text = stage.replacingFirst(":", with: "=")
                        (listing.filter.stage, listing.filter.state) = try stageFilter(
                            isState ? text : text + "=none")
                    }
                    listing.filter.group = ask.text("group")
                    listing.filter.unexamined = try ask.origin("unexamined")
                    listing.offset = try ask.number("offset", in: 0...Int(Int32.max), or: 0)
                    listing.limit = try ask.number("limit", in: 1...1_000, or: 100)
                    if let place = try ask.after() {
                        guard let key = place["key"]?.string, let offset = place["at"]?.integer,
                            ask.text("offset") == nil
                        else {
                            throw PageProblem(.badRequest, "give either after or offset")
                        }
                        listing.after = (key, Int(offset))
                    }
                    return try listing.page(node, try ask.dataset(), cache) { key, offset in
                        ask.cursor.text(
                            .object(["key": .string(key), "at": .integer(Int64(offset))]))
                    }
                }),
            .get(
                path + "/item", ItemStoryDocument.self, "All that the logs say of an item.",
                [.init("key", isNeeded: true)],
                .fresh(.quick) { node, ask in
                    let (id, key) = (try ask.dataset(), try ask.needed("key"))
                    try node.require(id)
                    guard let story = try node.story(ofItem: key, id) else {
                        throw PageProblem(.notFound, "\(id) has no item \(key.prefix(200))")
                    }
                    return story.document
                }),
            .get(
                path + "/past", ItemPastDocument.self,
                "An item's labels as they were with less of the logs.",
                [.init("key", isNeeded: true)],
                .tagged(.slow) { try $0.past(ofItem: try $1.needed("key"), try $1.dataset()) }),
            .get(
                path + "/labels", LabelListDocument.self, "A page of the labels.",
                [
                    .init("item"), .init("class"), .init("org"), .init("contested", .flag),
                    .init("limit", .number(1...10_000)), .init("after"),
                ],
                .tagged(.quick) { node, ask in
                    var listing = LabelListing()
                    (listing.item, listing.className) = (ask.text("item"), ask.text("class"))
                    listing.org = try ask.origin("org")
                    listing.isContested = try ask.flag("contested")
                    listing.limit = try ask.number("limit", in: 1...10_000, or: 1_000)
                    listing.after = try ask.after()?.string
                    var document = try listing.page(node, try ask.dataset()).document
                    document.next = document.next.map { ask.cursor.text(.string($0)) }
                    return document
                }),
            .get(
                path + "/labels/{id}", LabelStoryDocument.self, "All that the logs say of a label.",
                [],
                .fresh(.quick) { node, ask in
                    let id = try ask.dataset()
                    try node.require(id)
                    do {
                        let (dataset, label) = try node.find(ask.part("id"), in: id)
                        return try node.story(of: label, dataset).document
                    } catch let error as NodeError where error.code == .notFound {
                        guard let story = try node.story(ofUncounted: ask.part("id"), in: id) else {
                            throw error
                        }
                        return story.document
                    }
                }),
            PageRoute(
                method: .get, path: path + "/labels/{id}/proof", role: .viewer,
                summary: "A label's provenance as one file.", queries: [.init("release")],
                document: nil, answerType: "application/octet-stream",
                work: .bytes("application/octet-stream") { node, ask in
                    try node.proveWithStatement(
                        ask.part("id"), in: try ask.dataset(), release: ask.text("release")
                    ).proof.file
                }),
            .get(
                path + "/conflicts", ConflictsDocument.self,
                "Contested fields of labels and items.",
                [],
                .tagged(.quick) { node, ask in
                    let id = try ask.dataset()
                    try node.require(id)
                    return ConflictsDocument(conflicts: try node.conflicts(id))
                }),
            .get(
                path + "/candidate", CandidateDocument.self,
                "What an organisation says of a field, with its bytes: for a browser that signs that it is taken.",
                [
                    .init("label"), .init("item"), .init("field", isNeeded: true),
                    .init("take", isNeeded: true),
                ],
                .tagged(.quick) { node, ask in
                    let (label, item) = (ask.text("label"), ask.text("item"))
                    guard (label == nil) != (item == nil), let org = try ask.origin("take") else {
                        throw PageProblem(
                            .badRequest, "the query needs label or item, one of them, and take")
                    }
                    return try node.candidate(
                        ofLabel: label, orItem: item, in: try ask.dataset(),
                        field: try ask.needed("field"), org: org)
                }),
            .get(
                path + "/suggestions", SuggestionListDocument.self,
                "Changes that wait for acceptance.", [Self.limit],
                .tagged(.quick) { node, ask in
                    try SuggestionListDocument(
                        try ask.dataset(), node,
                        limit: try ask.number("limit", in: 1...1_000, or: 1_000))
                }),
        ]
    }

    /// Of how labels agree.
    private var judgements: [PageRoute] {
        let path = Self.dataset
        let by = PageRoute.Query("by", .choice(QualityQuestion.RaterKind.allCases.map(\.rawValue)))
        return [
            .get(
                path + "/agreement", AgreementDocument.self, "How far raters agree.",
                [by, .init("class"), .init("release")],
                .tagged(.slow) { node, ask in
                    let id = try ask.dataset()
                    var question = try ask.question()
                    question.className = ask.text("class")
                    guard let release = ask.text("release") else {
                        return AgreementDocument(
                            id.description, release: nil, question,
                            try node.agreement(id, question))
                    }
                    try node.require(id)
                    let named = try node.release(release, of: id).release
                    let check = try node.check(named, of: id)
                    try node.requireRight(check, named)
                    return AgreementDocument(
                        id.description, release: release, question,
                        try check.contents.agreement(question, digest: named.digest))
                }),
            .get(
                path + "/queue", QueueDocument.self, "Items that are worth another look.",
                [by, Self.limit],
                .tagged(.slow) { node, ask in
                    let id = try ask.dataset()
                    var question = QueueQuestion()
                    question.quality = try ask.question()
                    let limit = try ask.number("limit", in: 1...1_000, or: 100)
                    let report = try node.queue(id, question)
                    return QueueDocument(
                        id.description, question, report, rows: Array(report.rows.prefix(limit)),
                        more: max(0, report.rows.count - limit))
                }),
        ]
    }
}

extension PageAsk {
    /// Who is a rater.
    fileprivate func question() throws -> QualityQuestion {
        var question = QualityQuestion()
        guard let by = text("by") else { return question }
        guard let kind = QualityQuestion.RaterKind(rawValue: by) else {
            throw PageProblem(.badRequest, "by is org, author or source")
        }
        question.by = kind
        return question
    }
}

extension String {
    /// With the first occurrence of a text replaced.
    fileprivate func replacingFirst(_ text: String, with other: String) -> String {
        guard let place = range(of: text) else { return self }
        return replacingCharacters(in: place, with: other)
    }
}
