import AnnotationFormats
import AnnotationModel
import CompanyHome
import CountermarkNode
import Foundation
import HTTPTypes
import Hummingbird
import LabelDocuments
import LabelExchange
import NodeDocuments
import PlainErrors
import Signing

/// What comes from outside by way of the page: files of labels, and invitations.
struct PageArrivals: Sendable {
    let home: Home
    let nodes: PageNodes
    let intake: PageIntake

    static let importing = PageRoute(
        method: .post, path: "/datasets/{owner}/{name}/import", role: .operator,
        summary: "Reads a file of labels, which is the body.",
        queries: [
            .init("format", .choice(FormatRegistry.all.map(\.name)), isNeeded: true),
            .init("file"), .init("author"), .init("source"), .init("dryRun", .flag),
        ], document: "\(ImportDocument.self)", bodyType: "application/octet-stream",
        work: .other)

    static let joining = PageRoute(
        method: .post, path: "/invitations", role: .operator,
        summary:
            "Answers an invitation: shows the words first, and takes part when they are confirmed.",
        queries: [],
        body: [
            .init("invitation", .text, isNeeded: true), .init("confirm", .flag),
            .init("url", .text),
        ], document: "\(JoinDocument.self)", bodyType: "application/json", work: .other)

    /// Imports a file.
    func importFile(_ request: Request, _ ask: PageAsk) async throws -> Response {
        try ask.session.require(.operator)
        let dataset = try ask.dataset()
        let format = try FormatRegistry.format(named: try ask.needed("format"))
        var options = ImportOptions()
        (options.author, options.source) = (
            ask.text("author") ?? ask.session.person, ask.text("source")
        )
        options.isDryRun = try ask.flag("dryRun")
        let name = try Self.fileName(ask.text("file") ?? "labels")
        let bytes = try await intake.bytes(
            request, "application/octet-stream", bytesMax: PageIntake.fileBytesMax)
        // One file after another: each lies in the same place as the one of its name before, by which an import knows
        // what a file has said last time.
        let settings = options
        let folder = "\(home.path)/page/files/\(dataset.owner)/\(dataset.name)"
        return try await nodes.writing.run { node in
            node.beginAct()
            try node.require(dataset)
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            let path = "\(folder)/\(name)"
            try? FileManager.default.removeItem(atPath: path)
            defer { try? FileManager.default.removeItem(atPath: path) }
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: .withoutOverwriting)
            let report: ImportReport
            do {
                report = try node.importLabels(
                    dataset, [path], format: format, options: settings)
            } catch {
                // Where it lies for the moment means nothing to whoever sent it.
                throw PageProblem(error).hiding(folder + "/")
            }
            return try PageServer.answer(
                ImportDocument(
                    report, isDryRun: settings.isDryRun, WriteOutcome(node), hiding: folder + "/"))
        }
    }

    /// A file's name without anything that leads elsewhere.
    private static func fileName(_ text: String) throws -> String {
        guard (1...200).contains(text.utf8.count), text != ".", text != "..",
            !text.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 < 0x20 })
        else { throw PageProblem(.badRequest, "file is a name without folders") }
        return text
    }

    /// Answers an invitation.
    func join(_ request: Request, _ ask: PageAsk) async throws -> Response {
        try ask.session.require(.operator)
        let body = try PageBody(try await intake.json(request), Self.joining.body.map(\.name))
        let joining = try Joining(
            home, invitation: try body.needed("invitation"), listenURL: try body.text("url"),
            isMailed: false, at: Int64(Date().timeIntervalSince1970))
        let (words, isAccepted) = try await joining.ask()
        if try body.flag("confirm"), try !joining.isConfirmed() { try joining.confirm() }
        guard try joining.isConfirmed() else {
            return try PageServer.answer(JoinDocument(joining, words, state: "unconfirmed"))
        }
        guard isAccepted else {
            return try PageServer.answer(JoinDocument(joining, words, state: "pending"))
        }
        try await joining.takePart()
        return try PageServer.answer(JoinDocument(joining, words, state: "joined"))
    }
}
