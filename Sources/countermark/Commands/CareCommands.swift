import AnnotationModel
import ArgumentParser
import CompanyHome
import CountermarkNode
import Foundation
import LabelDocuments
import NodeDocuments
import PlainErrors

/// Prints checks, one document for all commands that look after a home.
///
/// - Throws: Exit status 1 where something is not well; 130 where it was ended.
private func print(_ document: ChecksDocument, _ common: CommonOptions) throws {
    try common.print(
        document: document,
        document.checks.map {
            "\($0.ok ? "ok  " : "BAD ") \($0.name): \($0.detail)"
                + ($0.hint.isEmpty ? "" : "; \($0.hint)")
        })
    if !document.ok { throw Interrupt.status(or: 1) }
}

/// Keeps a copy of the home.
struct Backup: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a backup of the home, also while it serves; again for what is new.")
    @OptionGroup var common: CommonOptions
    @Argument(help: "The folder: a new one, or one with an earlier backup of this home.")
    var folder: String

    func run() throws {
        let report = try common.node().backUp(to: folder)
        let left = HomeCheck(
            "not in it", true,
            "the label table, which is made anew; transfers under way; keys in security modules")
        var document = ChecksDocument(report.checks + [left])
        (document.folder, document.files) = (folder, report.files)
        (document.entries, document.new) = (report.entriesInAll, report.entries)
        try print(document, common)
    }
}

/// Makes a home of a backup.
func restoreHome(from folder: String, _ common: CommonOptions) throws {
    let checks = try Restoring(folder).restore(to: common.homePath)
    var document = ChecksDocument(checks)
    document.home = common.homePath
    try print(document, common)
}

/// Puts back what is damaged.
struct RepairCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Finds damaged files of the logs and puts them back from partners or a backup.")
    @OptionGroup var common: CommonOptions
    @Argument(help: "One dataset; all if left out.") var dataset: String?
    @Option(help: "A backup, or a folder that was carried, to take whole files from first.")
    var from: String?
    @Flag(help: "Move damaged logs out of the way as a whole: the next partner brings them back.")
    var setAside = false
    @OptionGroup var progress: ProgressOptions

    func run() async throws {
        let home = try Home(opening: common.homePath)
        let ids =
            try dataset.map { [try DatasetID($0, defaultOwner: home.origin)] } ?? home.datasets()
        if dataset != nil { try ids.forEach(home.requireKnown) }
        if let from { try Self.requireFolder(from) }
        let (from, setAside) = (from, setAside)
        let checks = try await progress.show(common) { watch in
            let repair = try Repair(home, from: from, watch: watch)
            return try await setAside ? repair.setAside(ids) : repair.run(ids)
        }
        try print(ChecksDocument(checks), common)
    }

    private static func requireFolder(_ path: String) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
            isFolder.boolValue
        else {
            throw NodeError(
                .noFile, "\(path) is no folder",
                hint:
                    "name the folder that countermark backup or carry out wrote; nothing was repaired"
            )
        }
    }
}
