import AnnotationFormats
import AnnotationModel
import ArgumentParser
import CompanyHome
import CountermarkNode
import Foundation
import LabelDocuments
import LabelText
import NodeDocuments
import PlainErrors
import Provenance
import Signing
import TransparencyLog

/// One label's provenance as a file.
struct Prove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes one label's provenance as one file that anybody checks offline.")

    /// What to write.
    enum Form: String, ExpressibleByArgument, CaseIterable {
        case label
        case tlogProof = "tlog-proof"
        case receipt
        case prov
    }

    @OptionGroup var common: CommonOptions
    @Argument(help: "The label's id.") var annotation: String
    @OptionGroup var within: WithinOptions
    @Option(name: .shortAndLong, help: "The file to write.") var output: String
    @Option(
        help: """
            label (everything), tlog-proof (C2SP, that the label's entry stands in its log; the entry goes \
            to FILE.entry), receipt (COSE, RFC 9942, with FILE.entry), or prov (W3C PROV as JSON, which says \
            what the proof says and proves nothing).
            """)
    var format = Form.label

    @Option(help: "Also shows that the label is in this release, or that it is not.")
    var release: String?

    @Flag(help: "Asks the partners that this node can dial for their word that this is all.")
    var ask = false

    func validate() throws {
        if ask, format != .label {
            throw ValidationError("--ask adds to a label's proof, not to a \(format.rawValue)")
        }
        if release != nil, format != .label, format != .prov {
            throw ValidationError("--release adds to a label's proof, not to a \(format.rawValue)")
        }
    }

    func run() async throws {
        let node = try common.node()
        if format == .prov { return try writeProv(node) }
        guard format == .label else { return try writePiece(node) }
        var (proof, without) = try node.proveWithStatement(
            annotation, in: try within.dataset(common, node), release: release)
        var answers: [StatementAnswer] = []
        if ask {
            let home = try Home(opening: common.homePath)
            (proof, answers) = try await PartnerSync(SharedNode(try Node(home)), home: home)
                .ask(proof)
        }
        let bytes = proof.file
        try write(bytes, output)
        let orgs = try proof.statements.map { try CompletenessStatement($0).org.description }
        var lines = [
            "\(output): \(bytes.count) bytes, \(proof.pieces.count) entries",
            orgs.isEmpty
                ? "nobody says in it that this is all"
                : "complete by the word of \(orgs.joined(separator: ", "))",
        ]
        if let without { lines.append("without the word of this organisation: \(without)") }
        lines += answers.compactMap { answer in
            answer.error.map { "\(answer.org) was asked: \($0)" }
        }
        try common.print(
            document: ProofFileDocument(
                annotation: proof.annotation.description, dataset: proof.dataset.description,
                file: output, bytes: bytes.count, entries: proof.pieces.count, statements: orgs,
                release: release, without: without,
                asked: answers.map { .init(org: $0.org, error: $0.error) }), lines)
    }

    /// What the label's proof says, in the words of W3C PROV.
    private func writeProv(_ node: Node) throws {
        let (proof, _) = try node.proveWithStatement(
            annotation, in: try within.dataset(common, node), release: release)
        let report = try proof.verify(
            trusting: try node.roots(of: proof.dataset.owner, proof.dataset),
            at: Int64(Date().timeIntervalSince1970))
        let bytes = Array(ProvDocument(proof, report).text.utf8)
        try write(bytes, output)
        try common.print(
            document: ProofPieceDocument(
                annotation: proof.annotation.description, dataset: proof.dataset.description,
                file: output, bytes: bytes.count), ["\(output): \(bytes.count) bytes"])
    }

    /// The core alone: that the label's entry stands in its log.
    private func writePiece(_ node: Node) throws {
        let proof = try node.prove(annotation, in: try within.dataset(common, node))
        let piece = try node.piece(of: proof)
        try write(piece.entry, output + ".entry")
        let bytes =
            format == .receipt ? try node.receipt(for: piece, proof) : piece.proof.file
        try write(bytes, output)
        try common.print(
            document: ProofPieceDocument(
                annotation: proof.annotation.description, dataset: proof.dataset.description,
                file: output, bytes: bytes.count), ["\(output): \(bytes.count) bytes, 1 entry"])
    }

    private func write(_ bytes: [UInt8], _ path: String) throws {
        try common.writeWhole(Array(bytes), to: path)
    }
}

/// Checks the proof of a label, or of a release, with nothing but trusted roots.
func verifyProof(_ file: String, trusting paths: [String], _ common: CommonOptions) throws {
    guard !paths.isEmpty else {
        throw ValidationError(
            "give --trust FILE, the steward's root certificate (PEM), from a source that you trust")
    }
    let roots = try paths.flatMap { try Certificate.all(pem: try readText($0)) }
    let time = Int64(Date().timeIntervalSince1970)
    let bytes = try UserFile.read(file, max: LabelProof.bytesMax)
    if ReleaseFile.isMeant(by: bytes) {
        return try verifyRelease(try ReleaseFile(file: bytes), file, roots, time, common)
    }
    let proof = try LabelProof(file: bytes)
    let report = try proof.verify(trusting: roots, at: time)
    let document = ProofReportDocument(proof, report)
    try common.print(document: document, lines(proof, report, document))
}

private func verifyRelease(
    _ release: ReleaseFile, _ file: String, _ roots: [Certificate], _ time: Int64,
    _ common: CommonOptions
) throws {
    let shown = try release.verify(trusting: roots, at: time)
    let leaves = file + Node.leavesEnding
    let hasLeaves = FileManager.default.fileExists(atPath: leaves)
    if hasLeaves {
        let data = try Data(contentsOf: URL(fileURLWithPath: leaves), options: .alwaysMapped)
        try data.withUnsafeBytes { try ReleaseLeaves.check($0, against: release.commitment) }
    }
    let document = ReleaseReportDocument(release, shown, hasLeaves: hasLeaves)
    try common.print(document: document, document.lines)
}

private func lines(
    _ proof: LabelProof, _ report: LabelProofReport, _ document: ProofReportDocument
) -> [String] {
    var lines = [
        (report.isComplete ? "holds: " : "shown, not complete: ")
            + "\(proof.annotation) on \(report.item), signed by \(report.signer)"
    ]
    lines += report.completeBy.map {
        "complete by the word of \($0.org) at \(Output.time($0.time)), at \($0.reach)"
    }
    lines.append("time claimed \(Output.time(report.time))")
    for write in report.writes {
        lines.append(
            "  \(write.field) = \(Output.words(JSONValue(write.value)))  \(write.operation)  \(write.signer)"
                + (write.isReplaced ? "  (replaced)" : ""))
    }
    lines += report.witnesses.map { "  seen by \($0.org) at \(Output.time($0.time))" }
    if let release = document.release {
        lines.append(
            release.label.map { "in the release \(release.name) as \($0.class) on \($0.item)" }
                ?? "not in the release \(release.name)")
        lines +=
            Countersigning(
                release.countersigned, release.quorum, of: release.asked, release.withdrawn
            ).lines
    }
    return lines + report.notes
}
