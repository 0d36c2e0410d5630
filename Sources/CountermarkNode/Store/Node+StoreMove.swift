import AnnotationModel
import CompanyHome
import DatasetReading
import Foundation
import LogStorage
import PlainErrors
import Provenance
import SharedStore
import Signing
import TransparencyLog

/// Where a home's logs lie, and what was moved.
public struct StoreReport: Sendable, Equatable {
    /// The store's address; nil for the home's folder.
    public var store: String?
    /// The URL of the object store that has the bytes; nil where they are with the rows, or in the folder.
    public var tiles: String?
    /// Logs that lie there.
    public var logs = 0
    /// Their entries.
    public var entries: UInt64 = 0
    /// What the company's nodes have in common beside logs: how many documents of the store are here.
    public var documents = 0
    /// What the home says and the store has not learnt yet.
    public var untold: [String] = []
    /// What the home does not take from the store, and why.
    public var untaken: [String: String] = [:]
    /// Whether the home's logs lie elsewhere now than before.
    public var isMoved = false
}

extension Node {
    /// Where the logs lie.
    public func storeReport() throws -> StoreReport {
        var report = StoreReport(store: home.company?.address, tiles: home.company?.tiles)
        if home.company != nil { report.documents = try home.documents.count() }
        (report.untold, report.untaken) = (home.untoldDocuments, home.untakenDocuments)
        for dataset in try home.datasets() {
            for member in try home.members(of: dataset) {
                report.logs += 1
                report.entries += try home.log(member, dataset).size
            }
        }
        return report
    }

    /// What this home is called where it takes the logs out of a store.
    private var ownName: String {
        "\(ProcessInfo.processInfo.hostName):\(URL(fileURLWithPath: home.path).standardizedFileURL.path)"
    }

    // MARK: Into a store

    /// Throws unless a new home can share its logs through a store: nobody's lie there.
    public static func requireUsable(store address: String, tiles: String?) throws {
        if let owner = try CompanyStore.connect(address, tiles: tiles).table.owner() {
            throw SharedStoreError.otherOwner(store: address, org: owner.org)
        }
        try tiles.map { try StoredParts($0).examine() }
    }

    /// Puts all logs of this home into a store that other nodes of this company can share, reads them back, and goes
    /// by the store from then on.
    ///
    /// What was broken off is gone on with: the home's configuration is changed last.
    ///
    /// - Parameter tiles: The URL of an object store, where the bytes go from then on; nil for the store itself.
    /// - Throws: ``NodeError`` where the home has another store, or its own logs are not whole; ``SharedStoreError``.
    public func moveLogs(into address: String, tiles: String?) throws -> StoreReport {
        try tiles.map { try StoredParts($0).examine() }
        if let company = home.company {
            if company.address == address, tiles == nil || tiles == company.tiles {
                return try storeReport()
            }
            guard company.address == address, company.tiles == nil else {
                throw NodeError(
                    .hasStore,
                    "the logs of \(home.path) lie in the store \(company.address)"
                        + (company.tiles.map { ", their bytes in \($0)" } ?? ""),
                    hint: "run countermark store move --to folder first; nothing was changed")
            }
            // Each part says itself where its bytes are: what is in the rows stays there.
            return try go(by: address, tiles)
        }
        let shared = try CompanyStore.connect(address, tiles: tiles)
        // Copies of this home are one witness.
        _ = try home.witnessKey()
        try shared.table.claim(try home.storeOwner())
        try shared.table.reenter(by: ownName)
        var writers: [LogWriter] = []
        defer { for writer in writers { writer.close() } }
        let datasets = try home.datasets()
        for dataset in datasets where try home.members(of: dataset).contains(home.origin) {
            let writer = try ownWriter(dataset)
            writers.append(writer)
            try catchUp(dataset)
            try requireOwnHistory(dataset, writer)
        }
        let heads = Dictionary(
            try shared.table.heads().map { ($0.log, $0) }, uniquingKeysWith: { $1 })
        for dataset in datasets {
            for member in try home.members(of: dataset) {
                try interruption?.check("before all logs were there; run it again to go on")
                try put(try home.log(member, dataset), heads["\(member)/\(dataset)"], shared)
            }
        }
        try putWitnessed(shared)
        var report = try go(by: address, tiles)
        // What other nodes are to have in common is a matter of the home that goes by the store.
        let sharing = try Node(Home(opening: home.path))
        sharing.warn = warn
        try sharing.lookAtDocuments()
        let now = try sharing.storeReport()
        (report.documents, report.untold, report.untaken) = (now.documents, now.untold, now.untaken)
        return report
    }

    private func go(by address: String?, _ tiles: String?) throws -> StoreReport {
        var config = try home.readConfig()
        (config.store, config.tiles) = (address, tiles)
        try home.write(config)
        if address == nil { try Home(opening: home.path).settle() }
        var report = try storeReport()
        (report.store, report.tiles, report.isMoved) = (address, tiles, true)
        return report
    }

    /// Puts one log into a store, and compares what is there with what is here.
    private func put(_ reader: LogReader, _ head: SharedHead?, _ shared: SharedLogStore) throws {
        if reader.size == 0 { return }
        let log = try Checkpoint(text: try SignedNote(reader.checkpoint).text).origin
        var size = head?.size ?? 0
        let isOne = try size <= reader.size && (size == 0 || reader.root(at: size) == head?.root)
        guard isOne else {
            throw NodeError(
                .otherHistory,
                "the store \(shared.address) holds another history of \(log) than this home, or more of it",
                hint: "the home that it was made from goes on with it; nothing was changed here")
        }
        // Checkpoints that are kept by themselves stay such.
        let bounds = try bounds(of: log).map(\.note) + [reader.checkpoint]
        for note in bounds where try Self.size(of: note) > size {
            let part = try LogReader(directory: reader.directory, under: note)
            try shared.append(log, from: size, part, isBound: try Self.changesReaders(part))
            size = part.size
        }
        guard try shared.root(of: log, size: size) == reader.statedRoot else {
            throw SharedStoreError.damaged(log: log, why: "what was put there reads back otherwise")
        }
    }

    /// Puts what this home's witness has cosigned into a store.
    private func putWitnessed(_ shared: SharedLogStore) throws {
        for name in try home.names(in: "witness") where !name.hasSuffix(".lock") {
            guard let note = try home.witnessRegister.latest(of: name) else { continue }
            let here = try Checkpoint(text: try SignedNote(note).text)
            let there = try shared.latest(of: here.origin).map { try Self.size(of: $0) }
            if there ?? 0 >= here.size, there != nil { continue }
            _ = try shared.move(here.origin, from: there, to: here.size, note: note)
        }
    }

    // MARK: Out of a store

    /// Takes the logs out of the store: from then on they lie in this home alone, and no other node writes any more.
    ///
    /// - Throws: ``NodeError`` where not all of it is here; ``SharedStoreError``.
    public func moveLogsIntoFolder() throws -> StoreReport {
        guard let shared = try home.sharedLogs() else { return try storeReport() }
        // What this home alone knows is told before nobody can be told any more.
        try lookAtDocuments()
        // Before the last entries are taken: none come after this.
        try shared.table.leave(by: ownName)
        try bringUp()
        for head in try shared.table.heads() {
            let (member, dataset) = try Self.parts(of: head.log)
            let here = try home.log(member, dataset)
            if here.size == head.size, here.statedRoot == head.root { continue }
            throw NodeError(
                .otherHistory,
                "\(head.size) entries of \(head.log) are in the store, and \(here.size) here"
                    + (untakenLogs[head.log].map { ": \($0)" } ?? ""),
                hint: "mend that, and run it again; until then nobody writes")
        }
        try home.documents.goAlone()
        return try go(by: nil, nil)
    }

    // MARK: Looking

    /// What was found about the store, each with what to do.
    public func checkStore() -> [HomeCheck] {
        guard let company = home.company else {
            return [
                HomeCheck(
                    "store", true, "the logs lie in the home's folder",
                    hint: "countermark store move --to postgresql://… lets several nodes share them"
                )
            ]
        }
        do {
            guard let shared = try home.sharedLogs() else { return [] }
            // Of what was left all can be read, and nothing written.
            try shared.table.requireNotLeft()
            var checks = [
                HomeCheck("store", true, "\(company.address) holds the logs of \(home.origin)")
            ]
            checks += try shared.table.examine().map {
                HomeCheck($0.name, $0.isOk, $0.detail, hint: $0.hint)
            }
            if let tiles = company.tiles {
                try StoredParts(tiles).examine()
                checks.append(
                    HomeCheck("tiles", true, "\(tiles) keeps objects and gives them back"))
            }
            for head in try shared.table.heads() { checks.append(try checkHead(head)) }
            checks += try checkDocuments(shared)
            if let rows = shared.labelRows, try rows.areThere() {
                checks.append(try checkRows(rows))
            }
            return checks
        } catch let error as SharedStoreError {
            return [HomeCheck("store", false, error.message, hint: error.hint)]
        } catch {
            return [HomeCheck("store", false, PlainError.line(error))]
        }
    }

    /// Whether this home says what the company's nodes have in common, and each of these documents is one of theirs.
    private func checkDocuments(_ shared: SharedLogStore) throws -> [HomeCheck] {
        let found = try home.documents.differences(from: shared)
        if found.isEmpty {
            return [
                HomeCheck(
                    "documents", true,
                    "\(try home.documents.count()) in common: partners, lists, evidence, invitations"
                )
            ]
        }
        return found.map { HomeCheck($0.name, false, $0.why, hint: $0.hint) }
    }

    private func checkRows(_ rows: LabelRows) throws -> HomeCheck {
        do {
            try rows.requireTransactions()
        } catch let error as SharedStoreError {
            return HomeCheck("rows", false, error.message, hint: error.hint)
        }
        let reports = try rowsReports()
        let behind = reports.reduce(0) { $0 + $1.behind }
        return HomeCheck(
            "rows", true,
            "\(reports.count) datasets for analysts, \(behind) entries behind this node")
    }

    private func checkHead(_ head: SharedHead) throws -> HomeCheck {
        let (member, dataset) = try Self.parts(of: head.log)
        let here = try home.log(member, dataset)
        let common = min(here.size, head.size)
        let isOne =
            try common == head.size
            ? head.size == 0 || here.root(at: common) == head.root : true
        if !isOne {
            return HomeCheck(
                head.log, false, "the store holds another history than this home",
                hint: "call whoever looks after the store, and write on no node")
        }
        if here.size > head.size {
            return HomeCheck(
                head.log, false,
                "the store has lost \(here.size - head.size) entries that this home has",
                hint: "run countermark sync, or start the node: it gives them back")
        }
        let behind = head.size - here.size
        return HomeCheck(
            head.log, true,
            "\(head.size) entries" + (behind == 0 ? "" : ", \(behind) of them not here yet"))
    }
}

extension Home {
    /// What `config.json` says now.
    func readConfig() throws -> Config {
        guard
            let config = try? JSONDecoder().decode(
                Config.self, from: Data(try read("config.json").utf8)), config.isConsistent
        else {
            throw NodeError(
                .badConfig, "\(path)/config.json is damaged or of another version",
                hint: "restore it from a backup")
        }
        return config
    }

    /// Replaces `config.json`.
    func write(_ config: Config) throws {
        let written = Config(
            version: config.store == nil ? 1 : 2, org: config.org, name: config.name,
            store: config.store, tiles: config.tiles)
        try WholeFile.replace(path + "/config.json", with: try written.text)
    }
}
