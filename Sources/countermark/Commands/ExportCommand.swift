import AnnotationFormats
import AnnotationModel
import AnnotationStore
import ArgumentParser
import CountermarkNode
import Foundation
import LabelDocuments
import LabelExchange
import NodeDocuments
import PlainErrors
import Provenance

/// Writes label files.
struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Writes label files.")
    private static let names = FormatRegistry.all.map(\.name).joined(separator: ", ")

    @OptionGroup var common: CommonOptions
    @Argument var dataset: String
    @Option(
        help: "\(Self.names), or sqlite: tables for analysts, or croissant: a release as a folder.")
    var format: String
    @Option(name: [.customShort("o"), .long], help: "The file or folder to write.")
    var output: String?
    @Flag(help: "Also write what the format cannot carry, to PATH.countermark.jsonl.")
    var sidecar = false
    @Option(help: "resolved, union or org:ORIGIN.") var view = "resolved"
    @Option(help: "The labels of this release, whatever has changed since.") var release: String?
    @Flag(help: "Leave out items that the stage filter excludes, with their labels.")
    var onlyKept = false
    @Option(
        name: .customLong("classes"), help: "mapped (as the schema calls them now) or as-written.")
    var classNames = ExportClasses.mapped
    @Option(name: .customLong("class"), help: "Only this class; may be repeated.")
    var classes: [String] = []
    @OptionGroup var progress: ProgressOptions
    @Option(name: .customLong("author"), help: "Only what this author labelled; may be repeated.")
    var authors: [String] = []

    @Option(help: "croissant: the licence, an address or words.") var license: String?
    @Option(help: "croissant: the address from which the folder will be had.") var url: String?

    func validate() throws {
        guard license == nil && url == nil || format == CroissantFolder.formatName else {
            throw ValidationError("--license and --url are for --format croissant")
        }
        guard release == nil || view == "resolved" && !onlyKept else {
            throw ValidationError(
                "a release says which labels it holds: give --release without --view and --only-kept"
            )
        }
    }

    func run() throws {
        let node = try common.node()
        let id = try common.dataset(dataset, node)
        if format == AnalystTables.formatName { return try exportTables(node, id) }
        if format == CroissantFolder.formatName { return try exportFolder(node, id) }
        let format = try FormatRegistry.writtenFormat(named: format)
        let path = try place(output ?? format.defaultFileName ?? "\(id.name)-labels")
        let view = try exportView()
        try requireKnown(view, node, id)
        let folder =
            format.defaultFileName != nil
            ? nil
            : try ExportFolder(path, format: format.name, dataset: id, fence: fence)
        var removed: [String]?
        let (report, contested) = try progress.show(
            node, common,
            stays: format.defaultFileName == nil
                ? "each file in \(path) is a whole one, and some are missing"
                : "nothing was written to \(path)"
        ) {
            let write = try writer(node, id, format, view)
            let options = WriteOptions(writesSidecar: sidecar)
            guard let folder else { return try write(DiskOutput(file: path), options) }
            try folder.examine { names in
                let warn = node.warn
                // What there is to say is said when it is written.
                node.warn = { _ in }
                defer { node.warn = warn }
                _ = try write(names, WriteOptions())
            }
            let written = try write(folder, options)
            removed = try folder.finish()
            return written
        }
        let excluded = onlyKept || release != nil ? 0 : try node.store.excludedItems(id)
        try common.print(
            document: ExportDocument(
                annotations: report.annotations, items: report.items, contested: contested,
                excludedItems: excluded, output: path,
                losses: report.losses.map {
                    .init(why: $0.why, count: $0.count, skipped: $0.isSkipped)
                }, leftOut: Self.leftOut(report).map { .init(item: $0.item, why: $0.why) },
                notes: report.notes, skippedCount: report.skipped, poorer: report.poorer,
                removed: removed),
            report.notes.map { "note: \($0)" }
                + report.losses.map {
                    "\($0.isSkipped ? "left out" : "poorer") \($0.count)x: \($0.why)"
                } + Self.lines(Self.leftOut(report)) + Self.lines(removed: removed ?? [])
                + ExcludedItems.lines(excluded) + [
                    "\(report.annotations) annotations of \(report.items) items in \(path), "
                        + "\(report.skipped) left out, \(report.poorer) poorer, \(contested) contested"
                ])
    }

    /// How many items without a place are named in the lines for people; `--json` names all.
    private static let namedMax = 100

    /// In the order of the keys, which is the same on all nodes.
    private static func leftOut(_ report: ConversionReport) -> [ConversionReport.LeftOut] {
        report.leftOut.map { (key: ByteKey($0.item), entry: $0) }
            .sorted { $0.key < $1.key }.map(\.entry)
    }

    private static func lines(_ leftOut: [ConversionReport.LeftOut]) -> [String] {
        let more = leftOut.count - namedMax
        return leftOut.prefix(namedMax).map { "left out: \($0.item): \($0.why)" }
            + (more > 0 ? ["left out: \(more) items more; --json names them"] : [])
    }

    private static func lines(removed: [String]) -> [String] {
        let more = removed.count - namedMax
        return removed.prefix(namedMax).map { "removed: \($0), which this export no longer has" }
            + (more > 0 ? ["removed: \(more) files more; --json names them"] : [])
    }

    /// - is no file: labels of others are not for a terminal.
    private func place(_ path: String) throws -> String {
        guard path != "-" else {
            throw ValidationError("an export goes to a file or a folder: give -o PATH")
        }
        try common.requireOutside(path)
        return path
    }

    /// A misspelt name would put an empty export in the place of yesterday's good one.
    private func requireKnown(_ view: ExportView, _ node: Node, _ id: DatasetID) throws {
        var org: Origin?
        if case .org(let origin) = view { org = origin }
        try Self.require(try node.unknownName(part, org: org, in: id))
    }

    private static func require(_ why: String?) throws {
        guard let why else { return }
        throw NodeError(.unknownName, why, hint: "correct the name; nothing was written")
    }

    /// Where a folder that holds the home is not written either.
    private var fence: OutputFence { OutputFence(around: common.homePath) }

    /// Writes the labels to an output, as often as it is asked to.
    private func writer(
        _ node: Node, _ id: DatasetID, _ format: any AnnotationFormat, _ view: ExportView
    ) throws -> (any FormatOutput, WriteOptions) throws -> (ConversionReport, Int) {
        if let release {
            let contents = try node.checkedRelease(release, of: id).contents
            try node.requireShown(contents)
            try Self.require(try contents.unknownName(part))
            return { target, options in
                try contents.export(
                    format: format, part: part, names: classNames, to: target, options: options)
            }
        }
        return { target, options in
            try node.export(
                id, format: format, view: view, part: part, onlyKept: onlyKept, names: classNames,
                to: target, options: options)
        }
    }

    private var part: ExportPart {
        .init(classes: Set(classes), authors: Set(authors))
    }

    private func exportFolder(_ node: Node, _ id: DatasetID) throws {
        guard let release else {
            throw ValidationError("--format croissant is of a release: give --release NAME")
        }
        guard !sidecar, part == ExportPart(), classNames == .mapped else {
            throw ValidationError(
                "a release is written as it was signed: leave out --sidecar, --class, --author and --classes"
            )
        }
        let path = try place(output ?? "\(id.name)-\(CroissantFolder.formatName)")
        let facts = try progress.show(
            node, common, stays: "the files of \(path) that are whole, of which some are missing"
        ) {
            let facts = try node.facts(of: release, in: id)
            node.remark(on: facts.view)
            try CroissantFolder(facts, license: license, url: url)
                .write(from: node, to: try DiskOutput(folder: path, fence: fence))
            return facts
        }
        let (labels, items) = (facts.check.commitment.labels, facts.check.commitment.items)
        try common.print(
            document: ExportDocument(
                annotations: labels, items: items, contested: facts.contested, excludedItems: 0,
                output: path, losses: [], leftOut: []),
            [
                "\(labels) annotations of \(items) items in \(path)/\(CroissantFolder.descriptionFile), "
                    + "\(facts.contested) contested"
            ])
    }

    private func exportTables(_ node: Node, _ id: DatasetID) throws {
        guard release == nil else {
            throw ValidationError("--release is for formats that hold labels alone")
        }
        guard !sidecar else {
            throw ValidationError("--sidecar is for formats that can be imported again")
        }
        let path = try place(output ?? "\(id.name)-labels.sqlite")
        let view = try exportView()
        try requireKnown(view, node, id)
        let (annotations, items, contested) = try progress.show(
            node, common, stays: "nothing was written to \(path)"
        ) {
            try node.exportForAnalysts(
                id, view: view, part: part, onlyKept: onlyKept, names: classNames, to: path)
        }
        let excluded = onlyKept ? 0 : try node.store.excludedItems(id)
        try common.print(
            document: ExportDocument(
                annotations: annotations, items: items, contested: contested,
                excludedItems: excluded, output: path, losses: [], leftOut: []),
            ExcludedItems.lines(excluded) + [
                "\(annotations) annotations of \(items) items in \(path), \(contested) contested"
            ])
    }

    private func exportView() throws -> ExportView {
        if view == "resolved" { return .resolved }
        if view == "union" { return .union }
        if view.hasPrefix("org:") { return .org(try Origin(String(view.dropFirst(4)))) }
        throw ValidationError("--view is resolved, union or org:ORIGIN")
    }
}

/// What an export says of the items that the stage `filter` excludes.
enum ExcludedItems {
    static func lines(_ count: Int) -> [String] {
        count == 0
            ? []
            : [
                "\(count) items are excluded by the stage filter and exported all the same; see --only-kept"
            ]
    }
}
